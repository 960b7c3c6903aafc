/**
 * Facts on their way to the event log: told at once, written soon, and again
 * while the database is away. `append-events.ts` writes them.
 */
import type { Clock } from '../clock.ts'
import { type NewEvent, appendEventsOnce } from './append-events.ts'
import type { Database } from './database.ts'

export interface EventOutbox extends AsyncDisposable {
  tell(events: readonly NewEvent[]): void
}

export interface EventOutboxParts {
  readonly database: Database
  readonly clock: Clock
  /** Who else may tell of the same. */
  readonly by: string
  /** Facts that are not written yet are tried again. */
  readonly onError: (error: unknown) => void
}

const atOnce = 500
/** What is kept while the database is away; of more the oldest are dropped. */
const mostWaiting = 10_000
const [firstDelayMs, longestDelayMs] = [500, 30_000]

export function createEventOutbox({ database, clock, by, onError }: EventOutboxParts): EventOutbox {
  const over = new AbortController()
  let waiting: NewEvent[] = []
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    for (let delay = firstDelayMs; waiting.length > 0;) {
      const batch = waiting.slice(0, atOnce)
      try {
        await appendEventsOnce(database, by, batch)
        waiting = waiting.filter((event) => !batch.includes(event))
        delay = firstDelayMs
      } catch (error) {
        onError(error)
        if (over.signal.aborted) return
        await clock.sleep(delay, over.signal)
        delay = Math.min(delay * 2, longestDelayMs)
      }
    }
  }

  return {
    tell: (events) => {
      waiting = [...waiting, ...events].slice(-mostWaiting)
      writing ??= write().finally(() => { writing = undefined })
    },
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await writing
    },
  }
}
