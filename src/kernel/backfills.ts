/**
 * Times of a schedule that are made up for: by a backfill, which somebody asked for, or by a catch-up, since the machine was down.
 * `engines/services/backfill` plans and carries out, `database/backfills.ts` keeps. Times are epoch milliseconds. Safe for the browser.
 *
 *   running ──────────────► done
 *      └─► cancelling ────► cancelled       what runs goes on to its end
 */
import type { Queryable } from './database/database.ts'
import type { ServiceRunKey } from './service-runs.ts'

export type BackfillState = 'running' | 'cancelling' | 'done' | 'cancelled'

/** What became of one time. `skipped`: its conditions were not met. `running` when its start was asked for, whoever asked may be gone. */
export type MadeUpState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled'

export interface NewBackfill extends ServiceRunKey {
  readonly id: string
  readonly origin: 'backfill' | 'catch_up'
  /** The range that was asked for, both ends within. */
  readonly first: number
  readonly last: number
  /** Ascending, not empty. */
  readonly slots: readonly number[]
  readonly maxParallel: number
  /** Also times that ran well before. */
  readonly again: boolean
  readonly createdBy: string
  readonly createdAt: number
}

export interface Backfill extends Omit<NewBackfill, 'slots'> {
  readonly state: BackfillState
  /** Why it ended before its time. */
  readonly reason: string | null
  readonly endedAt: number | null
  readonly counts: Readonly<Record<MadeUpState, number>>
}

export interface MadeUpSlot {
  readonly slot: number
  readonly state: MadeUpState
  /** When its start was asked for. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** Why it is not as it should be, in words. */
  readonly reason: string | null
}

/** How a time ended. */
export interface MadeUpEnd {
  readonly state: 'succeeded' | 'failed' | 'skipped'
  readonly reason: string | null
}

/** What one server keeps: backfills of the managers of its host and account. */
export interface BackfillStore {
  /** @param alongside what is written in the same transaction */
  add(backfill: NewBackfill, alongside?: (tx: Queryable) => Promise<void>): Promise<void>
  /** The same of times that no catch-up of the service has yet, however many servers ask. @returns how many there were */
  addCatchUp(backfill: NewBackfill): Promise<number>
  /** Of one service, the latest first. */
  list(service: ServiceRunKey, limit: number): Promise<readonly Backfill[]>
  get(id: string): Promise<{ readonly backfill: Backfill; readonly slots: readonly MadeUpSlot[] } | undefined>
  /** Times that wait are cancelled. `false` for one that is over. */
  cancel(id: string): Promise<boolean>
  /** Times within [first, last] of which a run that belongs to them ended well, as far as that is written in the ledger. */
  madeUp(service: ServiceRunKey, first: number, last: number): Promise<ReadonlySet<number>>

  /**
   * Takes, and keeps for some seconds more, the work that nobody else has: of each service the oldest that is not over.
   * @returns all that `holder` has now
   */
  hold(holder: string, scopes: readonly ServiceRunKey['scope'][]): Promise<readonly Backfill[]>
  /** Gives it back. */
  release(holder: string): Promise<void>
  /**
   * The next time that waits is `running`, the oldest first; `undefined`: none does, it is being cancelled, or somebody else has the work.
   * @param now by the clock of this host
   */
  next(id: string, holder: string, now: number): Promise<number | undefined>
  /** Those that are `running`. */
  underWay(id: string): Promise<readonly MadeUpSlot[]>
  settle(id: string, slot: number, end: MadeUpEnd): Promise<void>
  /** It never began. */
  putBack(id: string, slot: number): Promise<void>
  /** Unless something of it runs or waits, or somebody else has the work. @param reason why it ends before its time: then what waits is cancelled */
  end(id: string, holder: string, reason?: string): Promise<boolean>
}
