/**
 * Counts the runs of tasks in plain numbers, so that counting costs a run next
 * to nothing and loads no package; a scrape makes metrics of them. It is told
 * by the tasks of this process (it fits as an observer of runs), or by reports.
 */
import type { ReportedRun, RunLog } from '../runs.ts'
import { boundedLabel } from './bounded-label.ts'
import { metricDefinitions } from './metric-names.ts'
import { type MetricFamily, familyOf } from './metrics-text.ts'

/** What `status` says of each outcome. */
const statusOf = { succeeded: 'success', failed: 'failure', timed_out: 'timeout', cancelled: 'cancelled' } as const
type Outcome = keyof typeof statusOf
type Status = (typeof statusOf)[Outcome]
const statuses = Object.values(statusOf)

const bounds = metricDefinitions.taskflows_task_duration_seconds.buckets

/** Runs of one task that ended alike. */
interface Durations {
  /** How many fell into each bucket; the last one has no bound. */
  readonly buckets: number[]
  sum: number
  count: number
}

interface TaskCounts {
  readonly durations: Partial<Record<Status, Durations>>
  readonly errors: Map<string, number>
  retries: number
}

export interface TaskMetrics {
  runEnded(run: { readonly name: string; readonly startedAt: number }, end: { readonly outcome: Outcome; readonly endedAt: number }): void
  attemptFailed(run: { readonly name: string }, failure: { readonly error: unknown; readonly retryInMs: number | null }): void
  /** Counts a run whose end was reported, with its failed attempts. */
  countReport(run: ReportedRun): void
  families(): MetricFamily[]
}

const mostTasks = 200
const mostErrorTypes = 100

export function createTaskMetrics(): TaskMetrics {
  const tasks = new Map<string, TaskCounts>()
  const taskLabel = boundedLabel(mostTasks)
  const errorLabel = boundedLabel(mostErrorTypes)

  const countsOf = (name: string): TaskCounts => tasks.get(name) ?? newCounts(taskLabel(name))
  const newCounts = (label: string): TaskCounts => {
    const counts = tasks.get(label) ?? { durations: {}, errors: new Map(), retries: 0 }
    tasks.set(label, counts)
    return counts
  }
  const countError = ({ errors }: TaskCounts, type: string): void => {
    const label = errorLabel(type)
    errors.set(label, (errors.get(label) ?? 0) + 1)
  }
  const countRun = ({ durations }: TaskCounts, outcome: Outcome, ms: number): void => {
    observe((durations[statusOf[outcome]] ??= { buckets: [...bounds.map(() => 0), 0], sum: 0, count: 0 }), Math.max(ms, 0) / 1000)
  }

  return {
    runEnded: ({ name, startedAt }, { outcome, endedAt }) => countRun(countsOf(name), outcome, endedAt - startedAt),
    attemptFailed: ({ name }, { error, retryInMs }) => {
      const counts = countsOf(name)
      countError(counts, typeOf(error))
      if (retryInMs !== null) counts.retries += 1
    },
    countReport: ({ name, state, startedAt, endedAt, attempt, errorType, errorTypes = errorType === null ? [] : [errorType] }) => {
      if (!isOutcome(state) || endedAt === null) return
      const counts = countsOf(name)
      countRun(counts, state, endedAt - startedAt)
      counts.retries += (attempt ?? 1) - 1
      for (const type of errorTypes) countError(counts, type)
    },
    families: () => familiesOf([...tasks]),
  }
}

/** The same ledger, with the ends of runs counted when they are first told of. */
export function countReports(runs: RunLog, metrics: TaskMetrics): RunLog {
  return {
    ...runs,
    report: async (scope, told, by) => {
      const ended = await runs.report(scope, told, by)
      for (const run of ended) metrics.countReport(run)
      return ended
    },
  }
}

function observe(durations: Durations, seconds: number): void {
  let at = 0
  while (at < bounds.length && seconds > bounds[at]!) at += 1
  durations.buckets[at]! += 1
  durations.sum += seconds
  durations.count += 1
}

function isOutcome(state: string): state is Outcome {
  return Object.hasOwn(statusOf, state)
}

/** Anything can be thrown, also what throws when it is looked at. */
function typeOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.name).slice(0, 255).toWellFormed() : 'Error'
  } catch {
    return 'Error'
  }
}

function familiesOf(tasks: readonly (readonly [string, TaskCounts])[]): MetricFamily[] {
  return [
    familyOf('taskflows_task_duration_seconds', tasks.flatMap(([task_name, { durations }]) =>
      statuses.flatMap((status) => histogramValues({ task_name, status }, durations[status])))),
    // A status that did not occur yet is 0, so that the first one is an increase.
    familyOf('taskflows_task_total', tasks.flatMap(([task_name, { durations }]) =>
      statuses.map((status) => ({ labels: { task_name, status }, value: durations[status]?.count ?? 0 })))),
    familyOf('taskflows_task_errors_total', tasks.flatMap(([task_name, { errors }]) =>
      [...errors].map(([error_type, value]) => ({ labels: { task_name, error_type }, value })))),
    familyOf('taskflows_task_retries_total', tasks.map(([task_name, { retries }]) => ({ labels: { task_name }, value: retries }))),
  ]
}

/** Buckets of the text count what fell into them or into a smaller one. */
function histogramValues(labels: { readonly task_name: string; readonly status: Status }, durations: Durations | undefined) {
  if (!durations) return []
  const name = 'taskflows_task_duration_seconds'
  let upTo = 0
  return [
    ...durations.buckets.map((count, at) => {
      upTo += count
      return { metricName: `${name}_bucket`, labels: { ...labels, le: at < bounds.length ? String(bounds[at]) : '+Inf' }, value: upTo }
    }),
    { metricName: `${name}_sum`, labels, value: durations.sum },
    { metricName: `${name}_count`, labels, value: durations.count },
  ]
}
