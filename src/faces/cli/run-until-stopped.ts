/** The life of `tf serve` and `tf worker`: start, say so, run until a signal or a breakdown, stop. */
import { once } from 'node:events'
import { onInterruption } from './interruption.ts'
import type { Talk } from './output/talk.ts'

export interface Stoppable {
  stop(): Promise<void>
  /** Rejects when it breaks down. */
  readonly failed: Promise<never>
}

/** What a user's module left open may not keep the process alive for longer than this after a clean stop. */
const lingerMs = 1000

export async function runUntilStopped<T extends Stoppable>(talk: Talk, start: () => Promise<T>, announce: (running: T) => void): Promise<void> {
  using interruption = onInterruption()
  const { signal } = interruption
  signal.addEventListener('abort', () => talk.note(`${signal.reason}: stopping; again to stop at once`))
  const running = await start()
  try {
    if (signal.aborted) return
    announce(running)
    await Promise.race([running.failed, once(signal, 'abort')])
  } finally {
    await running.stop()
    talk.note('stopped')
    setTimeout(() => process.exit(), lingerMs).unref()
  }
}
