/** The operations on the services of the host: what systemd runs, defined by us. They belong to no tenant. */
import { z } from 'zod'
import { ServiceMatch, ServiceScope, ServiceStatus } from '../engines/services/vocabulary.ts'
import { Instant, freeText, operation } from './operation.ts'
import { ServiceDefinition } from './service-definition.ts'
import { serviceBackfills } from './service-backfills.ts'
import { serviceLogs } from './service-logs.ts'
import { serviceWhy } from './service-why.ts'

const scope = ServiceScope.optional().describe('Only services of one scope (both unless said)')
const match = ServiceMatch.optional().describe('Only services whose names are like this: * is any text, ? one character')
const name = ServiceMatch.describe('The name of a service, or a pattern: * is any text, ? one character')
const nothingMore = z.null()

export const Service = z.object({
  name: z.string(),
  scope: ServiceScope,
  hostname: z.string(),
  description: z.string(),
  unit: z.string(),
  status: ServiceStatus,
  load_state: z.string(),
  active_state: z.string(),
  sub_state: z.string(),
  active_runs: z.int().describe('Runs that go on right now: of overlap allow, and where times are made up for, there may be several'),
  service_enabled: z.boolean(),
  timer_enabled: z.boolean().nullable().describe('null without a start schedule'),
  schedule: z.string().nullable().describe('Its start schedules; null without one'),
  timers: z.array(z.string()),
  last_start: Instant.nullable(),
  last_finish: Instant.nullable(),
  uptime_seconds: z.number().nullable(),
  next_start: Instant.nullable(),
  result: z.string().nullable().describe('How the last run ended, in the words of systemd'),
  exit_code: z.int().nullable(),
  restarts: z.int().nullable(),
  pid: z.int().nullable(),
  memory_bytes: z.number().nullable(),
  drift: z.array(z.string()).describe('How the units on disk differ from what was applied'),
}).meta({ id: 'Service' })
export type Service = z.output<typeof Service>

const Unit = z.object({
  unit: z.string(),
  load_state: z.string(),
  active_state: z.string(),
  sub_state: z.string(),
  enabled: z.string(),
  result: z.string().nullable(),
  pid: z.int().nullable(),
  exit_code: z.int().nullable(),
  exit_signal: z.string().nullable(),
  restarts: z.int().nullable(),
  status_text: z.string().nullable(),
  invocation_id: z.string().nullable(),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  next_elapse_at: Instant.nullable(),
  last_trigger_at: Instant.nullable(),
  memory_bytes: z.number().nullable(),
  memory_peak_bytes: z.number().nullable(),
  cpu_seconds: z.number().nullable(),
  tasks: z.int().nullable(),
  conditions_met: z.boolean().nullable(),
  needs_reload: z.boolean(),
  drop_ins: z.array(z.string()),
})

const Version = z.object({ version: z.int(), at: Instant, by: z.string(), note: z.string().nullable(), current: z.boolean() })

export const ServiceDetails = Service.extend({
  definition: ServiceDefinition.nullable().describe('As it was applied last, without secrets; null when this home did not apply it'),
  units: z.array(Unit),
  versions: z.array(Version),
}).meta({ id: 'ServiceDetails' })
export type ServiceDetails = z.output<typeof ServiceDetails>

const ServiceFile = z.object({ service: z.string(), scope: ServiceScope, hostname: z.string(), file: z.string(), path: z.string(), kind: z.enum(['unit', 'drop-in']), content: z.string() })

const Change = z.object({
  name: z.string(),
  scope: ServiceScope,
  action: z.enum(['create', 'update', 'remove', 'none']),
  files: z.array(z.object({ unit: z.string(), action: z.enum(['create', 'update', 'remove']), diff: z.string() })),
  steps: z.array(z.object({ verb: z.enum(['pull', 'build', 'start', 'stop', 'restart', 'reload', 'enable', 'disable', 'keep']), unit: z.string(), why: z.string() })),
  next_runs: z.array(Instant),
  drift: z.array(z.string()),
  warnings: z.array(z.string()),
})

export const ServicePlan = z.object({
  hostname: z.string(),
  changed: z.boolean(),
  changes: z.array(Change),
  orphans: z.array(z.object({ name: z.string(), scope: ServiceScope })),
  findings: z.array(z.object({ unit: z.string(), line: z.int().nullable(), severity: z.enum(['error', 'warning']), message: z.string() })),
}).meta({ id: 'ServicePlan' })
export type ServicePlan = z.output<typeof ServicePlan>

