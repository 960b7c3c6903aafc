/** What holds between the fields of a service. systemd refuses or ignores most of what is refused here, and says so less clearly or not at all. */
import type { Reading } from './reading.ts'
import { nameIn } from './field.ts'
import type { ContainerDefinition, ServiceDefinition } from '../service-definition.ts'
import { isTemplate } from '../look/service-units.ts'

const dependencyFields = [
  'startAfter', 'startBefore', 'wants', 'upholds', 'requires', 'requisite', 'bindsTo', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom',
] as const satisfies (keyof ServiceDefinition)[]

interface Rule {
  readonly field: keyof ServiceDefinition
  readonly broken: (service: ServiceDefinition) => boolean
  readonly message: string
}

/** Periods then count from the starts of that unit, which only its timer starts. */
const goesThroughUnit = (overlap: ServiceDefinition['overlap']): boolean => overlap === 'skip' || overlap === 'replace' || overlap === 'allow'

const inContainer = (broken: (service: ServiceDefinition & { readonly environment: ContainerDefinition }) => boolean) => (service: ServiceDefinition): boolean =>
  service.environment?.kind === 'docker' && broken(service as ServiceDefinition & { readonly environment: ContainerDefinition })

/** systemd runs the client of Docker, which is no program of the service and cannot speak for it. */
const containerRules: readonly Rule[] = [
  { field: 'startCommand', broken: ({ startCommand, environment }) => startCommand.kind === 'image' && environment?.kind !== 'docker' && environment?.kind !== 'named', message: 'is missing: only in a container the image may say it' },
  { field: 'startCommand', broken: inContainer(({ startCommand }) => startCommand.kind === 'function'), message: 'is a function, which tf run calls on this host; expected a program of the container' },
  { field: 'type', broken: inContainer(({ type }) => type === 'notify' || type === 'forking'), message: 'can be exec, simple or oneshot in a container; healthCheck says when it works' },
  { field: 'stopCommand', broken: inContainer(({ stopCommand }) => stopCommand !== undefined), message: 'has no use in a container: Docker stops it, by killSignal and within stopTimeout' },
  { field: 'secrets', broken: inContainer(({ secrets }) => secrets !== undefined), message: 'do not reach into a container: name the files in volumes of the container, read-only' },
  {
    field: 'environment', broken: inContainer(({ environment, name }) => environment.name !== undefined && isTemplate(name)),
    message: 'must not say the name of the container: each instance of a template has one of its own',
  },
  { field: 'instances', broken: inContainer(({ instances = [] }) => instances.some((instance) => instance.includes(':'))), message: 'must not hold colons in a container: its name has the instance in it' },
]

const sideBySide = (broken: Rule['broken']): Rule['broken'] => (service) => service.overlap === 'allow' && broken(service)

/** What there can be only one of would be asked for by each run. */
const overlapRules: readonly Rule[] = [
  { field: 'overlap', broken: sideBySide(({ name }) => isTemplate(name)), message: 'must not be allow for a template, whose runs are its instances: give it more instances, or a service of its own for each' },
  { field: 'overlap', broken: sideBySide(({ pidFile }) => pidFile !== undefined), message: 'must not be allow with a pidFile, which all runs would write: leave that out, or use type exec' },
  {
    field: 'overlap', broken: sideBySide(({ restartPolicy: { condition, maxAttempts } = { condition: 'no' } }) => condition === 'always' || condition === 'on-success' || (condition !== 'no' && maxAttempts === undefined)),
    message: 'must not be allow with a restartPolicy that may go on for ever, since the runs would add up: use on-failure with maxAttempts, or leave it out',
  },
  { field: 'overlap', broken: sideBySide(inContainer(({ environment }) => environment.name !== undefined)), message: 'must not be allow where the container has a name, which only one can have: leave the name out' },
  { field: 'overlap', broken: sideBySide(inContainer(({ environment }) => environment.persisted)), message: 'must not be allow with persisted, which keeps one container for all runs: leave that out, and keep data in volumes' },
  {
    field: 'overlap', broken: sideBySide(inContainer(({ environment: { ports = [] } }) => ports.some(({ host }) => host !== undefined))),
    message: 'must not be allow where the container has a port of the host, which only one can have: leave out the port of the host, and Docker chooses one for each',
  },
  { field: 'overlap', broken: sideBySide(inContainer(({ environment }) => environment.macAddress !== undefined)), message: 'must not be allow where the container has a macAddress, which only one can have: leave it out' },
]

