/**
 * A server for the API tests, on a store in memory: what the routes do with
 * requests does not depend on where jobs are kept.
 */
import { randomUUID } from 'node:crypto'
import type { Security } from '../../src/access/security-file.ts'
import { noBackfills } from '../../src/engines/services/backfill/no-backfills.ts'
import type { Environments, Services } from '../../src/engines/services/index.ts'
import type { Job, JobFilter, Jobs, NewJob } from '../../src/engines/jobs/index.ts'
import { isFinished, nextState } from '../../src/engines/jobs/job-state.ts'
import { requireVersion } from '../../src/engines/jobs/job-version.ts'
import { createAuthenticator } from '../../src/faces/api/authenticate.ts'
import { type ApiServer, createApiServer } from '../../src/faces/api/server.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { EventBatch } from '../../src/kernel/events.ts'
import { TaskflowsError } from '../../src/kernel/errors.ts'
import type { IdempotencyKeys, KeptAnswer } from '../../src/kernel/idempotency.ts'
import { newId } from '../../src/kernel/ids.ts'
import { type Log, silentLog } from '../../src/kernel/observe/log.ts'
import { createMetrics } from '../../src/kernel/observe/metrics.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import type { Call, Engines } from '../../src/operations/context.ts'
import { execute } from '../../src/operations/execute.ts'
import type { ApiSubject } from './api-suite.ts'

/** A server whose engines and security a test can replace while it runs. */
export interface MemorySubject extends ApiSubject {
  readonly server: ApiServer
  security: Security
  engines: Engines
  /** What reached the log at `error`. */
  readonly errors: unknown[]
}

const noServiceLogs: Engines['serviceLogs'] = {
  page: async ({ names }) => { throw new TaskflowsError('service.not_found', `there is no service ${names.join(', ')}`) },
  follow: async function* () {},
}

export async function startMemorySubject(where: { readonly host?: string; readonly port?: number } = {}): Promise<MemorySubject> {
  const subject = memorySubject(where)
  await subject.server.start()
  return subject
}

