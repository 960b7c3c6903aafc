/**
 * A task: a function with a policy. Plain data branded with a registered
 * symbol, so that a module that resolved another copy of this package still
 * defines tasks that this copy knows.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts'
import { type DurationInput, durationMs } from '../../kernel/duration.ts'
import { TaskflowsError } from '../../kernel/errors.ts'

const brand = Symbol.for('taskflows.task')
const nonRetryable = Symbol.for('taskflows.non-retryable')

export interface TaskOptions {
  /** Default: the name of the function. */
  readonly name?: string
  /**
   * A number n means n more tries after the first (`maxAttempts` n + 1); a policy says more.
   * Without it a job of this task gets 3 attempts, 30 s doubling up to an hour.
   */
  readonly retries?: number | (Partial<RetryPolicy> & { readonly retryIf?: (error: unknown) => boolean })
  /** Time-out of one attempt: seconds, or text such as `'5m'`. Default: none. */
  readonly timeout?: DurationInput
}

/** What a task says about its tries, as far as it says anything. */
export interface TaskPolicy {
  readonly maxAttempts?: number
  readonly timeoutMs?: number
  readonly retry?: Partial<Omit<RetryPolicy, 'maxAttempts'>>
  /** Whether an error is worth another try. Default: every one is. */
  readonly retryIf?: (error: unknown) => boolean
}

// oxlint-disable-next-line typescript/no-explicit-any -- a function of any arguments; its own type is kept
export type AnyFunction = (...args: any[]) => unknown

/** A function that can be called as it is, and run as a job under its name. */
export type Task<F extends AnyFunction = AnyFunction> = F & { readonly [brand]: TaskDefinition<F> }

export interface TaskDefinition<F extends AnyFunction = AnyFunction> {
  readonly name: string
  readonly fn: F
  readonly policy: TaskPolicy
}

const longestName = 255

/**
 * Makes a task of a function.
 *
 * @throws TypeError, naming the option, when an option has the wrong form
 * @example
 * export const resize = task(async ({ path }: { path: string }) => shrink(path), { name: 'resize', retries: 5, timeout: '2m' })
 */
export function task<F extends AnyFunction>(fn: F, { name = fn?.name, retries, timeout }: TaskOptions = {}): Task<F> {
  if (typeof fn !== 'function') throw new TypeError(`Expected the first argument of \`task\` to be a function, got ${typeof fn}`)
  const definition: TaskDefinition<F> = { name: checkedName(name), fn, policy: { ...policyOf(retries), ...(timeout === undefined ? {} : { timeoutMs: timeoutOf(timeout) }) } }
  const called = function (this: unknown, ...args: Parameters<F>) {
    return fn.apply(this, args)
  } as unknown as F
  return Object.assign(called, { [brand]: definition }) as Task<F>
}

function checkedName(name: unknown): string {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= longestName) return name
  throw new TypeError(`Expected \`name\` of a task to be 1 to ${longestName} characters, got ${JSON.stringify(name)}; an anonymous function needs { name }`)
}

function timeoutOf(timeout: DurationInput): number {
  const ms = durationMs('timeout', timeout)
  if (ms > 0) return ms
  throw new TypeError('Expected `timeout` to be longer than nothing, got 0')
}

function policyOf(retries: TaskOptions['retries']): TaskPolicy {
  if (retries === undefined) return {}
  if (typeof retries === 'number') return { maxAttempts: wholeNumber('retries', retries, 0, 99) + 1 }
  const { maxAttempts, retryIf, ...retry } = retries
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts: wholeNumber('retries.maxAttempts', maxAttempts, 1, 100) }),
    ...(Object.keys(retry).length === 0 ? {} : { retry: checkedRetry(retry) }),
    ...(retryIf === undefined ? {} : { retryIf }),
  }
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new TypeError(`Expected \`${name}\` to be a whole number from ${min} to ${max}, got ${String(value)}`)
}

