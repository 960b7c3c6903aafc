/**
 * A job store on a database of its own, and a worker reduced to its statements:
 * it claims, completes and settles when the test says so.
 */
import { createPostgres, urlSource } from '../adapters/database/postgres/index.ts'
import { type Job, type Jobs, type NewJob, createJobs, hotSettings } from '../engines/jobs/index.ts'
import type { ClaimedJob } from '../engines/jobs/claimed-job.ts'
import type { Delivery, Ended, Settlement } from '../engines/jobs/outbox.ts'
import { fromTheStart } from '../engines/jobs/sql/claim.ts'
import { type Head, createDesk } from '../engines/jobs/worker-desk.ts'
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

export interface ClaimAsk {
  readonly queue?: string
  /** Behind this row. Default: from the start. */
  readonly from?: { readonly rank: number; readonly tag: number; readonly id: string }
}

export interface PlainWorkerOptions {
  readonly database?: Database
  /** Default: `work`. */
  readonly names?: readonly string[]
}

/** The statements of a worker, without the worker: nothing happens by itself. */
export function plainWorker(store: JobStore, { database = store.hot, names = ['work'] }: PlainWorkerOptions = {}) {
  const id = newId(store.time.now())
  const desk = createDesk({ worker: id, names, database, hot: database, clock: systemClock, onError: (error) => { throw error } })

  const deliveryOf = (claims: readonly ClaimedJob[], ending: Ended['ending'], close: boolean): Delivery => {
    const leases = [...new Set(claims.map(({ lease }) => lease))]
    const at = store.time.now()
    return { ends: claims.map((job) => ({ job, startedAt: at, endedAt: at, ending })), leases, close: close ? leases : [] }
  }
  const step = async (claims: readonly ClaimedJob[], limit: number, close: boolean, { queue = 'default', from = fromTheStart }: ClaimAsk = {}, result: string | null = null) => {
    const lease = { id: newId(store.time.now()), queue, claimedAt: store.time.now(), open: 0, inFlight: 0, lost: false }
    const answer = await desk.completeAndClaim(deliveryOf(claims, { kind: 'succeeded', result }, close), queue, { from: { ...from, isStart: false, wakes: 0 }, limit, lease })
    // As the worker does: nothing then starts before it was claimed.
    if (answer.head.now !== undefined) store.time.learn(answer.head.now)
    return answer
  }
  return {
    id,
    claim: async (limit: number, ask: ClaimAsk = {}): Promise<ClaimedJob[]> => (await step([], limit, false, ask)).jobs,
    /** Records successes; closes the leases, unless told otherwise. */
    complete: async (claims: readonly ClaimedJob[], { close = true, result = null as string | null } = {}): Promise<Head> => (await step(claims, 0, close, {}, result)).head,
    /** Records failures: another try, unless a final state is named. Closes the leases. */
    settle: (claims: readonly ClaimedJob[], { final = null, delayMs = 0 }: Partial<Settlement> = {}): Promise<Head> =>
      desk.settle(deliveryOf(claims, { kind: 'failed', retryable: true, errorType: 'Error', errorMessage: 'broken' }, true), () => ({ final, delayMs, decision: 'as the test says' })),
    release: (claims: readonly ClaimedJob[]): Promise<unknown> => desk.giveBack(claims[0]!.lease, claims),
  }
}