/** Not started yet. */
export function memorySubject({ host = '127.0.0.1', port = 0 } = {}): MemorySubject {
  const secret = randomUUID()
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (fields) => errors.push(fields) }
  const seen = new Set<string>()
  const server = createApiServer({
    execute: (call: Call, area, operation, input) => execute({ ...subject.engines, ...call }, area, operation, input),
    authenticator: createAuthenticator({
      security: () => subject.security,
      nonces: { remember: async (nonce) => seen.size !== seen.add(nonce).size },
      tokens: { find: (credential) => subject.engines.tokens.find(credential) },
      rateLimit: null,
      clock: systemClock,
      log,
    }),
    host,
    port,
    metrics: createMetrics({ depths: () => subject.engines.jobs.depths() }),
    log,
    version: '0.0.0',
  })
  const subject: MemorySubject = {
    server,
    secret,
    errors,
    security: { hmac: { enabled: true, secret } },
    engines: memoryEngines(),
    get url() {
      return server.url
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return subject
}

/** A host without systemd. */
const withoutSystemd = async (): Promise<never> => { throw new TaskflowsError('systemd.unavailable', 'there is no systemd here') }
const noServices: Services = {
  list: withoutSystemd, get: withoutSystemd, files: withoutSystemd, next: withoutSystemd, why: withoutSystemd, plan: withoutSystemd, apply: withoutSystemd, act: withoutSystemd, rollback: withoutSystemd,
}

const noEnvironments: Environments = {
  list: async () => [], get: unknownEnvironment, create: withoutSystemd, plan: unknownEnvironment, edit: unknownEnvironment, remove: unknownEnvironment,
}

async function unknownEnvironment(name: string): Promise<never> {
  throw new TaskflowsError('environment.not_found', `there is no environment ${name}`)
}

function memoryEngines(): Engines {
  return {
    services: noServices,
    environments: noEnvironments,
    backfills: noBackfills,
    serviceLogs: noServiceLogs,
    jobs: memoryJobs(),
    clock: systemClock,
    events: { list: async () => ({ items: [{ id: '1.0', at: 0, type: 'job.added', subject: null, name: null, tenant: null, actor: 'host', correlationId: null, data: {} }], nextCursor: null }), follow: noEvents },
    runs: { list: async () => ({ items: [], nextCursor: null }), get: unknownRun, report: async () => [], story: async () => [] },
    tokens: { create: unknownToken, list: async () => ({ items: [], nextCursor: null }), revoke: unknownToken, find: async () => undefined },
    idempotencyKeys: memoryKeys(),
    system: {
      checkHealth: async () => {},
      describe: async () => ({ version: '0.0.0', hostname: 'test', pid: 1, startedAt: 0, database: { version: '18.0', schemaVersion: 1, embedded: true } }),
    },
  }
}

function memoryKeys(): IdempotencyKeys {
  const kept = new Map<string, { request: string; answer?: KeptAnswer }>()
  const placeOf = (scope: string, key: string) => JSON.stringify([scope, key])
  return {
    reserve: async (scope, key, digest) => {
      const request = Buffer.from(digest).toString('hex')
      const found = kept.get(placeOf(scope, key))
      if (found !== undefined) return found.request !== request ? { kind: 'another request' } : found.answer === undefined ? { kind: 'in progress' } : { kind: 'answered', answer: found.answer }
      kept.set(placeOf(scope, key), { request })
      return { kind: 'reserved', reservation: { scope, key, holder: key } }
    },
    answer: async ({ scope, key }, answer) => { kept.get(placeOf(scope, key))!.answer = answer },
    release: async ({ scope, key }) => { kept.delete(placeOf(scope, key)) },
  }
}

async function* noEvents(): AsyncGenerator<EventBatch> {
  yield { items: [], cursor: 'here' }
}

const unknownRun = async (_scope: Scope, id: string): Promise<never> => { throw new TaskflowsError('run.not_found', `there is no run ${id}`) }
const unknownToken = async (): Promise<never> => { throw new TaskflowsError('token.not_found', 'there is no such token') }

/** Keeps jobs and their rules of tenant and state; nothing ever runs. */
export function memoryJobs(): Jobs {
  const kept = new Map<string, Job>()
  const find = (scope: Scope, id: string): Job => {
    const job = kept.get(id)
    if (job === undefined || (scope.tenant !== null && job.tenant !== scope.tenant)) throw new TaskflowsError('job.not_found', `there is no job ${id}`, { details: { id } })
    return job
  }
  const change = (job: Job, to: Partial<Job>): Job => {
    const changed = { ...job, ...to, updatedAt: Date.now(), version: `${job.version}+` }
    kept.set(job.id, changed)
    return changed
  }
  const add = async (scope: Scope, wanted: NewJob) => {
    for (const parent of wanted.after ?? []) if (typeof parent === 'string') find(scope, parent)
    const tenant = wanted.tenant ?? scope.tenant ?? 'default'
    const holder = [...kept.values()].find((job) => job.uniqueKey !== null && job.uniqueKey === wanted.uniqueKey && job.tenant === tenant && job.name === wanted.name && !isFinished(job.state))
    const job = holder ?? madeOf(scope, wanted)
    kept.set(job.id, job)
    return { job, created: holder === undefined, warnings: [`no worker has registered ${wanted.name}`] }
  }
  return {
    add,
    addMany: async (scope, wanted) => {
      const added = await Promise.all(wanted.map((one) => add(scope, one)))
      return { ids: added.map(({ job }) => job.id), existing: added.flatMap(({ created }, position) => (created ? [] : [position])), warnings: [] }
    },
    get: async (scope, id) => find(scope, id),
    list: async (scope, filter, page) => ({ items: [...kept.values()].filter((job) => matches(job, scope, filter)).slice(0, page.limit), nextCursor: null }),
    attempts: async (scope, id) => [find(scope, id)].map(() => ({ attempt: 1, outcome: 'failed' as const, final: false, worker: 'w', startedAt: 0, endedAt: 1500, errorType: 'Error', errorMessage: 'no', backoffDecision: null })),
    timeline: async (scope, id) => [{ at: find(scope, id).createdAt, type: 'job.added', attempt: null, actor: 'host', message: 'added' }],
    cancel: async (scope, id, { versions }) => {
      const job = find(scope, id)
      requireVersion(id, versions, job.version)
      return change(job, { state: nextState(job.state, 'cancel', id) })
    },
    retry: async (scope, id, { versions }) => {
      const job = find(scope, id)
      requireVersion(id, versions, job.version)
      return change(job, { state: nextState(job.state, 'revive', id) })
    },
    depths: async () => [{ queue: 'default', pending: kept.size, scheduled: 0, running: 0 }],
    workers: async () => [],
  }
}

function madeOf(scope: Scope, wanted: NewJob): Job {
  const now = Date.now()
  const id = newId(now)
  return {
    id,
    name: wanted.name,
    queue: wanted.queue ?? 'default',
    tenant: wanted.tenant ?? scope.tenant ?? 'default',
    uniqueKey: wanted.uniqueKey ?? null,
    payload: JSON.stringify(wanted.payload),
    state: 'PENDING',
    priority: wanted.priority ?? 0,
    attempts: 0,
    maxAttempts: wanted.policy?.maxAttempts ?? 3,
    scheduledAt: wanted.runAt ?? now,
    nextRunAt: now + (wanted.delayMs ?? 0),
    lastRunAt: null,
    lastErrorType: null,
    lastErrorMessage: null,
    backoffDecision: null,
    lockedBy: null,
    leaseExpiresAt: null,
    waitingOn: [],
    result: null,
    correlationId: wanted.correlationId ?? id,
    createdAt: now,
    updatedAt: now,
    version: '1',
  }
}

function matches(job: Job, scope: Scope, { state, queue, name }: JobFilter): boolean {
  return (scope.tenant === null || scope.tenant === job.tenant) && (state ?? job.state) === job.state && (queue ?? job.queue) === job.queue && (name ?? job.name) === job.name
}
