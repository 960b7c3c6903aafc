/** What is told at once and written soon: in batches, in order, and again while whoever takes it is away. */
import type { Clock } from './clock.ts'

export interface Outbox<T> extends AsyncDisposable {
  tell(items: readonly T[]): void
}

export interface OutboxParts<T> {
  readonly write: (batch: readonly T[]) => Promise<unknown>
  readonly clock: Clock
  /** What is not written yet is tried again. */
  readonly onError: (error: unknown) => void
}

const atOnce = 500
/** What is kept while nobody takes it; of more the oldest are dropped. */
const mostWaiting = 10_000
const [firstDelayMs, longestDelayMs] = [500, 30_000]

export function createOutbox<T>({ write, clock, onError }: OutboxParts<T>): Outbox<T> {
  const over = new AbortController()
  let waiting: T[] = []
  let writing: Promise<void> | undefined

  const writeAll = async (): Promise<void> => {
    for (let delay = firstDelayMs; waiting.length > 0;) {
      const batch = waiting.slice(0, atOnce)
      try {
        await write(batch)
        const written = new Set(batch)
        waiting = waiting.filter((item) => !written.has(item))
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
    tell: (items) => {
      if (items.length === 0) return
      waiting = [...waiting, ...items].slice(-mostWaiting)
      writing ??= writeAll().finally(() => { writing = undefined })
    },
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await writing
    },
  }
}
