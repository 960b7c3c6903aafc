/**
 * The job engine behind its interface: adds, reads and changes jobs.
 */
import type { Database } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import { type JobRow, createAdder, insertOnce, insertReady, mustWait, rowOf } from './add-jobs.ts'
import { addTogether } from './add-waiting-jobs.ts'
import { cancelJob, retryJob } from './change-jobs.ts'
import type { AddedJob, AddedJobs, Alongside, Jobs, QueueDepth } from './index.ts'
import type { Job, NewJob } from './job.ts'
import { versionOf } from './job-version.ts'
import { defaultRetryPolicy } from './retry-policy.ts'
import { readPolicy } from './policy-json.ts'
import { knownTasks, liveWorkers, queueDepths } from './sql/workers.ts'
import { getAttempts, getJob, getJobs, getTimeline } from './store.ts'

interface JobsParts {
  readonly database: Database
  /** Connections with `hotSettings`: for adds, and to read one job. */
  readonly hot: Database
  readonly time: DatabaseClock
}

export function createJobs({ database, hot, time }: JobsParts): Jobs {
  const adder = createAdder(hot, time)
  const tasks = knownTaskCache(database, time)

  const addCarefully = async (scope: Scope, row: JobRow, by: Actor, alongside?: Alongside<AddedJob>): Promise<AddedJob> => {
    const warnings = warningsFor([row.name], await tasks([row.name]))
    let added: AddedJob | undefined
    await insertOnce(database, [row.id], time.now(), () => addTogether(database, [row], scope, by, async (tx, { ids: [id], existing }) => {
      added = { job: await getJob(tx, scope, id!), created: existing.length === 0, warnings }
      await alongside?.(tx, added)
    }))
    return added!
  }

  return {
    add: async (scope, request, by, alongside) => {
      const id = adder.newId()
      const row = rowOf(request, id, [id], scope)
      if (mustWait(row) || row.uniqueKey !== null || alongside !== undefined) return addCarefully(scope, row, by, alongside)
      const [createdAt, known] = await Promise.all([adder.add(row, by), tasks([request.name])])
      return { job: freshJob(request, row, createdAt, known.get(request.name) ?? null), created: true, warnings: warningsFor([request.name], known) }
    },
    addMany: async (scope, requests, by, alongside) => {
      const ids = requests.map(() => adder.newId())
      const rows = requests.map((request, at) => rowOf(request, ids[at]!, ids, scope))
      const names = [...new Set(requests.map(({ name }) => name))]
      const warnings = warningsFor(names, await tasks(names))
      let added: AddedJobs = { ids, existing: [], warnings }
      const insertTogether = () => addTogether(database, rows, scope, by, async (tx, done) => {
        added = { ...done, warnings }
        await alongside?.(tx, added)
      })
      // The common case needs no transaction of several statements.
      const plain = alongside === undefined && rows.every((row) => row.uniqueKey === null && !mustWait(row))
      await insertOnce(database, ids, time.now(), plain ? () => insertReady(hot, rows, by) : insertTogether)
      return added
    },
    // Planning it anew each time would cost three times what it does.
    get: (scope, id) => getJob(hot, scope, id),
    list: (scope, filter, page) => getJobs(database, scope, filter, page),
    attempts: (scope, id) => getAttempts(database, scope, id),
    timeline: (scope, id) => getTimeline(database, scope, id),
    cancel: (scope, id, request) => cancelJob(database, scope, id, request),
    retry: (scope, id, request) => retryJob(database, scope, id, request),
    depths: () => database.query<QueueDepth>(queueDepths),
    workers: async () =>
      (await database.query<{ id: string; name: string; queues: string[]; tasks: string[]; started_at: number; seen_at: number }>(liveWorkers))
        .map(({ started_at, seen_at, ...worker }) => ({ ...worker, startedAt: started_at, seenAt: seen_at })),
  }
}

/** A job that was just added, as reading it back would show it. */
function freshJob(request: NewJob, row: JobRow, createdAt: number, taskPolicy: string | null): Job {
  return {
    id: row.id,
    name: row.name,
    queue: row.queue,
    tenant: row.tenant,
    uniqueKey: null,
    payload: row.payload,
    state: 'PENDING',
    priority: row.priority,
    attempts: 0,
    maxAttempts: request.policy?.maxAttempts ?? readPolicy(taskPolicy).maxAttempts ?? defaultRetryPolicy.maxAttempts,
    scheduledAt: createdAt,
    nextRunAt: createdAt,
    lastRunAt: null,
    lastErrorType: null,
    lastErrorMessage: null,
    backoffDecision: null,
    lockedBy: null,
    leaseExpiresAt: null,
    waitingOn: [],
    result: null,
    correlationId: row.correlationId ?? row.id,
    createdAt,
    updatedAt: createdAt,
    version: versionOf('PENDING', 1),
  }
}

function warningsFor(names: readonly string[], known: ReadonlyMap<string, string>): string[] {
  return names.filter((name) => !known.has(name)).map((name) => `no worker has registered a task named "${name}" yet: the job waits until one does`)
}

/** How long a registered name is taken to stay registered, and an unknown one to stay unknown, in milliseconds. */
const knownForMs = 60_000
const unknownForMs = 1_000
const cachedNames = 10_000

/** The policies of registered tasks by name. Cached, so that adding jobs does not read for each. */
function knownTaskCache(database: Database, time: DatabaseClock): (names: readonly string[]) => Promise<ReadonlyMap<string, string>> {
  const cache = new Map<string, { policy: string | null; until: number }>()
  return async (names) => {
    const now = time.now()
    const stale = names.filter((name) => !((cache.get(name)?.until ?? 0) > now))
    if (stale.length > 0) {
      if (cache.size > cachedNames) cache.clear()
      const rows = await database.query<{ name: string; policy: string }>(knownTasks, [stale])
      for (const name of stale) cache.set(name, { policy: null, until: now + unknownForMs })
      for (const { name, policy } of rows) cache.set(name, { policy, until: now + knownForMs })
    }
    return new Map(names.flatMap((name) => {
      const policy = cache.get(name)?.policy
      return typeof policy === 'string' ? [[name, policy] as const] : []
    }))
  }
}

