/** Facts that were read at once, and the batches that are made of them: one for all followers with the same filter. */
import type { EventBatch, FollowedEvent } from '../events.ts'
import { type Position, writeCursor } from './event-position.ts'
import { type EventRow, type Sieve, passes, placeOf, viewOf } from './event-reader.ts'

export interface EventPage {
  /** Behind what was looked at. */
  readonly end: Position
  /** About as many bytes as it takes on the wire. */
  readonly size: number
  /** All wanted facts of the page. */
  readonly whole: EventBatch
  /** Those behind a place in one of its rows. */
  behind(seq: number, place: number): EventBatch
  /** Those that pass. */
  sifted(sieve: Sieve): EventBatch
}

/** A fact without its data. */
const factBytes = 350

/** @param window to which the rows belong */
export function pageOf(window: Position, rows: readonly EventRow[], end: Position): EventPage {
  const wanted = rows.filter((row) => row.wanted)
  const items = wanted.map((row): FollowedEvent => ({ cursor: writeCursor(placeOf(window, row)), event: viewOf(row) }))
  const cursor = writeCursor(end)
  const whole: EventBatch = { items, cursor }
  const part = (keep: (row: EventRow) => boolean): EventBatch => {
    const kept = items.filter((_, at) => keep(wanted[at]!))
    return kept.length === items.length ? whole : { items: kept, cursor }
  }
  const oldest = Math.min(...wanted.map(({ at }) => at))
  const made = new Map<string, EventBatch>()
  return {
    end,
    size: wanted.reduce((sum, { data }) => sum + factBytes + (data?.length ?? 0), 0),
    whole,
    behind: (seq, place) => part((row) => row.seq !== seq || row.place > place),
    sifted: (given) => {
      // Followers that began at different times want the same from here on.
      const sieve = given.since !== null && given.since <= oldest ? { ...given, since: null } : given
      const key = JSON.stringify(sieve)
      const known = made.get(key) ?? part((row) => passes(row, sieve))
      made.set(key, known)
      return known
    },
  }
}
