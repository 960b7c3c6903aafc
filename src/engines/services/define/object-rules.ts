/** What holds between the fields of one object, and what follows from them. Rules of the whole service are in `service-rules.ts`. */
import { type ObjectType, nameIn } from './field.ts'
import { type Reading, within } from './reading.ts'
import type { HealthCheck, ImageDefinition, RestartPolicyDefinition } from '../service-definition.ts'

type Values = Readonly<Record<string, unknown>>

/** Give the object in normal form, or nothing once they have told the problem. */
export const objectRules: Readonly<Record<ObjectType, (read: Values, path: string, reading: Reading) => unknown>> = {
  RestartPolicy: (read) => withWindow(read as unknown as RestartPolicyDefinition),
  CgroupConfig: (read) => (Object.keys(read).length === 0 ? undefined : withPlainCapabilities(read)),
  Watchdog: (read) => read,
  HealthCheck: readHealthCheck,
  Secret: (read) => read,
  Directives: (read) => (Object.keys(read).length === 0 ? undefined : read),
  Requirement: (read) => read,
  Venv: (read) => ({ kind: 'venv', ...read }),
  NamedEnvironment: (read) => ({ kind: 'named', ...read }),
  DockerContainer: readContainer,
  DockerImage: (read) => read,
  Volume: (read) => read,
  Ulimit: readUlimit,
}

function readContainer(read: Values, path: string, { names, problems }: Reading): Values {
  const refuse = (name: string, message: string) => problems.push({ path: within(path, nameIn(names, name)), message })
  const image = read.image as string | ImageDefinition
  if (typeof image !== 'string' && read.pull !== 'missing') refuse('pull', 'is for images that are not built; the image has a pull of its own')
  if (read.logOptions !== undefined && read.logDriver === undefined) refuse('logOptions', `needs ${nameIn(names, 'logDriver')}`)
  return { kind: 'docker', ...read }
}

/** One limit stands for both. */
function readUlimit({ name, soft, hard }: Values, path: string, { problems }: Reading): Values | undefined {
  const limits = { soft: (soft ?? hard) as number | undefined, hard: (hard ?? soft) as number | undefined }
  const wrong = limits.soft === undefined || limits.hard === undefined ? 'expected soft, hard or both'
    : limits.hard !== -1 && (limits.soft === -1 || limits.soft > limits.hard) ? 'expected soft to be at most hard' : undefined
  if (wrong === undefined) return { name, ...limits }
  problems.push({ path, message: wrong })
  return undefined
}

/** How long a start may take to fail and still count: systemd counts only starts within the window. */
const secondsToFail = 60

/**
 * Without a window systemd does not limit the starts at all. So that a limit
 * holds, the window has room for all starts, each a minute long at most.
 */
export function withWindow(policy: RestartPolicyDefinition): RestartPolicyDefinition {
  if (policy.maxAttempts === undefined || policy.window !== undefined) return policy
  return { ...policy, window: Math.ceil(policy.maxAttempts * ((policy.delay ?? 0) + secondsToFail)) }
}

function withPlainCapabilities(read: Values): Values {
  const plain = (names: unknown): readonly string[] => (names as readonly string[]).map((name) => name.replace(/^CAP_/, ''))
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, name === 'capDrop' || name === 'capAdd' ? plain(value) : value]))
}

const healthNeeds = { http: ['url'], tcp: ['port'], exec: ['command'] } as const
const healthTakes = { http: ['url', 'status'], tcp: ['host', 'port'], exec: ['command'] } as const

function readHealthCheck(read: Values, path: string, { problems }: Reading): HealthCheck | undefined {
  const kind = (read.kind ?? ('url' in read ? 'http' : 'port' in read ? 'tcp' : 'command' in read ? 'exec' : undefined)) as HealthCheck['kind'] | undefined
  if (kind === undefined) {
    problems.push({ path, message: 'expected url, port or command' })
    return undefined
  }
  const foreign = Object.entries(healthTakes).flatMap(([of, names]) => (of === kind ? [] : names)).filter((name) => name in read)
  const missing = healthNeeds[kind].filter((name) => !(name in read))
  for (const name of missing) problems.push({ path: within(path, name), message: `is missing for ${kind}` })
  for (const name of foreign) problems.push({ path: within(path, name), message: `does not belong to ${kind}` })
  return missing.length + foreign.length === 0 ? { ...(read as unknown as HealthCheck), kind } : undefined
}