const rules: readonly Rule[] = [
  { field: 'watchdog', broken: ({ watchdog, type }) => watchdog !== undefined && type !== 'notify', message: 'needs type notify' },
  {
    field: 'restartPolicy', broken: ({ restartPolicy, type }) => type === 'oneshot' && ['always', 'on-success'].includes(restartPolicy?.condition ?? ''),
    message: 'must not start a oneshot again when it ended well: systemd refuses that',
  },
  { field: 'overlap', broken: ({ overlap, startSchedule }) => overlap !== undefined && startSchedule === undefined, message: 'needs a startSchedule: a start by command never overlaps' },
  {
    field: 'overlap', broken: ({ overlap, startSchedule = [] }) => goesThroughUnit(overlap) && startSchedule.some((each) => each.kind === 'periodic' && each.relativeTo === 'finish'),
    message: 'must be left out where a period counts from the end of a run: the next never begins before it',
  },
  {
    field: 'overlap', broken: ({ overlap, startSchedule = [] }) => goesThroughUnit(overlap) && startSchedule.some((each) => each.kind === 'periodic' && each.startOn === 'command'),
    message: 'can be skip, replace or allow only for a schedule that begins by itself: startOn boot or login',
  },
  {
    field: 'catchUp', broken: ({ catchUp, startSchedule = [] }) => catchUp !== undefined && !startSchedule.some(({ kind }) => kind === 'calendar'),
    message: 'needs a calendar in startSchedule: a period has no times of its own',
  },
  { field: 'catchUp', broken: ({ catchUp, name }) => catchUp === 'all' && isTemplate(name), message: 'must not be all for a template: times are made up for by a template of their own, which has no instances' },
  { field: 'catchUpWindow', broken: ({ catchUp, catchUpWindow }) => catchUpWindow !== undefined && catchUp !== 'all', message: 'is only for catchUp all' },
  { field: 'catchUpWindow', broken: ({ catchUpWindow = 0 }) => catchUpWindow > 7 * 86_400, message: 'must not be longer than a week: a server looks back no further for what was missed' },
  { field: 'pidFile', broken: ({ pidFile, type }) => pidFile !== undefined && type !== 'forking', message: 'is only for type forking' },
  { field: 'instances', broken: ({ instances, name }) => instances !== undefined && !isTemplate(name), message: 'needs a template: a name that ends with @' },
  { field: 'instances', broken: ({ instances = [] }) => new Set(instances).size < instances.length, message: 'holds one twice' },
  { field: 'user', broken: ({ user, scope }) => user !== undefined && scope !== 'system', message: 'needs scope system' },
  { field: 'group', broken: ({ group, scope }) => group !== undefined && scope !== 'system', message: 'needs scope system' },
  { field: 'secrets', broken: ({ secrets = {}, scope }) => scope !== 'system' && Object.values(secrets).some(({ encrypted }) => encrypted), message: 'can be encrypted in scope system only' },
  ...containerRules,
  ...overlapRules,
  ...dependencyFields.map((field): Rule => ({ field, broken: (service) => service[field]?.includes(service.name) ?? false, message: 'must not name the service itself' })),
]

export function checkRules(service: ServiceDefinition, { names, problems }: Reading): void {
  for (const { field, broken, message } of rules) {
    if (broken(service)) problems.push({ path: nameIn(names, field), message })
  }
}
