/**
 * The database's time without asking each time: the local clock and its
 * distance from the database's, corrected by every answer that carries a time.
 */
import type { Clock } from '../clock.ts'
import type { Queryable } from './database.ts'

export interface DatabaseClock {
  /** Epoch milliseconds by the database's clock, as far as is known. */
  now(): number
  /** The database said that it is `databaseMs` now. */
  learn(databaseMs: number): void
}

/** Asks the database once. */
export async function readDatabaseClock(database: Queryable, clock: Clock): Promise<DatabaseClock> {
  let ahead = 0
  const learn = (databaseMs: number): void => {
    ahead = databaseMs - clock.now()
  }
  const [row] = await database.query<{ now: number }>(`select extract(epoch from taskflows.now())::float8 * 1000 as now`)
  learn(row!.now)
  return { now: () => clock.now() + ahead, learn }
}
