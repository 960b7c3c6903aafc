/**
 * Tells of a run while it happens: log, observers, alerts, hooks, in this order.
 * None of them can fail the task. Only hooks are waited for.
 */
import { isThenable } from '../../kernel/is-thenable.ts'
import { withinRun } from './context.ts'
import type { AttemptFailure, CurrentRun, Progress, RunEnd, TaskObserver } from './run.ts'
import type { TaskFinish, TaskHooks } from './task-hooks.ts'
import type { TaskRun } from './task-run.ts'

/** Told of a run, when somebody waits for that. */
type Told = Promise<void> | undefined

export function tellStart(run: TaskRun, within: CurrentRun): Told {
  const { hooks, alerts } = run.settings
  write(run, 'debug', { task_id: run.id, task_name: run.name, correlation_id: run.correlationId }, 'task started')
  tellObservers(run, (observer) => observer.runStarted?.(run))
  if (alerts?.onStart) quietly(run, 'start alert', () => alerts.onStart?.(run, run.runtime))
  return hooks?.onTaskStart && tellHooks(run, within, 'onTaskStart', () => hooks.onTaskStart?.(run))
}

export function tellFailure(run: TaskRun, within: CurrentRun, failure: AttemptFailure): Told {
  const { hooks, alerts } = run.settings
  write(run, 'error', {
    task_id: run.id, task_name: run.name, attempt: failure.attempt, max_attempts: run.maxAttempts, retry_in_ms: failure.retryInMs, timed_out: failure.timedOut, err: failure.error,
  }, 'task attempt failed')
  tellObservers(run, (observer) => observer.attemptFailed?.(run, failure))
  if (alerts?.onError) quietly(run, 'error alert', () => alerts.onError?.(run, failure, run.runtime))
  return hooks?.onTaskError && tellHooks(run, within, 'onTaskError', () => hooks.onTaskError?.(failure.error, run))
}

export function tellEnd(run: TaskRun, within: CurrentRun, end: RunEnd): Told {
  const { hooks, alerts } = run.settings
  run.span?.end(end.outcome, end.error)
  write(run, 'info', {
    task_id: run.id, task_name: run.name, outcome: end.outcome, attempts: end.attempts, duration_ms: end.endedAt - run.startedAt, started_at: run.startedAt,
    correlation_id: run.correlationId, ...(end.outcome === 'succeeded' ? undefined : describeError(end.error)),
  }, 'task finished')
  tellObservers(run, (observer) => observer.runEnded?.(run, end))
  if (alerts?.onFinish) quietly(run, 'finish alert', () => alerts.onFinish?.(run, end, run.runtime))
  return hooks?.onTaskFinish && tellHooks(run, within, 'onTaskFinish', () => hooks.onTaskFinish?.(finishOf(run, end), run))
}

export function tellProgress(run: TaskRun, progress: Progress): void {
  tellObservers(run, (observer) => observer.progressed?.(run, progress))
}

function finishOf({ startedAt }: TaskRun, { outcome, value, error, errors, attempts, endedAt }: RunEnd): TaskFinish {
  return {
    success: outcome === 'succeeded', outcome, returnValue: value, error, errors, attempts, retries: Math.max(0, attempts - 1),
    startedAt, endedAt, durationMs: endedAt - startedAt,
  }
}

/** Anything can be thrown, also what throws when it is looked at. */
function describeError(error: unknown): { readonly error_type: string; readonly error_message: string } {
  try {
    return error instanceof Error ? { error_type: String(error.name), error_message: String(error.message) } : { error_type: typeof error, error_message: String(error) }
  } catch {
    return { error_type: typeof error, error_message: 'what was thrown cannot be shown' }
  }
}

function write(run: TaskRun, level: 'debug' | 'info' | 'error', fields: object, message: string): void {
  try {
    run.log[level](fields, message)
  } catch (error) {
    complainOnce(run, run.log, 'logger', error)
  }
}

function tellObservers(run: TaskRun, tell: (observer: TaskObserver) => void): void {
  for (const observer of run.runtime.observers) {
    try {
      tell(observer)
    } catch (error) {
      complainOnce(run, observer, 'observer', error)
    }
  }
}

function tellHooks(run: TaskRun, within: CurrentRun, name: keyof TaskHooks, call: () => unknown): Told {
  const failed = (error: unknown): void => complain(run, name, error)
  try {
    const told = withinRun(within, call)
    return isThenable(told) ? Promise.resolve(told).then(() => {}, failed) : undefined
  } catch (error) {
    failed(error)
    return undefined
  }
}

function quietly(run: TaskRun, what: string, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    complain(run, what, error)
  }
}

const complainedOf = new WeakSet<object>()

/** About those that are told of every run: what fails once fails each time. */
function complainOnce(run: TaskRun, who: object, what: string, error: unknown): void {
  if (complainedOf.has(who)) return
  complainedOf.add(who)
  complain(run, what, error)
}

function complain(run: TaskRun, what: string, error: unknown): void {
  try {
    run.runtime.log.warn({ task_id: run.id, task_name: run.name, failed: what, err: error }, 'telling of a task failed')
  } catch {
    // There is nobody left to tell.
  }
}
