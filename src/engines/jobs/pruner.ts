/**
 * Keeps the house: makes the partitions that will be needed, and forgets workers
 * that have been gone for long. Any number of processes may run one.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import { ensurePartitions } from '../../kernel/database/partitions.ts'
import { forgetWorkers } from './sql/workers.ts'

interface PrunerOptions {
  readonly database: Database
  readonly clock: Clock
  readonly time: DatabaseClock
  readonly onError: (error: unknown) => void
}

const roundMs = 3_600_000

/** The first round is over when `start` resolves, so that what comes after finds its partitions. */
export function createPruner({ database, clock, time, onError }: PrunerOptions): Lifecycle {
  let stopping = new AbortController()
  let loop: Promise<void> | undefined
  const round = async (): Promise<void> => {
    await ensurePartitions(database, time.now())
    await database.query(forgetWorkers)
  }
  const run = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(roundMs, stopping.signal)
      if (stopping.signal.aborted) return
      await round().catch(onError)
    }
  }
  return lifecycle({
    start: async () => {
      stopping = new AbortController()
      await round()
      loop = run()
    },
    stop: async () => {
      stopping.abort()
      await loop
    },
  })
}
