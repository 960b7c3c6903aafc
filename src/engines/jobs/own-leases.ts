/**
 * Attempts that end inside a transaction of the user's (`completeInTransaction`).
 *
 *   batch lease ─► lease of its own ─► taken away by the user's transaction ─► committed: succeeded
 *                                  └─► rolled back, or never tried: ended by us, as the handler did
 *
 * Such an end bypasses the outbox: the user's transaction may hold the lock of
 * that lease for as long as it likes, and a lane must not wait for it.
 */
import type { Clock } from '../../kernel/clock.ts'
import { type Database, quoteIdentifier } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import { type Ending, jobCancelled, leaseLost, notCommitted } from './attempt.ts'
import type { ClaimedJob, HeldLease } from './claimed-job.ts'
import { leaseSeconds } from './lease-keeper.ts'
import { type Ended, type Settlement, settlementColumns } from './outbox.ts'
import type { SqlClient } from './sql-client.ts'
import { lockOwnLease, lookAtOwnLease, takeOwnLease } from './sql/own-lease.ts'
import { releaseJobs } from './sql/release-jobs.ts'
import { settleAttempts } from './sql/settle-attempts.ts'
import type { AttemptReport } from './worker.ts'
import type { Head } from './worker-desk.ts'

interface OwnLeasesParts {
  readonly database: Database
  readonly clock: Clock
  readonly time: DatabaseClock
  /** The job left the lease of its batch, and `own` is to be renewed. */
  readonly onTaken: (job: ClaimedJob, own: HeldLease) => void
  /** Its lease was lost, and its handler still runs. */
  readonly onLost: (job: ClaimedJob) => void
  readonly onClosed: (own: HeldLease) => void
  /** It never left the lease of its batch. */
  readonly onNotTaken: (job: ClaimedJob, startedAt: number, endedAt: number, how: Ending) => void
  readonly settlementOf: (ended: Ended) => Settlement
  readonly report: (job: ClaimedJob, outcome: AttemptReport['outcome'], durationMs: number, error?: string) => void
  readonly reportSettled: (ended: Ended, settlement: Settlement) => void
  readonly onError: (error: unknown) => void
}

interface Look {
  readonly there: boolean
  readonly outcome: string | null
}

/** How an attempt ended that was not ours to end any more, or what we did about it. */
type Verdict = { readonly kind: 'busy' | 'released' | 'cancelled' | 'succeeded' | 'lost' } | { readonly kind: 'settled'; readonly ended: Ended; readonly settlement: Settlement }

/** Between looks at a lease whose transaction is still open, in milliseconds. */
const shortestPauseMs = 20
const longestPauseMs = 500

