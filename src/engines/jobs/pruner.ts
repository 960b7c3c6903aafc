/**
 * Keeps the house: makes the partitions that will be needed, and forgets workers
 * that have been gone for long, answers that are older than a day, unique keys
 * of jobs that have ended, old runs of services and what was made up for. Any number of processes may run one.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import { forgetExpiredKeys } from '../../kernel/database/idempotency-keys.ts'
import { forgetBackfills } from '../../kernel/database/backfills/forget-backfills.ts'
import { forgetServiceRuns } from '../../kernel/database/service-runs/forget-runs.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import { ensurePartitions } from '../../kernel/database/partitions.ts'
import { forgetWorkers } from './sql/workers.ts'
import { dropFreeKeys } from './unique-keys.ts'

interface PrunerOptions {
  readonly database: Database
  readonly clock: Clock
  readonly time: DatabaseClock
  readonly onError: (error: unknown) => void
}

const roundMs = 3_600_000

/** There are partitions when `start` resolves; what is only tidying goes on behind it. */
export function createPruner({ database, clock, time, onError }: PrunerOptions): Lifecycle {
  let stopping = new AbortController()
  let loop: Promise<void> | undefined
  const prepare = () => ensurePartitions(database, time.now())
  const tidy = async (signal: AbortSignal): Promise<void> => {
    await database.query(forgetWorkers)
    await forgetExpiredKeys(database, signal)
    await dropFreeKeys(database, signal)
    await forgetServiceRuns(database, signal)
    await forgetBackfills(database)
  }
  const run = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      await tidy(signal).catch(onError)
      await clock.sleep(roundMs, signal)
      if (signal.aborted) return
      await prepare().catch(onError)
    }
  }
  return lifecycle({
    start: async () => {
      stopping = new AbortController()
      await prepare()
      loop = run(stopping.signal)
    },
    stop: async () => {
      stopping.abort()
      await loop
    },
  })
}