export const AppliedServices = z.object({
  hostname: z.string(),
  items: z.array(z.object({ name: z.string(), scope: ServiceScope, action: z.enum(['create', 'update', 'remove', 'none', 'rolled_back']), version: z.int().nullable(), problem: z.string().nullable() })),
  reloads: z.int(),
  plan: ServicePlan,
}).meta({ id: 'AppliedServices' })
export type AppliedServices = z.output<typeof AppliedServices>

export const ActedUnits = z.object({
  hostname: z.string(),
  items: z.array(z.object({ service: z.string(), scope: ServiceScope, unit: z.string(), result: z.string(), problem: z.string().nullable() })),
}).meta({ id: 'ActedUnits' })
export type ActedUnits = z.output<typeof ActedUnits>

const definitions = {
  services: z.array(ServiceDefinition).max(5000).describe('Definitions, as in a YAML file'),
  prune: z.boolean().default(false).describe('Also remove services that the same files defined before and do not any more'),
  sources: z.array(freeText(4096).min(1)).max(10_000).optional().describe('The files of which these are all definitions; default those that the definitions name'),
  start: z.boolean().optional().describe('Start all of them, or none; default those that start at boot and have no schedule'),
}

const which = {
  timers: z.boolean().default(false).describe('Only their timers'),
  services: z.boolean().default(false).describe('Only the services themselves'),
}

const actErrors = ['request.invalid', 'service.not_found', 'service.protected', 'service.action_failed', 'systemd.unavailable'] as const

