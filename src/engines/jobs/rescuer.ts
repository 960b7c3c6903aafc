/**
 * Finds jobs whose worker vanished and lets them run again. Their attempt
 * counts: nobody can know whether the handler had begun, and a job that kills
 * its workers must not be tried for ever.
 *
 * While the database is away nobody can renew a lease. A rescuer that could not
 * look for a while therefore waits for one more lease time after that, in which
 * workers that live renew what they have.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database, Queryable } from '../../kernel/database/database.ts'
import { formatDuration } from '../../kernel/duration.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import { leaseSeconds } from './lease-keeper.ts'
import { readPolicy } from './policy-json.ts'
import { judgeFailure, policyInForce } from './retry-policy.ts'
import { anyExpired, expiredLeases, unfinishedOf } from './sql/rescue.ts'
import { settleAttempts } from './sql/settle-attempts.ts'

interface RescuerOptions {
  readonly database: Database
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  readonly onError: (error: unknown) => void
}

/** How often it looks, in milliseconds. With a lease of 10 s a vanished worker's jobs run again within 13 s. */
const roundMs = 2_000
/** Without a look for this long it was blind, and workers may have been, in milliseconds. Less than a lease holds. */
const blindMs = 3 * roundMs

/** Epoch milliseconds. */
export interface Sight {
  /** When the database was last seen. */
  readonly seenAt: number
  /** From when on a lease that has expired is one that nobody renews. */
  readonly trustedFrom: number
}

/** After the database was seen at `now`. One that starts trusts what it sees: whoever was there before it had the time to renew. */
export function sightAfter(before: Sight | undefined, now: number): Sight {
  if (before === undefined) return { seenAt: now, trustedFrom: now }
  return { seenAt: now, trustedFrom: now - before.seenAt > blindMs ? now + leaseSeconds * 1000 : before.trustedFrom }
}

export function createRescuer({ database, clock, random, onError }: RescuerOptions): Lifecycle {
  let stopping = new AbortController()
  let loop: Promise<void> | undefined
  let sight: Sight | undefined
  const mayRescue = (): boolean => {
    sight = sightAfter(sight, clock.now())
    return sight.seenAt >= sight.trustedFrom
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await runRescue(database, mayRescue).catch(onError)
      // Spread out, so that many processes do not look at the same moment.
      await clock.sleep(roundMs * (0.75 + random() / 2), stopping.signal)
    }
  }
  return lifecycle({
    start: async () => {
      stopping = new AbortController()
      loop = run()
    },
    stop: async () => {
      stopping.abort()
      await loop
    },
  })
}

/**
 * One round: every lease that has expired is taken back. Returns how many jobs were rescued.
 * @param mayRescue asked each time that the database has answered
 */
export async function runRescue(database: Database, mayRescue: () => boolean = () => true): Promise<number> {
  const [look] = await database.query<{ found: boolean }>(anyExpired)
  let rescued = 0
  if (!mayRescue() || !look!.found) return rescued
  for (;;) {
    const count = await database.transaction((tx) => rescueOne(tx, mayRescue))
    if (count === null) return rescued
    rescued += count
  }
}

interface ExpiredLease {
  id: string
  worker: string
  claimed_at: number
}

interface Unfinished {
  id: string
  attempt: number
  spent: number
  tenant_id: string
  name: string
  queue: string
  correlation_id: string | null
  policy: string | null
  task_policy: string | null
}

/** `null` when there is nothing to rescue. */
async function rescueOne(tx: Queryable, mayRescue: () => boolean): Promise<number | null> {
  const [lease] = await tx.query<ExpiredLease>(expiredLeases, [1])
  if (!lease || !mayRescue()) return null
  const jobs = await tx.query<Unfinished>(unfinishedOf, [lease.id])
  const [clock] = await tx.query<{ now: number }>(`select taskflows.now() as now`)
  const verdicts = jobs.map((job) => judgeFailure(job.attempt, job.spent, true, policyInForce(readPolicy(job.policy), readPolicy(job.task_policy)), 0))
  const message = `worker ${lease.worker} stopped renewing its lease, ${formatDuration(clock!.now - lease.claimed_at)} after it took the job`
  await tx.query(settleAttempts, [
    [lease.id], jobs.map(({ id }) => id), jobs.map(() => lease.id), jobs.map(({ attempt }) => attempt),
    jobs.map(() => lease.claimed_at), jobs.map(() => clock!.now), jobs.map(() => 'lost'),
    verdicts.map(({ event }) => (event === 'retry' ? null : 'DEAD')), jobs.map(() => 'WorkerLost'), jobs.map(() => message),
    // The worker is at fault, not the job: it waits for nothing.
    verdicts.map(({ event, reason }) => (event === 'retry' ? 'the worker was lost: next at once' : reason)),
    jobs.map(() => 0), jobs.map(({ tenant_id }) => tenant_id), jobs.map(({ name }) => name), jobs.map(({ queue }) => queue), jobs.map(({ spent }) => spent),
    [lease.id], jobs.map(({ correlation_id }) => correlation_id), inlinePayloadBytes,
  ])
  return jobs.length
}
