/**
 * What a worker says to the database: claims, ends, jobs given back, and what to
 * do when an answer never came.
 */
import type { Clock } from '../../kernel/clock.ts'
import { ConnectionLost, type Database } from '../../kernel/database/database.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import type { ParentResult } from './attempt.ts'
import { comparePlaces, type placeToClaim } from './claim-queue.ts'
import type { ClaimedJob, HeldLease } from './claimed-job.ts'
import { leaseSeconds } from './lease-keeper.ts'
import { type Delivery, type Ended, type Settlement, settlementColumns, successColumns } from './outbox.ts'
import { readPolicy } from './policy-json.ts'
import { claim } from './sql/claim.ts'
import { endedAttempts } from './sql/await-parents.ts'
import { readParents, readPayloads } from './sql/read-jobs.ts'
import { leasedJobs, releaseJobs } from './sql/release-jobs.ts'
import { settleAttempts } from './sql/settle-attempts.ts'
import { step } from './sql/step.ts'
import { cancelledOf, readyQueues } from './sql/workers.ts'

interface DeskParts {
  readonly worker: string
  readonly names: readonly string[]
  readonly database: Database
  /** Connections with `hotSettings`. */
  readonly hot: Database
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** What the database says besides: leases that are gone, jobs that were cancelled (`LEASE JOB`), its time. */
export interface Head {
  readonly lost: readonly string[]
  readonly cancelled: readonly string[]
  readonly now?: number
}

/** One row of `step`: the head in the first column of the first row, a job in the others. */
type StepRow = [
  head: string | null, id: string, rank: number, tag: number, tenant: string, name: string, attempt: number, spent: number,
  payload: string | null, policy: string | null, correlation: string | null, traceparent: string | null,
]

export interface ClaimRequest {
  readonly from: ReturnType<typeof placeToClaim>
  readonly limit: number
  /** The lease that the claimed jobs come under. */
  readonly lease: HeldLease
}

/** The statement was not carried out, or only in part; `unwritten` must be sent again. */
export class Undelivered extends Error {
  override readonly name = 'Undelivered'
  readonly unwritten: readonly Ended[]
  constructor(unwritten: readonly Ended[], cause: unknown) {
    super('the database did not confirm', { cause })
    this.unwritten = unwritten
  }
}

/** PostgreSQL's code for a row that is there already. */
const duplicate = '23505'

export function createDesk({ worker, names, database, hot, clock, onError }: DeskParts) {
  /** Set when nobody waits any longer. */
  let signal: AbortSignal = new AbortController().signal

  /** What must not be given up while the database is away: tried until it answers. */
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (signal.aborted) throw error
        onError(error)
        await clock.sleep(500, signal)
      }
    }
  }

  const release = (lease: string, jobs: readonly { readonly id: string; readonly tag: number }[], all: boolean): Promise<unknown> =>
    patiently(() => database.query(releaseJobs, [lease, jobs.map(({ id }) => id), jobs.map(({ tag }) => tag), all, inlinePayloadBytes]))

  /**
   * A statement failed. If it may have been carried out, the database is asked
   * what it holds: ends that were written are done, and jobs that were claimed
   * for an answer that never came are given back. A duplicate says that an
   * earlier statement, given up as lost, was carried out after all.
   */
  const recover = async ({ ends }: Delivery, claimed: string | null, error: unknown): Promise<Undelivered> => {
    const inDoubt = error instanceof ConnectionLost ? error.sent : (error as { code?: unknown }).code === duplicate
    if (!inDoubt) return new Undelivered(ends, error)
    if (claimed !== null) {
      const rows = await patiently(() => database.query<{ id: string }>(leasedJobs, [claimed]))
      // Their turn is not known here: they go to the front of their priority.
      if (rows.length > 0) await release(claimed, rows.map(({ id }) => ({ id, tag: 0 })), true)
    }
    if (ends.length === 0) return new Undelivered([], error)
    const written = await patiently(() => database.query<{ id: string; attempt: number }>(endedAttempts, [ends.map(({ job }) => job.id)]))
    const known = new Set(written.map(({ id, attempt }) => `${id} ${attempt}`))
    return new Undelivered(ends.filter(({ job }) => !known.has(`${job.id} ${job.attempt}`)), error)
  }

  const readLongPayloads = async (jobs: readonly ClaimedJob[]): Promise<void> => {
    const long = jobs.filter(({ payload }) => payload === '')
    if (long.length === 0) return
    const rows = await patiently(() => database.query<{ id: string; payload: string }>(readPayloads, [long.map(({ id }) => id)]))
    const byId = new Map(rows.map(({ id, payload }) => [id, payload]))
    for (const job of long) job.payload = byId.get(job.id)!
  }

  return {
    /** Waiting for a database that is away ends with this signal. */
    waitUntil: (until: AbortSignal): void => { signal = until },

    /** Writes successes, closes leases and claims, in one statement. Jobs come in claim order. @throws Undelivered */
    completeAndClaim: async (delivery: Delivery, queue: string, { from, limit, lease }: ClaimRequest): Promise<{ head: Head; jobs: ClaimedJob[] }> => {
      const claiming = [queue, from.rank, from.tag, from.id, limit, lease.id, worker, leaseSeconds, names]
      const sent = delivery.ends.length + delivery.close.length === 0 ? hot.rows<StepRow>(claim, claiming) : hot.rows<StepRow>(step, [...claiming, ...successColumns(delivery)])
      const rows = await sent.catch(async (error: unknown) => {
        throw await recover(delivery, limit > 0 ? lease.id : null, error)
      })
      const jobs = rows.slice(1).map((row) => jobOf(row, lease))
      // The statement claims in order but does not promise to answer in order.
      jobs.sort(comparePlaces)
      await readLongPayloads(jobs)
      return { head: JSON.parse(rows[0]![0]!) as Head, jobs }
    },

    /** Writes attempts that did not succeed, and what follows. @throws Undelivered */
    settle: async (delivery: Delivery, settle: (ended: Ended) => Settlement): Promise<Head> => {
      try {
        const [answer] = await hot.rows<[head: string]>(settleAttempts, [...settlementColumns(delivery, settle), inlinePayloadBytes])
        return JSON.parse(answer![0]) as Head
      } catch (error) {
        throw await recover(delivery, null, error)
      }
    },

    /** Gives unfinished jobs of one lease back. */
    giveBack: (lease: HeldLease, jobs: readonly ClaimedJob[]): Promise<unknown> => release(lease.id, jobs, false),

    /** The queues that have something to claim. */
    queues: async (): Promise<string[]> => (await database.query<{ queue: string }>(readyQueues)).map(({ queue }) => queue),

    cancelled: async (): Promise<string[]> => (await database.query<{ taken: string }>(cancelledOf, [worker])).map(({ taken }) => taken),

    parentsOf: async (job: ClaimedJob): Promise<ParentResult[]> => {
      const rows = await database.query<{ id: string; name: string; payload: string; result: string | null }>(readParents, [job.id])
      return rows.map(({ id, name, payload, result }) => ({ id, name, payload: JSON.parse(payload) as unknown, result: result === null ? null : (JSON.parse(result) as unknown) }))
    },
  }
}

function jobOf([, id, rank, tag, tenant, name, attempt, spent, payload, policy, correlation, traceparent]: StepRow, lease: HeldLease): ClaimedJob {
  return { id, lease, name, tenant, rank, tag, attempt, spent, payload: payload ?? '', policy: readPolicy(policy), correlation, traceparent }
}
