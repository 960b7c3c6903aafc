/**
 * What the walk over the contract asks of each operation. An operation without an entry does not compile and does not
 * pass; one that gets another field fails until it is said here what that field names.
 */
import type { TaskflowsContract } from '../../../src/contract/index.ts'
import type { InputOf } from '../../../src/contract/operation.ts'
import type { ErrorCode } from '../../../src/kernel/errors.ts'
import { newId } from '../../../src/kernel/ids.ts'
import type { Holdings, World } from './world.ts'

export interface Case<Input = Record<string, unknown>> {
  /**
   * Requests of bravo that name something of alpha, and what becomes of each: a refusal; an answer in which there is
   * something of bravo; or one that tells of nothing and nobody.
   */
  readonly foreign: (alpha: Holdings, bravo: Holdings) => readonly { readonly input: Input; readonly answer: ErrorCode | 'own' | 'nothing' }[]
  /** For what is not a GET: a request that changes something. */
  readonly change?: (world: World) => Promise<Input>
}

type Cases = { readonly [A in keyof TaskflowsContract]: { readonly [Op in keyof TaskflowsContract[A]]: Case<InputOf<TaskflowsContract[A][Op]>> } }

/** Fields that name nothing that belongs to a tenant. */
export const harmless: readonly string[] = [
  'name', 'payload', 'queue', 'priority', 'delay', 'run_at', 'max_attempts', 'timeout', 'retry', 'reason', 'state', 'since', 'limit', 'type', 'kind',
  'timers', 'services', 'wait', 'scope', 'start_command',
  'strategy', 'base_delay_seconds', 'max_delay_seconds', 'jitter', 'role', 'expires_in', 'rate_limit', 'host', 'attempt', 'started_at', 'ended_at', 'exit_code', 'error_type', 'error_types', 'error_message',
]

const ofJob = ({ waiting, cancelled }: Holdings) => [waiting, cancelled].map((id) => ({ input: { id }, answer: 'job.not_found' as const }))

/** The cursor of a page of jobs that ends above alpha's. */
const cursorAbove = (kind: string, id: string) => Buffer.from(`${kind}${id.replaceAll('-', '').replace(/^./, 'f')}`, 'latin1').toString('base64url')

/** Of a service that nobody has, so that the walk changes nothing whatever machine it runs on. */
const ofService = () => [{ input: { name: 'nobody-has-this' }, answer: 'service.not_found' as const }]
const unknownService = { foreign: ofService, change: async () => ({ name: 'nobody-has-this' }) }
const definition = { name: 'nobody-has-this', start_command: 'true' }

