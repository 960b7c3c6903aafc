/** The errors that tasks know by name: what a function may throw to be left alone, and what a time-out throws. */
import { formatDuration } from '../../kernel/duration.ts'

const nonRetryable = Symbol.for('taskflows.non-retryable')

/**
 * Throw it (or a subclass) from a task when another try cannot help: it is the
 * last one, whatever budget is left. A job is then FAILED at once.
 */
export class NonRetryableError extends Error {
  override readonly name: string = 'NonRetryableError'
  readonly [nonRetryable] = true
}

/** Whether an error asks not to be tried again. */
export function isNonRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && nonRetryable in error
}

/** The same error, asking not to be tried again. */
export function asNonRetryable<E extends Error>(error: E): E {
  return Object.defineProperty(error, nonRetryable, { value: true })
}

/** Why a running function is told to stop when its time is up: the `reason` of its AbortSignal, and the error of the attempt. */
export class TaskTimeoutError extends Error {
  override readonly name = 'TaskTimeoutError'
  readonly timeoutMs: number
  /** The time of the whole run is up, so there is no further attempt. */
  readonly total: boolean

  constructor(task: string, timeoutMs: number, total: boolean) {
    super(total ? `task "${task}" took longer than its total time-out of ${formatDuration(timeoutMs)}` : `an attempt at task "${task}" took longer than its time-out of ${formatDuration(timeoutMs)}`)
    this.timeoutMs = timeoutMs
    this.total = total
  }
}

/** An error that asks not to be tried again is not, nor one that `retryIf` refuses. A `retryIf` that throws itself is no reason to stop trying. */
export function isWorthAnotherTry(error: unknown, retryIf: ((error: unknown) => boolean) | undefined): boolean {
  try {
    return !isNonRetryable(error) && (retryIf?.(error) ?? true)
  } catch {
    return true
  }
}
