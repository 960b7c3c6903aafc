/**
 * Follows the event log for many at once, at the price of one.
 *
 *   the log ──one look every 100 ms──► pages of the last seconds ──► followers
 *      └────────────── on their own way, up to one of the pages ────────┘
 *
 * A follower that comes, or that was too slow for the pages to be kept, reads
 * the log from its place up to a snapshot at which a page begins, and then goes
 * from page to page: nothing is lost and nothing doubled, however slow it is,
 * and nothing is kept for it. `event-tail.ts` makes the pages.
 */
import type { Clock } from '../clock.ts'
import { TaskflowsError } from '../errors.ts'
import type { EventBatch } from '../events.ts'
import { type EventPage, pageOf } from './event-page.ts'
import { type Position, beginning, behindWindow, readCursor, upTo, writeCursor } from './event-position.ts'
import { type EventReader, type Sieve, cursorFault, leavesOut, placeOf } from './event-reader.ts'
import { type Entrance, type EventTail, createEventTail, pageFacts } from './event-tail.ts'

export interface Start {
  readonly cursor: string | undefined
  /** Without a cursor: whether to begin with the first fact that passes, instead of with what comes. */
  readonly fromStart: boolean
  readonly sieve: Sieve
}

export interface EventFeed {
  /** @throws `cursor.invalid`, `cursor.gone`, and what the database throws on the own way */
  follow(start: Start, signal: AbortSignal): AsyncGenerator<EventBatch, void>
}

/** A follower hears at least this often where it stands. */
const quietMs = 15_000

export function createEventFeed({ reader, clock }: { readonly reader: EventReader; readonly clock: Clock }): EventFeed {
  const tail = createEventTail({ reader, clock })
  const ownWay = createOwnWay(reader)
  return {
    async *follow(start, signal) {
      const bell = createBell()
      tail.join(bell.ring)
      signal.addEventListener('abort', bell.ring)
      try {
        await tail.advance()
        yield* new Follower(start, signal, { tail, ownWay, bell, clock }).batches()
      } finally {
        signal.removeEventListener('abort', bell.ring)
        tail.leave(bell.ring)
      }
    },
  }
}

interface Parts {
  readonly tail: EventTail
  readonly ownWay: OwnWay
  readonly bell: Bell
  readonly clock: Clock
}

interface Bell {
  ring(): void
  /** Resolves at the next ring. */
  heard(): Promise<void>
}

function createBell(): Bell {
  let hear = () => {}
  return {
    ring: () => hear(),
    heard: () => new Promise((resolve) => { hear = resolve }),
  }
}

class Follower {
  readonly #start: Start
  readonly #signal: AbortSignal
  readonly #parts: Parts
  /** Behind what was handed out, and behind what was left out since. */
  #at: Position
  #spokeAt = -Infinity

  constructor(start: Start, signal: AbortSignal, parts: Parts) {
    this.#start = start
    this.#signal = signal
    this.#parts = parts
    const { position } = parts.tail
    this.#at = start.cursor !== undefined ? readCursor(start.cursor, position.of) : start.fromStart ? beginning(position.of) : position
  }

  async *batches(): AsyncGenerator<EventBatch, void> {
    while (!this.#signal.aborted) {
      const entrance = await this.#findEntrance()
      yield* this.#goTo(entrance)
      yield* this.#goAlong(entrance)
    }
  }

  async #findEntrance(): Promise<Entrance> {
    const { tail } = this.#parts
    const found = tail.entrance(this.#at.until ?? this.#at.seen)
    if (found) return found
    await tail.advance()
    return { at: tail.position, next: tail.next }
  }

  /** The own way through the log. */
  async *#goTo({ at: goal }: Entrance): AsyncGenerator<EventBatch, void> {
    using way = this.#parts.ownWay.enter()
    while (this.#at.until !== null || this.#at.seen !== goal.seen) {
      const page = await way.read(upTo(this.#at, goal.seen!), this.#start.sieve).catch((error: unknown) => { throw cursorFault(error, this.#start.cursor) })
      if (this.#signal.aborted) return
      const batch = page.behind(this.#at.seq, this.#at.place)
      this.#at = page.end
      if (batch.items.length > 0 || this.#wasQuiet()) yield* this.#say(batch)
    }
    // The same place; it may know better which partitions matter from here on.
    this.#at = goal
  }

  /** From page to page, until one is not there any more. */
  async *#goAlong({ next }: Entrance): AsyncGenerator<EventBatch, void> {
    const { tail, bell } = this.#parts
    while (!this.#signal.aborted) {
      if (next < tail.next) {
        const page = tail.page(next)
        if (page === undefined) return
        next += 1
        const batch = page.sifted(this.#start.sieve)
        this.#at = page.end
        if (batch.items.length > 0) yield* this.#say(batch)
      } else {
        if (tail.position.of !== this.#at.of) throw new TaskflowsError('cursor.gone', 'the database was replaced by another one')
        this.#at = tail.position
        if (this.#wasQuiet()) yield* this.#say({ items: [], cursor: writeCursor(this.#at) })
        else await bell.heard()
      }
    }
  }

  *#say(batch: EventBatch): Generator<EventBatch, void> {
    yield batch
    this.#spokeAt = this.#parts.clock.now()
  }

  #wasQuiet(): boolean {
    return this.#parts.clock.now() - this.#spokeAt >= quietMs
  }
}

/** After a restart all followers come back to nearly the same place at once: they read it once. */
interface OwnWay {
  /** What was read is kept while somebody is under way. */
  enter(): Disposable & {
    /** The next facts of the window, and some that came shortly before `at` in its row. */
    read(at: Position, sieve: Sieve): Promise<EventPage>
  }
}

/** Rows that are looked at may hold few facts that are wanted. */
const ownLook = 5_000
const sharedReads = 32

function createOwnWay(reader: EventReader): OwnWay {
  const recent = new Map<string, Promise<EventPage>>()
  let underWay = 0
  const read = (at: Position, sieve: Sieve): Promise<EventPage> => {
    const most = leavesOut(sieve) ? ownLook : pageFacts
    // Those who were cut off within a row begin alike, too.
    const start = { ...at, place: at.place - (at.place % most) }
    const key = JSON.stringify([writeCursor(start), sieve])
    const known = recent.get(key)
    if (known) return known
    const page = readPage(reader, start, sieve, most)
    recent.set(key, page)
    if (recent.size > sharedReads) recent.delete(recent.keys().next().value!)
    page.catch(() => recent.delete(key))
    return page
  }
  return {
    enter: () => {
      underWay += 1
      return {
        read,
        [Symbol.dispose]: () => {
          underWay -= 1
          if (underWay === 0) recent.clear()
        },
      }
    },
  }
}

async function readPage(reader: EventReader, start: Position, sieve: Sieve, most: number): Promise<EventPage> {
  const rows = await reader.look(start, sieve, most)
  return pageOf(start, rows, rows.length < most ? behindWindow(start, start.day) : placeOf(start, rows.at(-1)!))
}
