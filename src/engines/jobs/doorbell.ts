/**
 * A doorbell: whoever waits is woken when it rings, and a ring that came
 * before the wait, but after `rung` was read, is not missed.
 */
import type { Clock } from '../../kernel/clock.ts'

export interface Doorbell {
  /** How often it has rung. */
  readonly rung: number
  /** Costs next to nothing while nobody waits. */
  ring(this: void): void
  /** Resolves when it rings, at once if it has rung since `seen`, after `ms`, or when `signal` aborts. */
  wait(seen: number, ms: number, clock: Clock, signal: AbortSignal): Promise<void>
}

export function doorbell(): Doorbell {
  let rung = 0
  const waiting = new Set<AbortController>()
  return {
    get rung() { return rung },
    ring: () => {
      rung += 1
      if (waiting.size === 0) return
      // Without a reason of ours each call would make an exception, stack and all.
      for (const waiter of waiting) waiter.abort(null)
      waiting.clear()
    },
    wait: async (seen, ms, clock, signal) => {
      if (rung !== seen || signal.aborted) return
      const waiter = new AbortController()
      const wake = () => waiter.abort(null)
      waiting.add(waiter)
      signal.addEventListener('abort', wake, { once: true })
      await clock.sleep(ms, waiter.signal)
      signal.removeEventListener('abort', wake)
      waiting.delete(waiter)
    },
  }
}