const strategies = ['fixed', 'linear', 'exponential']
const jitters = ['full', 'equal', 'none']

function checkedRetry(retry: Partial<Omit<RetryPolicy, 'maxAttempts'>>): Partial<Omit<RetryPolicy, 'maxAttempts'>> {
  const { strategy, jitter, baseDelaySeconds, maxDelaySeconds } = retry
  if (strategy !== undefined && !strategies.includes(strategy)) throw new TypeError(`Expected \`retries.strategy\` to be one of ${strategies.join(', ')}, got ${JSON.stringify(strategy)}`)
  if (jitter !== undefined && !jitters.includes(jitter)) throw new TypeError(`Expected \`retries.jitter\` to be one of ${jitters.join(', ')}, got ${JSON.stringify(jitter)}`)
  for (const [name, seconds] of Object.entries({ baseDelaySeconds, maxDelaySeconds })) {
    if (seconds !== undefined && !(Number.isFinite(seconds) && seconds >= 0)) throw new TypeError(`Expected \`retries.${name}\` to be a number of seconds, 0 or more, got ${String(seconds)}`)
  }
  return retry
}

/** Whether a value is a task, of this copy of the package or another. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'function' && brand in value
}

/** The name, the function and the policy of a task. */
export function definitionOf<F extends AnyFunction>(value: Task<F>): TaskDefinition<F> {
  return value[brand]
}

/**
 * Throw it (or a subclass) from a task when another try cannot help: the job is
 * FAILED at once, whatever budget is left.
 */
export class NonRetryableError extends Error {
  override readonly name: string = 'NonRetryableError'
  readonly [nonRetryable] = true
}

/** Whether an error asks not to be tried again. */
export function isNonRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && nonRetryable in error
}

/**
 * Tasks by name, for a module that prefers names as keys:
 * `export default defineJobs({ resize: fn, 'send-mail': task(fn, { retries: 5 }) })`. The key is the name.
 */
export function defineJobs(jobs: Readonly<Record<string, AnyFunction>>): Readonly<Record<string, Task>> {
  return Object.fromEntries(Object.entries(jobs).map(([name, fn]) => [name, renamed(name, fn)]))
}

function renamed(name: string, fn: AnyFunction): Task {
  if (!isTask(fn)) return task(fn, { name })
  const { fn: inner, policy } = definitionOf(fn)
  return Object.assign((...args: unknown[]) => inner(...args), { [brand]: { name: checkedName(name), fn: inner, policy } }) as Task
}

/** Node gives an empty file, which it takes for CommonJS, an empty default export under two names. */
function exportsOf(module: Readonly<Record<string, unknown>>): string {
  const empty = (name: string): boolean => ['default', 'module.exports'].includes(name) && Object.keys(Object(module[name])).length === 0
  return Object.keys(module).filter((name) => !empty(name)).join(', ') || 'no exports'
}

/**
 * The tasks that a module exports: each export that is a task, and each task in an exported plain object (`defineJobs`).
 * @throws `module.no_tasks`, and `task.invalid` when two different tasks share a name
 */
export function tasksOf(module: Readonly<Record<string, unknown>>, source: string): Map<string, TaskDefinition> {
  const found = new Map<string, TaskDefinition>()
  const add = (value: unknown): void => {
    if (!isTask(value)) return
    const definition = definitionOf(value)
    const other = found.get(definition.name)
    if (other && other.fn !== definition.fn) throw new TaskflowsError('task.invalid', `${source} defines two tasks named "${definition.name}"`, { details: { name: definition.name, source }, hint: 'Give one of them another name.' })
    found.set(definition.name, definition)
  }
  for (const exported of Object.values(module)) {
    add(exported)
    if (typeof exported === 'object' && exported !== null) Object.values(exported).forEach(add)
  }
  if (found.size > 0) return found
  throw new TaskflowsError('module.no_tasks', `${source} exports no tasks; found ${exportsOf(module)}`, { details: { source } })
}
