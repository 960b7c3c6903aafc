/**
 * Moves held jobs on when their time comes or their parents have ended. Any
 * number of processes may run one: each takes rows that no other holds.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database, Subscription } from '../../kernel/database/database.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import { doorbell } from './doorbell.ts'
import { admitDue, lookAhead } from './sql/admit-due.ts'
import { cancelOrphans } from './sql/cancel-orphans.ts'
import { takeAwaitedEnds, tellChildren } from './sql/tell-children.ts'

interface SchedulerOptions {
  readonly database: Database
  readonly clock: Clock
  /** Something went wrong that the next round may mend. */
  readonly onError: (error: unknown) => void
}

/** Rows moved in one transaction. */
const batch = 1000
/** The longest sleep, in case a notification was lost. */
const longestSleepMs = 2_000

export function createScheduler({ database, clock, onError }: SchedulerOptions): Lifecycle {
  const bell = doorbell()
  let stopping = new AbortController()
  let loop: Promise<void> | undefined
  let subscription: Subscription | undefined

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const seen = bell.rung
      const sleepMs = await runSchedule(database).catch((error: unknown) => {
        onError(error)
        return 1_000
      })
      await bell.wait(seen, Math.min(sleepMs, longestSleepMs), clock, stopping.signal)
    }
  }

  return lifecycle({
    start: async () => {
      stopping = new AbortController()
      subscription = await database.listen('held', { notify: bell.ring, ready: bell.ring })
      loop = run()
    },
    stop: async () => {
      stopping.abort()
      await subscription?.close()
      await loop
    },
  })
}

/** What another process has locked, it is moving. */
const lockedMs = 50

/** One round: everything that can move now has moved. Returns the milliseconds until something comes due. */
export async function runSchedule(database: Database): Promise<number> {
  for (;;) {
    const [look] = await database.query<{ busy: boolean; next_ms: number | null }>(lookAhead)
    if (!look!.busy) return Math.max(look!.next_ms ?? Infinity, 1)
    const told = await tellOfEnds(database)
    const [orphans] = await database.query<{ cancelled: number }>(cancelOrphans, [batch])
    const [admitted] = await database.query<{ moved: number }>(admitDue, [batch, inlinePayloadBytes])
    if (told + orphans!.cancelled + admitted!.moved === 0) return lockedMs
  }
}

async function tellOfEnds(database: Database): Promise<number> {
  return database.transaction(async (tx) => {
    const ends = await tx.query<{ job_id: string; state: string }>(takeAwaitedEnds, [batch])
    if (ends.length === 0) return 0
    const succeeded = ends.filter(({ state }) => state === 'SUCCEEDED').map(({ job_id }) => job_id)
    const others = ends.filter(({ state }) => state !== 'SUCCEEDED').map(({ job_id }) => job_id)
    await tx.query(tellChildren, [succeeded, others])
    return ends.length
  })
}
