/**
 * The event log as pages: what `GET /events` answers. Positions and their
 * order are in `event-position.ts`, the statements in `event-reader.ts`, and
 * what goes on after the last page in `event-feed.ts`.
 */
import { type Clock, systemClock } from '../clock.ts'
import type { EventLog, EventQuery, EventView } from '../events.ts'
import type { Scope } from '../scope.ts'
import type { Database } from './database.ts'
import { createEventFeed } from './event-feed.ts'
import { beginning, behindWindow, readCursor, upTo, writeCursor } from './event-position.ts'
import { type EventReader, createEventReader, cursorFault, leavesOut, placeOf, sieveOf, viewOf } from './event-reader.ts'

/** Looked at in one statement when most of it may be filtered out. */
const largestLook = 5_000
/** Statements for one page. A page that is not full then has a cursor all the same. */
const looksAtMost = 20

export function createEventLog(database: Database, clock: Clock = systemClock): EventLog {
  const reader = createEventReader(database)
  const feed = createEventFeed({ reader, clock })
  return {
    list: (scope, query) => readPage(reader, scope, query),
    follow: (scope, { cursor, ...filter }, signal) => feed.follow({ cursor, sieve: sieveOf(scope, filter), fromStart: filter.since !== undefined }, signal),
  }
}

async function readPage(reader: EventReader, scope: Scope, { cursor, limit, ...filter }: EventQuery): Promise<{ items: EventView[]; nextCursor: string }> {
  const now = await reader.present()
  const sieve = sieveOf(scope, filter)
  const items: EventView[] = []
  let at = upTo(cursor === undefined ? beginning(now.of) : readCursor(cursor, now.of), now.snapshot)
  const lateDay = at.until === now.snapshot ? now.day : at.day
  const sparse = leavesOut(sieve) || at.passed !== null
  for (let look = 0; look < looksAtMost; look += 1) {
    const most = sparse ? largestLook : limit - items.length
    const rows = await reader.look(at, sieve, most).catch((error: unknown) => { throw cursorFault(error, cursor) })
    for (const row of rows) {
      at = placeOf(at, row)
      if (row.wanted) items.push(viewOf(row))
      if (items.length === limit) return { items, nextCursor: writeCursor(at) }
    }
    // Everything up to the snapshot was looked at: from now on, what comes after it.
    if (rows.length < most) return { items, nextCursor: writeCursor(behindWindow(at, lateDay)) }
  }
  return { items, nextCursor: writeCursor(at) }
}
