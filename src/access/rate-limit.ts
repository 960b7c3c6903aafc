/**
 * How often somebody may ask: a token bucket per key, in the memory of this
 * server. Pure but for what it remembers; the time is passed in.
 *
 * A bucket is one number, the moment at which it will be full again: each
 * charge moves it on by the time that refills it ("virtual scheduling" of the
 * generic cell rate algorithm, ITU-T I.371). A bucket that is full is the same
 * as one that was forgotten, so idle callers cost nothing.
 */

export interface Rate {
  readonly perSecond: number
  /** How much may be asked at once after a pause. */
  readonly burst: number
}

/** After a pause a caller may make the requests of two seconds at once. */
export function rateOf(perSecond: number): Rate {
  return { perSecond, burst: perSecond * 2 }
}

export interface RateLimiter {
  /** How long until the next request of `key` is within the rate, in milliseconds; 0 when it is now. */
  wait(key: string, rate: Rate, nowMs: number): number
  /** Counts a request, also one beyond the rate: what is overdrawn is waited for. */
  charge(key: string, rate: Rate, nowMs: number): void
}

/** Who overdrew by far, or whose server's clock was set back, waits this long beyond an empty bucket and no longer. */
const longestDebtMs = 60_000

/** @param mostKeys beyond these the idle are forgotten, and if that is not enough those longest known */
export function createRateLimiter(mostKeys = 20_000): RateLimiter {
  const fullAt = new Map<string, number>()

  const capped = (full: number, { perSecond, burst }: Rate, nowMs: number): number => Math.min(full, nowMs + (burst * 1000) / perSecond + longestDebtMs)
  const fullAgain = (key: string, rate: Rate, nowMs: number): number => capped(Math.max(fullAt.get(key) ?? nowMs, nowMs), rate, nowMs)

  const forget = (nowMs: number): void => {
    for (const [key, full] of fullAt) if (full <= nowMs) fullAt.delete(key)
    // To half, so that not every newcomer has all of them looked through.
    let tooMany = fullAt.size - mostKeys / 2
    for (const key of fullAt.keys()) if (tooMany-- > 0) fullAt.delete(key)
  }

  return {
    // It must hold one more than it lacks: what is missing until full, and this request, fit into the burst.
    wait: (key, rate, nowMs) => Math.max(0, fullAgain(key, rate, nowMs) + ((1 - rate.burst) * 1000) / rate.perSecond - nowMs),
    charge: (key, rate, nowMs) => {
      fullAt.set(key, capped(fullAgain(key, rate, nowMs) + 1000 / rate.perSecond, rate, nowMs))
      if (fullAt.size > mostKeys) forget(nowMs)
    },
  }
}
