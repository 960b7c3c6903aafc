/**
 * How often and how long a task is tried: what its options say, checked. A job
 * goes by the policy as far as it says something; a direct call fills the gaps
 * with the defaults here.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts'
import { type DurationInput, durationMs } from '../../kernel/duration.ts'
import { describeValue, refuseUnknown } from './check-options.ts'

export type RetryIf = (error: unknown) => boolean

/** A number n means n more tries after the first (`maxAttempts` n + 1); a policy says more, and is 3 attempts unless it says how many. */
export type Retries = number | (Partial<RetryPolicy> & { readonly retryIf?: RetryIf })

/** What a task says about its tries, as far as it says anything. */
export interface TaskPolicy {
  readonly maxAttempts?: number
  readonly timeoutMs?: number
  readonly retry?: Partial<Omit<RetryPolicy, 'maxAttempts'>>
  /** Whether an error is worth another try. Default: every one is. */
  readonly retryIf?: RetryIf
}

interface PolicyOptions {
  readonly retries?: Retries | undefined
  readonly retryIf?: RetryIf | undefined
  readonly timeout?: DurationInput | undefined
}

/** @throws TypeError, naming the option */
export function readPolicy({ retries, retryIf, timeout }: PolicyOptions): TaskPolicy {
  const policy = readRetries(retries)
  return {
    ...policy,
    ...(timeout === undefined ? {} : { timeoutMs: spanMs('timeout', timeout) }),
    ...(retryIf === undefined ? {} : { retryIf: readRetryIf('retryIf', retryIf) }),
  }
}

const defaultRetry: Omit<RetryPolicy, 'maxAttempts'> = { strategy: 'exponential', baseDelaySeconds: 1, maxDelaySeconds: 60, jitter: 'full' }
const attemptsOfPolicy = 3

/** When a direct call tries again: not at all unless asked to; then after 1 s, doubling up to 60 s, anywhere within (full jitter). */
export function directRetries({ maxAttempts, retry }: TaskPolicy): RetryPolicy {
  return { ...defaultRetry, ...retry, maxAttempts: maxAttempts ?? (retry === undefined ? 1 : attemptsOfPolicy) }
}

function readRetries(retries: unknown): TaskPolicy {
  if (retries === undefined) return {}
  if (typeof retries === 'number') return { maxAttempts: wholeNumber('retries', retries, 0, 99) + 1 }
  if (typeof retries !== 'object' || retries === null) throw new TypeError(`Expected \`retries\` to be a number of further tries or a retry policy, got ${describeValue(retries)}`)
  refuseUnknown('retries', retries, ['maxAttempts', 'strategy', 'baseDelaySeconds', 'maxDelaySeconds', 'jitter', 'retryIf'])
  const { maxAttempts, retryIf, ...retry } = retries as Exclude<Retries, number>
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts: wholeNumber('retries.maxAttempts', maxAttempts, 1, 100) }),
    ...(Object.keys(retry).length === 0 && maxAttempts !== undefined ? {} : { retry: readDelays(retry) }),
    ...(retryIf === undefined ? {} : { retryIf: readRetryIf('retries.retryIf', retryIf) }),
  }
}

function readRetryIf(name: string, retryIf: unknown): RetryIf {
  if (typeof retryIf === 'function') return retryIf as RetryIf
  throw new TypeError(`Expected \`${name}\` to be a function of the error, got ${describeValue(retryIf)}`)
}

const strategies = ['fixed', 'linear', 'exponential']
const jitters = ['full', 'equal', 'none']

function readDelays(retry: Partial<Omit<RetryPolicy, 'maxAttempts'>>): Partial<Omit<RetryPolicy, 'maxAttempts'>> {
  const { strategy, jitter, baseDelaySeconds, maxDelaySeconds } = retry
  if (strategy !== undefined && !strategies.includes(strategy)) throw new TypeError(`Expected \`retries.strategy\` to be one of ${strategies.join(', ')}, got ${describeValue(strategy)}`)
  if (jitter !== undefined && !jitters.includes(jitter)) throw new TypeError(`Expected \`retries.jitter\` to be one of ${jitters.join(', ')}, got ${describeValue(jitter)}`)
  for (const [name, seconds] of Object.entries({ baseDelaySeconds, maxDelaySeconds })) {
    if (seconds !== undefined && !(Number.isFinite(seconds) && seconds >= 0)) throw new TypeError(`Expected \`retries.${name}\` to be a number of seconds, 0 or more, got ${describeValue(seconds)}`)
  }
  return Object.fromEntries(Object.entries(retry).filter(([, value]) => value !== undefined))
}

/** A whole number within bounds. @throws TypeError, naming the option */
export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new TypeError(`Expected \`${name}\` to be a whole number from ${min} to ${max}, got ${describeValue(value)}`)
}

/** Milliseconds of a duration that is longer than nothing. @throws TypeError, naming the option */
export function spanMs(name: string, given: unknown): number {
  if (typeof given !== 'number' && typeof given !== 'string') throw new TypeError(`Expected \`${name}\` to be a number of seconds or text such as '5m' or '1h 30min', got ${describeValue(given)}`)
  const ms = durationMs(name, given)
  if (ms > 0) return ms
  throw new TypeError(`Expected \`${name}\` to be longer than nothing, got ${describeValue(given)}`)
}