export const services = {
  ...serviceBackfills,
  ...serviceLogs,
  ...serviceWhy,
  list: operation({
    method: 'GET', path: '/services', aliases: ['/services'], permission: 'services:read',
    summary: 'List services',
    input: z.strictObject({
      match, scope,
      running: z.stringbool().or(z.boolean()).default(false).describe('Only those that run now'),
      details: z.stringbool().or(z.boolean()).default(true).describe('Also what costs a question per unit: times, results, memory'),
    }),
    output: z.object({ items: z.array(Service), next_cursor: nothingMore }),
    errors: ['request.invalid', 'systemd.unavailable'],
  }),
  get: operation({
    method: 'GET', path: '/services/{name}', permission: 'services:read',
    summary: 'Show one service: its state, definition, units and versions',
    input: z.strictObject({ name: ServiceMatch.describe('The name of the service'), scope }),
    output: ServiceDetails,
    errors: ['request.invalid', 'service.not_found', 'service.ambiguous', 'systemd.unavailable'],
  }),
  status: operation({
    method: 'GET', path: '/services/{name}/status', aliases: ['/services/{name}/status'], permission: 'services:read',
    summary: 'Show the state of one service',
    input: z.strictObject({ name: ServiceMatch.describe('The name of the service'), scope }),
    output: Service,
    errors: ['request.invalid', 'service.not_found', 'service.ambiguous', 'systemd.unavailable'],
  }),
  files: operation({
    method: 'GET', path: '/services:files', permission: 'services:read',
    summary: 'Show the unit files of services, and the drop-ins that change them',
    input: z.strictObject({ match: name, scope }),
    output: z.object({ items: z.array(ServiceFile), next_cursor: nothingMore }),
    errors: ['request.invalid', 'service.not_found'],
    cli: { command: 'show', args: ['match'], examples: ['tf show nightly', "tf show 'web-*'"] },
  }),
  next: operation({
    method: 'GET', path: '/services:next', permission: 'services:read',
    summary: 'Show when services run next, by their schedules',
    input: z.strictObject({ match, scope, iterations: z.coerce.number().int().min(1).max(50).default(5).describe('How many runs of each') }),
    output: z.object({
      items: z.array(z.object({ service: z.string(), scope: ServiceScope, hostname: z.string(), schedule: z.string(), runs: z.array(Instant) })),
      next_cursor: nothingMore,
    }),
    errors: ['request.invalid', 'service.not_found', 'systemd.unavailable'],
    cli: { command: 'next', args: ['match'], flags: { iterations: '-n, --iterations <n>' }, examples: ['tf next', 'tf next nightly -n 10'] },
  }),
  plan: operation({
    method: 'POST', path: '/services:plan', permission: 'services:write', slow: true, maxBodyBytes: 16 << 20,
    summary: 'Say what applying definitions would change, and change nothing',
    input: z.strictObject(definitions),
    output: ServicePlan,
    errors: ['request.invalid', 'service.invalid', 'service.unsafe', 'systemd.unavailable'],
  }),
  apply: operation({
    method: 'POST', path: '/services', permission: 'services:write', slow: true, maxBodyBytes: 16 << 20,
    summary: 'Create or change services as defined: write, reload once, enable, start, and roll back what does not come up',
    input: z.strictObject({ ...definitions, note: freeText(500).optional().describe('Kept with the version') }),
    output: AppliedServices,
    errors: ['request.invalid', 'service.invalid', 'service.unsafe', 'service.verify_failed', 'service.not_applied', 'systemd.unavailable', 'docker.image_failed', 'docker.unavailable'],
  }),
  start: operation({
    method: 'POST', path: '/services/{name}/start', aliases: ['/services/{name}/start'], permission: 'services:control', slow: true,
    summary: 'Start services: the timers of those that have a start schedule, else the services themselves',
    input: z.strictObject({ name, scope, ...which, wait: z.boolean().default(false).describe('Start now and wait until it has ended, for what ends by itself') }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'start', args: ['name...'], flags: { timers: '-t, --timers', wait: '-w, --wait' }, examples: ['tf start web', "tf start 'report-*' --timers", 'tf start nightly --services --wait'] },
  }),
  stop: operation({
    method: 'POST', path: '/services/{name}/stop', aliases: ['/services/{name}/stop'], permission: 'services:control', slow: true,
    summary: 'Stop services and their timers',
    input: z.strictObject({ name, scope, ...which }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'stop', args: ['name...'], flags: { timers: '-t, --timers' }, examples: ['tf stop web', 'tf stop nightly --timers'] },
  }),
  restart: operation({
    method: 'POST', path: '/services/{name}/restart', aliases: ['/services/{name}/restart'], permission: 'services:control', slow: true,
    summary: 'Restart services; one that waits for its schedule is left alone, its timer starts anew, and runs side by side go on',
    input: z.strictObject({ name, scope, ...which }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'restart', args: ['name...'], flags: { timers: '-t, --timers' }, examples: ['tf restart web'] },
  }),
  enable: operation({
    method: 'POST', path: '/services/{name}/enable', permission: 'services:control',
    summary: 'Have services start at boot: the timers of those that have a start schedule, else the services themselves',
    input: z.strictObject({ name, scope, ...which }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'enable', args: ['name...'], flags: { timers: '-t, --timers' }, examples: ['tf enable web'] },
  }),
  disable: operation({
    method: 'POST', path: '/services/{name}/disable', permission: 'services:control',
    summary: 'Have services and their timers not start at boot; what runs goes on',
    input: z.strictObject({ name, scope, ...which }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'disable', args: ['name...'], flags: { timers: '-t, --timers' }, examples: ['tf disable web'] },
  }),
  remove: operation({
    method: 'DELETE', path: '/services/{name}', permission: 'services:write', slow: true,
    summary: 'Stop services and remove their units; tf rollback brings them back',
    input: z.strictObject({ name, scope }),
    output: ActedUnits, errors: actErrors,
    cli: { command: 'remove', args: ['name...'], confirm: 'Stop these services and remove their units?', examples: ['tf remove web', "tf remove 'old-*' --yes"] },
  }),
  rollback: operation({
    method: 'POST', path: '/services/{name}/rollback', permission: 'services:write', slow: true,
    summary: 'Restore an earlier version of a service, as a new version',
    input: z.strictObject({ name: ServiceMatch.describe('The name of the service'), scope, to: z.coerce.number().int().min(1).optional().describe('The version; default the one before the present') }),
    output: AppliedServices,
    errors: ['request.invalid', 'service.not_found', 'service.ambiguous', 'service.version_not_found', 'service.not_applied', 'systemd.unavailable', 'docker.image_failed', 'docker.unavailable'],
    cli: { command: 'rollback', args: ['name'], examples: ['tf rollback web', 'tf rollback web --to 3'] },
  }),
  batch: operation({
    method: 'POST', path: '/services:batch', aliases: ['/api/batch'], permission: 'services:control', slow: true,
    summary: 'Do one thing to several services, whatever becomes of each',
    input: z.strictObject({
      service_names: z.array(ServiceMatch).min(1).max(500),
      operation: z.enum(['start', 'stop', 'restart', 'enable', 'disable', 'remove']),
      scope, ...which,
    }),
    output: z.object({
      hostname: z.string(),
      batch_results: z.record(z.string(), z.object({ status: z.enum(['ok', 'error']), units: z.array(z.object({ unit: z.string(), result: z.string(), problem: z.string().nullable() })), error: z.string().nullable() })),
    }),
    errors: ['request.invalid', 'access.denied', 'systemd.unavailable'],
  }),
}
