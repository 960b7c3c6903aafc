/** What a call of a task that is not required resolves to when it did not succeed. */
import type { RunEnd, RunFacts, RunOutcome } from './run.ts'

const brand = Symbol.for('taskflows.task-failure')

/** Plain data. `isTaskFailure` tells it from a result. */
export interface TaskFailure {
  readonly [brand]: true
  /** Of the task. */
  readonly name: string
  /** Of the run. */
  readonly id: string
  readonly outcome: Exclude<RunOutcome, 'succeeded'>
  /** Of the last attempt, as it was thrown; a TaskTimeoutError when the time was up, the signal's reason when it was cancelled. */
  readonly error: unknown
  /** What every failed attempt threw, in order. */
  readonly errors: readonly unknown[]
  readonly attempts: number
  readonly durationMs: number
}

export function failureOf({ id, name, startedAt }: RunFacts, { outcome, error, errors, attempts, endedAt }: RunEnd): TaskFailure {
  return { [brand]: true, name, id, outcome: outcome as TaskFailure['outcome'], error, errors, attempts, durationMs: endedAt - startedAt }
}

/**
 * Whether a call of a task failed.
 * @example
 * const report = await makeReport()
 * if (isTaskFailure(report)) console.error(`no report after ${report.attempts} attempts`, report.error)
 */
export function isTaskFailure(value: unknown): value is TaskFailure {
  return typeof value === 'object' && value !== null && brand in value
}
