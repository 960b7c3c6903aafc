/**
 * Time as a dependency. Inside the product time is epoch milliseconds.
 *
 * Due times, leases and nonces do not come from here: they use the database's
 * clock, `taskflows.now()`, so that machines need not agree with each other.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after `ms`, or as soon as `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** setTimeout fires at once when asked for more than this. */
const longestTimer = 2_147_483_647

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      let timer: NodeJS.Timeout
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const wait = (left: number): void => {
        timer = setTimeout(() => (left > longestTimer ? wait(left - longestTimer) : done()), Math.min(Math.max(0, left), longestTimer))
      }
      wait(ms)
      signal?.addEventListener('abort', done, { once: true })
    }),
}
