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
  /** Calls `wake` once after `ms`, unless it is disposed of before. Costs less than a sleep that is aborted. */
  timer(ms: number, wake: () => void): Disposable
}

/** setTimeout fires at once when asked for more than this. */
const longestTimer = 2_147_483_647

export const systemClock: Clock = clockWith((timeout) => timeout)

/** The same for work behind the scenes: a process that has nothing else to do does not wait for it. */
export const backgroundClock: Clock = clockWith((timeout) => timeout.unref())

function clockWith(started: (timeout: NodeJS.Timeout) => NodeJS.Timeout): Clock {
  const timer = (ms: number, wake: () => void): Disposable => {
    if (ms > longestTimer) return longTimer(ms, wake)
    const timeout = started(setTimeout(wake, Math.max(0, ms)))
    // Not the timeout itself: those of fake timers in users' tests cannot be disposed of.
    return { [Symbol.dispose]: () => clearTimeout(timeout) }
  }
  const longTimer = (ms: number, wake: () => void): Disposable => {
    let current = timer(longestTimer, () => { current = timer(ms - longestTimer, wake) })
    return { [Symbol.dispose]: () => current[Symbol.dispose]() }
  }
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      waiting[Symbol.dispose]()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const waiting = timer(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
  return { now: () => Date.now(), sleep, timer }
}
