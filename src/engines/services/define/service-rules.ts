/** What holds between the fields of a service. systemd refuses or ignores most of what is refused here, and says so less clearly or not at all. */
import type { Reading } from './reading.ts'
import { nameIn } from './field.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import { isTemplate } from '../look/service-units.ts'

const dependencyFields = [
  'startAfter', 'startBefore', 'wants', 'upholds', 'requires', 'requisite', 'bindsTo', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom',
] as const satisfies (keyof ServiceDefinition)[]

interface Rule {
  readonly field: keyof ServiceDefinition
  readonly broken: (service: ServiceDefinition) => boolean
  readonly message: string
}

const rules: readonly Rule[] = [
  { field: 'watchdog', broken: ({ watchdog, type }) => watchdog !== undefined && type !== 'notify', message: 'needs type notify' },
  {
    field: 'restartPolicy', broken: ({ restartPolicy, type }) => type === 'oneshot' && ['always', 'on-success'].includes(restartPolicy?.condition ?? ''),
    message: 'must not start a oneshot again when it ended well: systemd refuses that',
  },
  { field: 'pidFile', broken: ({ pidFile, type }) => pidFile !== undefined && type !== 'forking', message: 'is only for type forking' },
  { field: 'instances', broken: ({ instances, name }) => instances !== undefined && !isTemplate(name), message: 'needs a template: a name that ends with @' },
  { field: 'instances', broken: ({ instances = [] }) => new Set(instances).size < instances.length, message: 'holds one twice' },
  { field: 'user', broken: ({ user, scope }) => user !== undefined && scope !== 'system', message: 'needs scope system' },
  { field: 'group', broken: ({ group, scope }) => group !== undefined && scope !== 'system', message: 'needs scope system' },
  { field: 'secrets', broken: ({ secrets = {}, scope }) => scope !== 'system' && Object.values(secrets).some(({ encrypted }) => encrypted), message: 'can be encrypted in scope system only' },
  ...dependencyFields.map((field): Rule => ({ field, broken: (service) => service[field]?.includes(service.name) ?? false, message: 'must not name the service itself' })),
]

export function checkRules(service: ServiceDefinition, { names, problems }: Reading): void {
  for (const { field, broken, message } of rules) {
    if (broken(service)) problems.push({ path: nameIn(names, field), message })
  }
}
