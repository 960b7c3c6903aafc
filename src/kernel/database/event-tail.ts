/**
 * Reads the end of the event log on and on while somebody wants it, and keeps
 * the pages of the last seconds. `event-feed.ts` hands them out.
 */
import type { Clock } from '../clock.ts'
import { createNap } from '../nap.ts'
import { type EventPage, pageOf } from './event-page.ts'
import { type Position, behind, behindWindow, includes, upTo } from './event-position.ts'
import { type EventReader, everything, placeOf } from './event-reader.ts'

/** A place from which pages go on. */
export interface Entrance {
  readonly at: Position
  /** The number of the first page behind it. */
  readonly next: number
}

export interface EventTail {
  /** Reads from now on. @param onNews called whenever there are new pages, and every second */
  join(onNews: () => void): void
  /** With the last that leaves, reading ends. */
  leave(onNews: () => void): void
  /** Reads all that is in the log at the time of the call. @throws what the database throws */
  advance(): Promise<void>
  /** Behind the newest page, and behind all after which nothing came. */
  readonly position: Position
  /** The number of the page that comes next. */
  readonly next: number
  /** `undefined` when it is not kept any more. */
  page(number: number): EventPage | undefined
  /** The oldest place whose snapshot includes this one: those who come one after the other then go the same way. */
  entrance(snapshot: string | null): Entrance | undefined
}

const lookEveryMs = 100
const tellEveryMs = 1_000
/** Facts of a page, which is what a follower gets at once. */
export const pageFacts = 1_000
/** What is kept, whoever follows. */
const keptBytes = 8_000_000
const keptPages = 200

interface Kept {
  readonly page: EventPage
  /** Where its window begins; `undefined` for later pages of a window, as nobody can enter there. */
  readonly begins: Position | undefined
}

export function createEventTail({ reader, clock }: { readonly reader: EventReader; readonly clock: Clock }): EventTail {
  const listeners = new Set<() => void>()
  const [nap, pause] = [createNap(clock), createNap(clock)]
  let position: Position | undefined
  let kept: Kept[] = []
  let bytes = 0
  let next = 0
  let running = false
  let asked: PromiseWithResolvers<void> | undefined

  const forget = (): void => {
    kept = []
    bytes = 0
  }
  const tell = (): void => {
    for (const onNews of listeners) onNews()
  }
  const keep = (page: EventPage, begins: Position | undefined): void => {
    kept.push({ page, begins })
    next += 1
    bytes += page.size
    while (kept.length > keptPages || (bytes > keptBytes && kept.length > 1)) bytes -= kept.shift()!.page.size
    tell()
  }

  const readWindow = async (start: Position, day: number): Promise<void> => {
    let begins = start.seq === 0 && start.place === 0 ? { ...start, until: null } : undefined
    for (let at = start; ; ) {
      const rows = await reader.look(at, everything, pageFacts)
      const isLast = rows.length < pageFacts
      const end = isLast ? behindWindow(at, day) : placeOf(at, rows.at(-1)!)
      position = end
      if (rows.length > 0) keep(pageOf(at, rows, end), begins)
      if (isLast) return
      begins = undefined
      at = end
    }
  }

  const look = async (): Promise<void> => {
    const now = await reader.present()
    if (position?.of !== now.of) {
      forget()
      position = behind(now.of, now.snapshot, now.day)
      return tell()
    }
    // A window that a break of the connection left half read.
    if (position.until !== null) await readWindow(position, position.day)
    // While nothing is committed the snapshot stays the same.
    if (position.seen !== now.snapshot) await readWindow(upTo(position, now.snapshot), now.day)
  }

  /** Apart from the looks, which may wait for a database that is away. */
  const tellOn = async (): Promise<void> => {
    while (listeners.size > 0) {
      await pause.sleep(tellEveryMs)
      tell()
    }
  }

  const lookOn = async (): Promise<void> => {
    while (listeners.size > 0) {
      const answering = asked
      asked = undefined
      await look().then(() => answering?.resolve(), (error: unknown) => answering?.reject(error))
      if (asked === undefined && listeners.size > 0) await nap.sleep(lookEveryMs)
    }
  }

  const run = async (): Promise<void> => {
    do await Promise.all([lookOn(), tellOn()])
    while (listeners.size > 0)
    running = false
    position = undefined
    forget()
  }

  return {
    join: (onNews) => {
      listeners.add(onNews)
      if (running) return
      running = true
      void run()
    },
    leave: (onNews) => {
      listeners.delete(onNews)
      if (listeners.size > 0) return
      nap.wake()
      pause.wake()
    },
    advance: () => {
      asked ??= Promise.withResolvers()
      nap.wake()
      return asked.promise
    },
    get position() {
      return position!
    },
    get next() {
      return next
    },
    page: (number) => kept[number - (next - kept.length)]?.page,
    entrance: (snapshot) => {
      const found = kept.findIndex(({ begins }) => begins !== undefined && includes(begins.seen, snapshot))
      if (found >= 0) return { at: kept[found]!.begins!, next: next - kept.length + found }
      return position!.until === null && includes(position!.seen, snapshot) ? { at: position!, next } : undefined
    },
  }
}