/** Nor is anything made up for. */
const range = { name: 'nobody-has-this', since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' }
const backfill = { name: 'nobody-has-this', id: '019a9f00-1234-7abc-8def-0123456789ab' }
const ofBackfill = () => [{ input: backfill, answer: 'service.not_found' as const }]

/** Environments are those of the host, too. */
const environment = { environment: { env_name: 'ml' } }
const ofEnvironment = () => [{ input: { name: 'nobody-has-this' }, answer: 'environment.not_found' as const }]
const unknownEnvironment = {
  foreign: () => [{ input: { name: 'nobody-has-this', ...environment }, answer: 'environment.not_found' as const }],
  change: async () => ({ name: 'nobody-has-this', ...environment }),
}

const ofLogs = { name: '*,nobody', scope: 'user', run: '0'.repeat(32), since: '1h', until: '1s', level: 'warn', grep: 'x', cursor: 'nonsense' } as const

export const cases: Cases = {
  services: {
    list: { foreign: () => [{ input: {}, answer: 'nothing' }, { input: { match: '*', scope: 'user', details: false, running: true }, answer: 'nothing' }] },
    get: { foreign: ofService },
    status: { foreign: ofService },
    files: { foreign: () => [{ input: { match: '*' }, answer: 'service.not_found' }] },
    why: { foreign: ofService },
    next: { foreign: () => [{ input: { match: '*', iterations: 3 }, answer: 'nothing' }] },
    plan: { foreign: () => [{ input: { services: [definition], prune: true, start: false }, answer: 'access.denied' }], change: async () => ({ services: [definition] }) },
    apply: { foreign: () => [{ input: { services: [definition], prune: true, start: false, note: 'x' }, answer: 'access.denied' }], change: async () => ({ services: [definition] }) },
    logs: { foreign: () => [...ofService(), { input: { ...ofLogs, order: 'asc', n_lines: 3, limit: 3 }, answer: 'service.not_found' }] },
    followLogs: { foreign: () => [...ofService(), { input: { ...ofLogs, lines: 10 }, answer: 'service.not_found' }] },
    backfill: { foreign: () => [{ input: { ...range, scope: 'user', max_parallel: 2, again: true, dry_run: true }, answer: 'service.not_found' }], change: async () => range },
    backfills: { foreign: () => [...ofService(), { input: { name: 'nobody-has-this', scope: 'user', limit: 1 }, answer: 'service.not_found' }] },
    showBackfill: { foreign: ofBackfill },
    cancelBackfill: { foreign: ofBackfill, change: async () => backfill },
    start: unknownService,
    stop: unknownService,
    restart: unknownService,
    enable: unknownService,
    disable: unknownService,
    remove: unknownService,
    rollback: { ...unknownService, foreign: () => [{ input: { name: 'nobody-has-this', to: 1 }, answer: 'service.not_found' }] },
    batch: {
      foreign: () => [{ input: { service_names: ['nobody-has-this'], operation: 'stop' }, answer: 'nothing' }],
      change: async () => ({ service_names: ['nobody-has-this'], operation: 'stop' }),
    },
  },
  environments: {
    list: { foreign: () => [{ input: {}, answer: 'nothing' }] },
    get: { foreign: ofEnvironment },
    create: { foreign: () => [{ input: { name: 'nobody-has-this', type: 'venv', ...environment }, answer: 'access.denied' }], change: async () => ({ name: 'made-by-walker', ...environment }) },
    plan: unknownEnvironment,
    edit: { ...unknownEnvironment, foreign: () => [{ input: { name: 'nobody-has-this', ...environment, apply: true }, answer: 'environment.not_found' }] },
    delete: { foreign: ofEnvironment, change: async () => ({ name: 'nobody-has-this' }) },
  },
  jobs: {
    add: {
      foreign: (alpha, bravo) => [
        { input: { name: 'x', tenant_id: alpha.tenant }, answer: 'tenant.not_found' },
        { input: { name: 'x', after: [alpha.waiting] }, answer: 'job.not_found' },
        { input: { name: 'x', after: [bravo.waiting, alpha.cancelled] }, answer: 'job.not_found' },
        { input: { name: 'x', correlation_id: alpha.correlation, unique_key: alpha.uniqueKey, after: [alpha.waiting] }, answer: 'job.not_found' },
      ],
      change: async () => ({ name: 'x', delay: '1h' }),
    },
    addMany: {
      foreign: (alpha) => [
        { input: { items: [{ name: 'x' }, { name: 'x', tenant_id: alpha.tenant }] }, answer: 'tenant.not_found' },
        { input: { items: [{ name: 'x' }, { name: 'x', after: [0, alpha.waiting] }] }, answer: 'job.not_found' },
        { input: { items: [{ name: 'x', correlation_id: alpha.correlation, unique_key: alpha.uniqueKey, after: [alpha.cancelled] }] }, answer: 'job.not_found' },
      ],
      change: async () => ({ items: [{ name: 'x', delay: '1h' }, { name: 'y' }] }),
    },
    list: {
      foreign: (alpha) => [
        { input: {}, answer: 'own' },
        { input: { tenant_id: alpha.tenant }, answer: 'tenant.not_found' },
        { input: { correlation_id: alpha.correlation }, answer: 'nothing' },
        { input: { correlation_id: alpha.waiting }, answer: 'nothing' },
        { input: { name: 'alpha-job' }, answer: 'nothing' },
        { input: { queue: 'alpha-queue' }, answer: 'nothing' },
        { input: { cursor: cursorAbove('j', alpha.waiting) }, answer: 'own' },
      ],
    },
    get: { foreign: ofJob },
    attempts: { foreign: ofJob },
    timeline: { foreign: ofJob },
    cancel: {
      foreign: ofJob,
      change: async ({ host }) => ({ id: (await host.jobs.add({ name: 'x', delay: '1h' })).id }),
    },
    retry: {
      foreign: ofJob,
      change: async ({ host }) => {
        const { id } = await host.jobs.add({ name: 'x', delay: '1h' })
        await host.jobs.cancel({ id })
        return { id }
      },
    },
  },
  events: {
    list: {
      foreign: (alpha) => [
        { input: {}, answer: 'own' },
        { input: { tenant_id: alpha.tenant }, answer: 'tenant.not_found' },
        { input: { subject: alpha.waiting }, answer: 'nothing' },
        { input: { subject: alpha.token.id }, answer: 'nothing' },
        { input: { correlation_id: alpha.correlation }, answer: 'nothing' },
        { input: { correlation_id: alpha.waiting }, answer: 'nothing' },
        { input: { since: '1h', type: 'token.*' }, answer: 'own' },
        { input: { cursor: 'WyJub25zZW5zZSJd' }, answer: 'cursor.invalid' },
      ],
    },
    follow: {
      foreign: (alpha) => [
        { input: { since: '1h' }, answer: 'own' },
        { input: { tenant_id: alpha.tenant }, answer: 'tenant.not_found' },
        { input: { since: '1h', subject: alpha.waiting }, answer: 'nothing' },
        { input: { since: '1h', correlation_id: alpha.correlation }, answer: 'nothing' },
        { input: { cursor: 'WyJub25zZW5zZSJd' }, answer: 'cursor.invalid' },
      ],
    },
  },
  runs: {
    list: {
      foreign: (alpha) => [
        { input: {}, answer: 'own' },
        { input: { tenant_id: alpha.tenant }, answer: 'tenant.not_found' },
        { input: { subject: alpha.cancelled }, answer: 'nothing' },
        { input: { correlation_id: alpha.correlation }, answer: 'nothing' },
        { input: { correlation_id: alpha.cancelled }, answer: 'nothing' },
        { input: { name: 'alpha-run' }, answer: 'nothing' },
        { input: { cursor: cursorAbove('j', alpha.waiting) }, answer: 'cursor.invalid' },
      ],
    },
    get: {
      foreign: (alpha) => [alpha.run, alpha.cancelled, `${alpha.cancelled}.1`, `${alpha.waiting}.1`].map((id) => ({ input: { id }, answer: 'run.not_found' as const })),
    },
    report: {
      foreign: (alpha) => {
        const now = new Date().toISOString()
        const run = { name: 'x', state: 'failed' as const, started_at: now, ended_at: now }
        return [
          { input: { items: [{ ...run, id: newId(Date.now()), tenant_id: alpha.tenant }] }, answer: 'tenant.not_found' },
          // Told of a run that it cannot see, it is told that it was heard; nothing changes.
          { input: { items: [{ ...run, id: alpha.run }] }, answer: 'nothing' },
          { input: { items: [{ ...run, id: alpha.run, correlation_id: alpha.correlation }] }, answer: 'nothing' },
        ]
      },
      change: async () => ({ items: [{ id: newId(Date.now()), name: 'x', state: 'running', started_at: new Date().toISOString() }] }),
    },
    timeline: {
      foreign: (alpha) => [alpha.correlation, alpha.waiting, alpha.cancelled].map((id) => ({ input: { correlation_id: id }, answer: 'nothing' as const })),
    },
  },
  tokens: {
    create: {
      foreign: (alpha) => [{ input: { name: 'x', tenant_id: alpha.tenant }, answer: 'tenant.not_found' }],
      change: async () => ({ name: 'made-by-walker' }),
    },
    list: {
      foreign: (alpha) => [
        { input: { state: 'all' }, answer: 'own' },
        { input: { state: 'all', cursor: cursorAbove('t', alpha.token.id) }, answer: 'own' },
      ],
    },
    revoke: {
      foreign: ({ token, tenant }) => [token.id, token.name, `${tenant}/${token.name}`].map((id) => ({ input: { id }, answer: 'token.not_found' as const })),
      change: async ({ host }) => ({ id: (await host.tokens.create({ name: newId(Date.now()) })).id }),
    },
  },
  system: {
    health: { foreign: () => [{ input: {}, answer: 'nothing' }] },
    info: { foreign: () => [{ input: {}, answer: 'nothing' }] },
  },
}
