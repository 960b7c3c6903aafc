/**
 * How long to wait before the next try. Pure: randomness is passed in.
 */

/** When and how often to try again. A plain number of seconds is meant wherever a field ends in `Seconds`. */
export interface RetryPolicy {
  /** All tries, the first included. 1 means: never again. */
  readonly maxAttempts: number
  /** `fixed` waits the base delay each time, `linear` n times the base, `exponential` doubles it each time. */
  readonly strategy: 'fixed' | 'linear' | 'exponential'
  readonly baseDelaySeconds: number
  /** The longest wait, whatever the strategy says. */
  readonly maxDelaySeconds: number
  /**
   * `full` draws from nothing up to the whole delay, `equal` from half up to the whole, `none` takes the delay itself.
   * Jitter keeps jobs that failed together from coming back together.
   */
  readonly jitter: 'full' | 'equal' | 'none'
}

/**
 * Milliseconds to wait after the failed try number `attempt` (from 1).
 * @param random a number in [0, 1), so that tests decide.
 */
export function retryDelay(policy: RetryPolicy, attempt: number, random: number): number {
  const { strategy, baseDelaySeconds: base, maxDelaySeconds: cap, jitter } = policy
  const growth = strategy === 'fixed' ? 1 : strategy === 'linear' ? attempt : 2 ** (attempt - 1)
  const whole = Math.min(base * growth, cap) * 1000
  switch (jitter) {
    case 'none':
      return Math.round(whole)
    case 'equal':
      return Math.round(whole / 2 + (whole / 2) * random)
    case 'full':
      return Math.round(whole * random)
    default:
      return jitter satisfies never
  }
}
