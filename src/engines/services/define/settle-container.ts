/**
 * What a container says of its service: its command is the start command, its restart policy that of the unit, since systemd
 * starts it. Without any command its image says what runs. `container-fields.ts` has all else.
 */
import { nameIn } from './field.ts'
import { readStartCommand } from './read-command.ts'
import { type Reading, within } from './reading.ts'
import type { StartCommand } from '../service-definition.ts'

type Values = Readonly<Record<string, unknown>>

/** @param values by the names of the table of services, with a container as `environment` */
export function settleContainer(values: Values, reading: Reading): Record<string, unknown> {
  const { environment, startCommand, restartPolicy, ...rest } = values as Values & { readonly environment: Values }
  const policyName = nameIn(reading.names, 'restartPolicy')
  const { command, [policyName]: policy, ...container } = environment
  return {
    ...rest, environment: { ...container, kind: 'docker' },
    startCommand: settleCommand(startCommand, command, reading),
    ...settlePolicy(restartPolicy, policyOfDocker(policy), within('environment', policyName), reading),
  }
}

const ofImage: StartCommand = { kind: 'image' }

function settleCommand(ofService: unknown, ofContainer: unknown, reading: Reading): unknown {
  if (ofContainer === undefined) return ofService ?? ofImage
  const path = within('environment', 'command')
  const read = readStartCommand(ofContainer, path, { ...reading, startsIn: 'container' }) ?? ofImage
  if (ofService === undefined) return read
  const other = readStartCommand(ofService, '', { ...reading, startsIn: 'container', problems: [] })
  if (other !== undefined && JSON.stringify(other) !== JSON.stringify(read)) {
    reading.problems.push({ path, message: `says something else than ${nameIn(reading.names, 'startCommand')}; expected one of the two` })
  }
  return ofService
}

/** `on-failure:3` of the command line, and `{ Name, MaximumRetryCount }` of the client for Python. `undefined`: no policy. */
export function policyOfDocker(given: unknown): unknown {
  const { Name, MaximumRetryCount } = (typeof given === 'object' && given !== null ? given : {}) as { readonly Name?: unknown; readonly MaximumRetryCount?: unknown }
  const [, retries] = /^on-failure:(\d{1,6})$/.exec(typeof given === 'string' ? given : '') ?? []
  const count = retries === undefined ? MaximumRetryCount : Number(retries)
  const name = retries === undefined ? Name ?? given : 'on-failure'
  if (name === undefined || name === null || name === 'no' || name === '') return undefined
  // Docker counts what comes after the first start, systemd every start.
  return typeof count === 'number' && count > 0 ? { condition: name, maxAttempts: count + 1 } : name
}

function settlePolicy(ofService: unknown, ofContainer: unknown, path: string, { problems }: Reading): Values {
  if (ofContainer === undefined) return ofService === undefined ? {} : { restartPolicy: ofService }
  if (ofService === undefined) return { restartPolicy: ofContainer }
  problems.push({ path, message: 'says the same as that of the service; expected one of the two' })
  return { restartPolicy: ofService }
}
