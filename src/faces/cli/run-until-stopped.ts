/** The life of `tf serve` and `tf worker`: start, say so, run until a signal or a breakdown, stop. */
import { once } from 'node:events'
import { onInterruption } from './interruption.ts'
import type { Talk } from './output/talk.ts'

export interface Stoppable {
  stop(): Promise<void>
  /** Rejects when it breaks down. */
  readonly failed: Promise<never>
}

/** What a user's module left open may keep the process alive for this long after the end, in milliseconds. */
const lingerMs = 1000

/** A signal during the start lets it finish and then stops. */
export async function runUntilStopped<T extends Stoppable>(talk: Pick<Talk, 'note'>, start: () => Promise<T>, announce: (running: T) => void): Promise<void> {
  using interruption = onInterruption()
  const { signal } = interruption
  signal.addEventListener('abort', () => talk.note(`${signal.reason}: stopping (once more to stop at once)`))
  try {
    const running = await start()
    try {
      if (!signal.aborted) announce(running)
      await Promise.race([running.failed, signal.aborted || once(signal, 'abort')])
    } finally {
      await running.stop()
    }
    talk.note('stopped')
  } finally {
    setTimeout(() => process.exit(), lingerMs).unref()
  }
}
