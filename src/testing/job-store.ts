/**
 * A job store on a database of its own, and a worker reduced to its statements:
 * it claims, completes and settles when the test says so.
 */
import { createPostgres, urlSource } from '../adapters/database/postgres/index.ts'
import { type Job, type Jobs, type NewJob, createJobs, hotSettings } from '../engines/jobs/index.ts'
import { settleAttempts } from '../engines/jobs/sql/settle-attempts.ts'
import { fromTheStart, step } from '../engines/jobs/sql/step.ts'
import { systemClock } from '../kernel/clock.ts'
import { type DatabaseClock, readDatabaseClock } from '../kernel/database/database-clock.ts'
import type { Database } from '../kernel/database/database.ts'
import { createEventLog } from '../kernel/database/event-log.ts'
import type { EventLog } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import { type Actor, everyTenant } from '../kernel/scope.ts'
import { createTestDatabase } from './test-database.ts'

export interface JobStore extends AsyncDisposable {
  readonly url: string
  readonly database: Database
  readonly hot: Database
  readonly time: DatabaseClock
  readonly jobs: Jobs
  readonly events: EventLog
  /** Adds a job for every tenant's eyes and returns its id. */
  add(job?: Partial<NewJob>): Promise<string>
  get(id: string): Promise<Job>
  /** Moves everything forward that waits for a time, as if it were later. */
  hurry(): Promise<void>
  /** Lets every lease expire. */
  expireLeases(): Promise<void>
  /** How many rows each table of unfinished work holds. */
  rowsLeft(): Promise<Record<'held' | 'ready' | 'leases' | 'dependencies' | 'awaited_ends', number>>
}

export const tester: Actor = { name: 'tester' }

/** @param adminUrl the server of this run, `inject('postgresUrl')` */
export async function createJobStore(adminUrl: string): Promise<JobStore> {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase(adminUrl))
  const open = (settings: Readonly<Record<string, string>>) => {
    const database = createPostgres({ source: urlSource(url), settings })
    stack.defer(() => database.close())
    return database
  }
  const database = open({})
  const hot = open(hotSettings)
  const time = await readDatabaseClock(database, systemClock)
  const jobs = createJobs({ database, hot, time })
  const owned = stack.move()
  return {
    url, database, hot, time, jobs,
    events: createEventLog(database),
    add: async (job) => (await jobs.add(everyTenant, { name: 'work', ...job }, tester)).job.id,
    get: (id) => jobs.get(everyTenant, id),
    hurry: async () => { await database.query(`update taskflows.held set until = least(until, taskflows.now()) where until is not null`) },
    expireLeases: async () => { await database.query(`update taskflows.leases set expires_at = taskflows.now() - interval '1 second'`) },
    rowsLeft: async () => {
      const tables = ['held', 'ready', 'leases', 'dependencies', 'awaited_ends'] as const
      const [row] = await database.query(`select ${tables.map((table) => `(select count(*) from taskflows.${table}) as ${table}`).join(', ')}`)
      return row as Record<(typeof tables)[number], number>
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A job as `step` hands it out. */
export interface Claim {
  readonly lease: string
  readonly id: string
  readonly rank: number
  readonly tag: number
  readonly tenant: string
  readonly name: string
  readonly attempt: number
  readonly spent: number
  readonly payload: string | null
}

export interface Head {
  readonly lost: string[]
  readonly cancelled: string[]
}

export interface ClaimAsk {
  readonly limit?: number
  readonly queue?: string
  readonly names?: readonly string[]
  readonly from?: { readonly rank: number; readonly tag: number; readonly id: string }
}

export interface Settle {
  readonly final?: 'FAILED' | 'DEAD'
  readonly delayMs?: number
}

/** A worker that does nothing by itself. */
export function plainWorker(database: Database, worker = newId(Date.now())) {
  const send = async (done: readonly Claim[], { limit = 0, queue = 'default', names = ['work'], from = fromTheStart }: ClaimAsk, close: readonly string[]) => {
    const lease = newId(Date.now())
    const leases = [...new Set(done.map((claim) => claim.lease))]
    const now = Date.now()
    const [head, ...rows] = await database.rows<[string, string, number, number, string, string, number, number, string | null]>(step, [
      leases, done.map(({ id }) => id), done.map((claim) => claim.lease), done.map(({ attempt }) => attempt), done.map(() => now), done.map(() => now), [],
      done.map(({ tenant }) => tenant), done.map(({ name }) => name), close, queue, from.rank, from.tag, from.id, limit, lease, worker, 10, names,
    ])
    return {
      head: JSON.parse(head![0]) as Head,
      claims: rows.map(([, id, rank, tag, tenant, name, attempt, spent, payload]): Claim => ({ lease, id, rank, tag, tenant, name, attempt, spent, payload })),
    }
  }
  return {
    id: worker,
    claim: async (limit: number, ask: Omit<ClaimAsk, 'limit'> = {}): Promise<Claim[]> => (await send([], { ...ask, limit }, [])).claims,
    /** Records successes; closes the leases, unless told otherwise. */
    complete: async (claims: readonly Claim[], { close = true } = {}): Promise<Head> => (await send(claims, {}, close ? [...new Set(claims.map(({ lease }) => lease))] : [])).head,
    /** Both in one statement, as workers do. */
    completeAndClaim: (claims: readonly Claim[], limit: number) => send(claims, { limit }, [...new Set(claims.map(({ lease }) => lease))]),
    /** Records failures: another try, unless a final state is named. */
    settle: async (claims: readonly Claim[], { final, delayMs = 0 }: Settle = {}, queue = 'default'): Promise<Head> => {
      const leases = [...new Set(claims.map(({ lease }) => lease))]
      const each = <T>(value: T) => claims.map(() => value)
      const now = Date.now()
      const [row] = await database.rows<[string]>(settleAttempts, [
        leases, claims.map(({ id }) => id), claims.map(({ lease }) => lease), claims.map(({ attempt }) => attempt), each(now), each(now), each('failed'),
        each(final ?? null), each('Error'), each('broken'), each('as the test says'), each(delayMs), claims.map(({ tenant }) => tenant), claims.map(({ name }) => name),
        each(queue), claims.map(({ spent }) => spent), leases,
      ])
      return JSON.parse(row![0]) as Head
    },
  }
}
