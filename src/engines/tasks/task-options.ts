/**
 * The options of a task: what users write, and what it comes to once checked.
 * How often and how long it is tried is read by `task-policy.ts`.
 */
import type { AnyFunction } from '../../kernel/any-function.ts'
import type { RetryPolicy } from '../../kernel/backoff.ts'
import type { DurationInput } from '../../kernel/duration.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { describeValue, refuseUnknown } from './check-options.ts'
import { type AlertsInput, type TaskAlerts, alertsFor } from './task-alerts.ts'
import { type TaskHooks, readHooks } from './task-hooks.ts'
import { type AnyLogger, readLogger } from './task-log.ts'
import { type Retries, type RetryIf, type TaskPolicy, directRetries, readPolicy, spanMs, wholeNumber } from './task-policy.ts'

export type { AnyFunction }

export interface TaskOptions<F extends AnyFunction = AnyFunction, R extends boolean = boolean> {
  /** Default: the name of the function. */
  readonly name?: string
  /** `true`: a call rejects with the last error of the function. `false`, the default: it resolves to a TaskFailure. */
  readonly required?: R
  /**
   * A number n means n more tries after the first; a policy says more. Default: a direct call is tried once,
   * a job 3 times. Delays of a direct call: 1 s, doubling up to 60 s, full jitter; of a job: 30 s, doubling up to an hour.
   */
  readonly retries?: Retries
  /** Whether an error is worth another try. Default: every one but a NonRetryableError. */
  readonly retryIf?: RetryIf
  /** Time-out of one attempt: seconds, or text such as `'5m'`. Default: none. */
  readonly timeout?: DurationInput
  /** Of a direct call with all its attempts and delays: no attempt begins after it, and it ends the one that runs. Default: none. */
  readonly totalTimeout?: DurationInput
  /** Who is told when a direct call starts, fails at an attempt, finishes. Default: nobody. */
  readonly alerts?: AlertsInput
  /** Where its lines go. Default: the log of the process (`taskflows/logging`). */
  readonly logger?: AnyLogger
  readonly hooks?: TaskHooks
  /** Aborting it ends every direct call as `cancelled`, with the signal's reason as its error. */
  readonly signal?: AbortSignal
  /** How many direct calls run at once in this process; further ones wait in their order. Default: 0, any number. */
  readonly concurrency?: number
  /** Direct calls with equal keys share one run, and its result for `cacheFor`. `undefined`: this call does not. Default: none does. */
  readonly cacheKey?: (...args: Parameters<F>) => string | undefined
  /** How long results are kept, in memory, of successes only; the last 1000 of them. */
  readonly cacheFor?: DurationInput
  /** Each attempt of a direct call runs in a process of its own, which is ended with all its children when its time is up. Default: false. */
  readonly isolate?: boolean
}

/** The options, checked. */
export interface TaskSettings {
  /** For jobs: only what was said. */
  readonly policy: TaskPolicy
  /** The rest is for direct calls. */
  readonly required: boolean
  readonly retries: RetryPolicy
  readonly totalTimeoutMs: number | undefined
  readonly alerts: TaskAlerts | undefined
  readonly log: Log | undefined
  readonly hooks: TaskHooks | undefined
  readonly signal: AbortSignal | undefined
  /** 0: any number. */
  readonly concurrency: number
  readonly cache: { readonly keyOf: (...args: readonly unknown[]) => unknown; readonly keepMs: number } | undefined
  readonly isolate: boolean
}

const names = [
  'name', 'required', 'retries', 'retryIf', 'timeout', 'totalTimeout', 'alerts', 'logger', 'hooks', 'signal', 'concurrency', 'cacheKey', 'cacheFor', 'isolate',
] as const satisfies (keyof TaskOptions)[]
const mostAtOnce = 1_000_000

/** Those that say something. @throws TypeError unless it is an object of options that exist */
export function knownOptions(options: unknown): TaskOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw new TypeError(`Expected the options of a task to be an object, got ${describeValue(options)}`)
  refuseUnknown('', options, names)
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** @throws TypeError, naming the option, when one has the wrong form */
export function readOptions(given: unknown): TaskSettings {
  const options = knownOptions(given)
  const policy = readPolicy(options)
  return {
    policy,
    required: yesOrNo('required', options.required),
    retries: directRetries(policy),
    totalTimeoutMs: options.totalTimeout === undefined ? undefined : spanMs('totalTimeout', options.totalTimeout),
    alerts: options.alerts === undefined ? undefined : alertsFor(options.alerts),
    log: options.logger === undefined ? undefined : readLogger(options.logger),
    hooks: options.hooks === undefined ? undefined : readHooks(options.hooks),
    signal: readSignal(options.signal),
    concurrency: options.concurrency === undefined ? 0 : wholeNumber('concurrency', options.concurrency, 0, mostAtOnce),
    cache: readCache(options),
    isolate: yesOrNo('isolate', options.isolate),
  }
}

const longestName = 255

/** @throws TypeError unless it is a usable name */
export function readName(name: unknown): string {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= longestName) return name
  throw new TypeError(`Expected \`name\` of a task to be 1 to ${longestName} characters, got ${JSON.stringify(name)}; an anonymous function needs { name }`)
}

function yesOrNo(name: string, given: unknown): boolean {
  if (given === undefined || typeof given === 'boolean') return given ?? false
  throw new TypeError(`Expected \`${name}\` to be true or false, got ${describeValue(given)}`)
}

function readSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal
  throw new TypeError(`Expected \`signal\` to be an AbortSignal, got ${describeValue(signal)}`)
}

/** Test environments bring an AbortSignal of their own, so the class tells nothing. */
function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'reason' in value && 'addEventListener' in value
}

function readCache({ cacheKey, cacheFor }: TaskOptions): TaskSettings['cache'] {
  if (cacheKey === undefined && cacheFor === undefined) return undefined
  if (typeof cacheKey !== 'function') throw new TypeError(`Expected \`cacheKey\` to be a function of the arguments, got ${describeValue(cacheKey)}`)
  if (cacheFor === undefined) throw new TypeError('Expected `cacheFor` to say how long results are kept, since `cacheKey` is given')
  return { keyOf: cacheKey, keepMs: spanMs('cacheFor', cacheFor) }
}