export function createOwnLeases({ database, clock, time, onTaken, onLost, onClosed, onNotTaken, settlementOf, report, reportSettled, onError }: OwnLeasesParts) {
  /** Whether a job got its own lease, from the moment it asked. */
  const taking = new Map<ClaimedJob, Promise<boolean>>()
  const ending = new Set<Promise<void>>()
  const completeAttempt = `select ${quoteIdentifier(database.schema)}.complete_attempt($1::uuid, to_timestamp($2::float8 / 1000), $3::json) as verdict`

  const take = async (job: ClaimedJob): Promise<boolean> => {
    const own: HeldLease = { id: newId(time.now()), queue: job.lease.queue, claimedAt: job.lease.claimedAt, own: true, open: 1, inFlight: 0, lost: false }
    const [answer] = await database.query<{ taken: boolean; cancelled: boolean }>(takeOwnLease, [job.lease.id, job.id, own.id, leaseSeconds])
    if (answer!.cancelled) throw jobCancelled()
    if (!answer!.taken) throw leaseLost()
    onTaken(job, own)
    return true
  }

  /** Once per attempt: a transaction that was rolled back may be tried again under the same lease. */
  const ownLeaseOf = (job: ClaimedJob): Promise<boolean> => {
    const known = taking.get(job)
    if (known) return known
    const asked = take(job)
    taking.set(job, asked)
    asked.catch(() => taking.delete(job))
    return asked
  }

  const look = async ({ lease, id, attempt }: ClaimedJob): Promise<Look> => (await database.query<Look>(lookAtOwnLease, [lease.id, id, attempt]))[0]!

  /** Why the user's transaction did not find the lease. */
  const absenceOf = async (job: ClaimedJob): Promise<Error> => {
    const { there, outcome } = await look(job)
    if (there) {
      return new TypeError('Expected `client` to see the lease of this job. It is connected to another database, or its transaction took its snapshot before (REPEATABLE READ and SERIALIZABLE must call completeInTransaction first), or it has completed the job already')
    }
    if (outcome === 'succeeded') return new TaskflowsError('job.invalid_transition', `job ${job.id} has been completed in an earlier transaction`, { details: { id: job.id }, hint: 'Call completeInTransaction once, in the transaction that commits.' })
    return leaseLost()
  }

  /** One try at writing how the attempt ended. */
  const conclude = async (ended: Omit<Ended, 'ending'>, how: Ending): Promise<Verdict> => {
    const { job } = ended
    const { there, outcome } = await look(job)
    const whole = how.kind === 'stopped' ? null : { ...ended, ending: how }
    const settlement = whole && settlementOf(whole)
    // Ours, if the answer to our own commit was lost.
    if (!there) return whole && settlement && outcome === how.kind ? { kind: 'settled', ended: whole, settlement } : verdictOf(outcome)
    return database.transaction(async (tx) => {
      const [free] = await tx.query(lockOwnLease, [job.lease.id])
      if (!free) return { kind: 'busy' }
      if (!whole || !settlement) {
        // One that was cancelled is left out, and the lease is closed.
        await tx.query(releaseJobs, [job.lease.id, [job.id], [job.tag], true, inlinePayloadBytes])
        return { kind: how.kind === 'stopped' && how.why === 'cancelled' ? 'cancelled' : 'released' }
      }
      const [answer] = await tx.rows<[head: string]>(settleAttempts, [...settlementColumns({ ends: [whole], leases: [job.lease], close: [job.lease] }, () => settlement), inlinePayloadBytes])
      const { cancelled: taken } = JSON.parse(answer![0]) as Head
      return taken.length > 0 ? { kind: 'cancelled' } : { kind: 'settled', ended: whole, settlement }
    })
  }

  /** Waits for a transaction that is still open: only its end decides. */
  const concludePatiently = async (ended: Omit<Ended, 'ending'>, how: Ending, signal: AbortSignal): Promise<Verdict> => {
    for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const verdict = await conclude(ended, how).catch((error: unknown) => {
        onError(error)
        pauseMs = longestPauseMs
        return { kind: 'busy' } as const
      })
      if (verdict.kind !== 'busy' || signal.aborted) return verdict
      await clock.sleep(pauseMs, signal)
    }
  }

  const tell = (job: ClaimedJob, how: Ending, durationMs: number, verdict: Verdict): void => {
    switch (verdict.kind) {
      case 'succeeded':
        report(job, 'succeeded', durationMs)
        if (how.kind === 'failed' && how !== notCommitted) onError(new Error(`job ${job.id} (${job.name}) succeeded in its transaction; after that its handler failed: ${how.errorType}: ${how.errorMessage}`))
        return
      case 'settled':
        return reportSettled(verdict.ended, verdict.settlement)
      case 'cancelled':
        return report(job, 'cancelled', durationMs)
      case 'lost':
        return report(job, 'lease_lost', durationMs)
      case 'busy':
      case 'released':
        return
      default:
        return verdict satisfies never
    }
  }

  const end = async (job: ClaimedJob, startedAt: number, endedAt: number, how: Ending, signal: AbortSignal): Promise<void> => {
    const taken = await taking.get(job)!.catch(() => false)
    if (taken) {
      const verdict = await concludePatiently({ job, startedAt, endedAt }, how, signal)
      onClosed(job.lease)
      tell(job, how, endedAt - startedAt, verdict)
    } else onNotTaken(job, startedAt, endedAt, how)
    taking.delete(job)
  }

  return {
    /** Whether the end of this job is a matter of this file. */
    has: (job: ClaimedJob): boolean => taking.has(job),

    /** Ends the attempt as a success in the transaction that is open on `client`. @throws AttemptStopped, TypeError, and what the client throws */
    complete: async (job: ClaimedJob, startedAt: number, client: SqlClient, result: string | null): Promise<void> => {
      await ownLeaseOf(job)
      const { rows } = await client.query(completeAttempt, [job.lease.id, startedAt, result])
      const { verdict } = rows[0] as { verdict: 'done' | 'cancelled' | 'missing' }
      if (verdict === 'cancelled') throw jobCancelled()
      if (verdict === 'missing') throw await absenceOf(job)
    },

    /** The handler ended. `signal`: nobody waits any longer. */
    end: (job: ClaimedJob, startedAt: number, endedAt: number, how: Ending, signal: AbortSignal): void => {
      const ended = end(job, startedAt, endedAt, how, signal).finally(() => ending.delete(ended))
      ending.add(ended)
    },

    /** A lease is gone. Usually the user's transaction took it away. */
    missing: (lease: HeldLease): void => {
      const job = [...taking.keys()].find((one) => one.lease === lease)
      if (job) look(job).then(({ there, outcome }) => { if (!there && outcome !== 'succeeded') onLost(job) }).catch(onError)
    },

    /** Resolves when everything that has ended is written, or nobody waits any longer. */
    settled: async (): Promise<void> => { await Promise.all(ending) },
  }
}

function verdictOf(outcome: string | null): Verdict {
  return { kind: outcome === 'succeeded' || outcome === 'cancelled' ? outcome : 'lost' }
}
