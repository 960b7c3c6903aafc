/** A sleep that somebody else can cut short. */
import type { Clock } from './clock.ts'

export interface Nap {
  /** Resolves after `ms`, or when woken. One at a time. */
  sleep(ms: number): Promise<void>
  /** Ends the sleep, if there is one. */
  wake(): void
}

export function createNap(clock: Clock): Nap {
  let asleep: AbortController | undefined
  return {
    sleep: async (ms) => {
      asleep = new AbortController()
      await clock.sleep(ms, asleep.signal)
      asleep = undefined
    },
    wake: () => asleep?.abort(),
  }
}
