/** Spans of attempts at jobs, which continue the trace of whoever added the job. */
import type { JobContext } from '../../engines/jobs/index.ts'
import { type CurrentRun, type TaskDefinition, getCurrentRun, withinRun } from '../../engines/tasks/index.ts'
import type { Span, Tracer } from '../../kernel/observe/tracing.ts'

/** The same tasks, with each call of a handler in a span. */
export function traceJobs(tasks: ReadonlyMap<string, TaskDefinition>, tracer: Tracer): ReadonlyMap<string, TaskDefinition> {
  return new Map([...tasks].map(([name, task]) => [name, { ...task, fn: (payload: unknown, context: JobContext) => callTraced(task, payload, context, tracer) }]))
}

function callTraced({ name, fn }: TaskDefinition, payload: unknown, context: JobContext, tracer: Tracer): unknown {
  const { job, signal } = context
  const span = tracer.start({
    name: `job ${name}`, kind: 'consumer', parent: job.traceparent,
    attributes: {
      'taskflows.task.name': name, 'taskflows.job.id': job.id, 'taskflows.attempt': job.attempt,
      'taskflows.queue': job.queue, 'taskflows.tenant': job.tenant, 'taskflows.correlation_id': job.correlationId,
    },
  })
  const end = endOnce(span)
  const call = () => fn(payload, { ...context, job: { ...job, traceparent: span.traceparent } })
  const run = getCurrentRun()
  // A handler that was told to stop may never return.
  signal.addEventListener('abort', () => end(signal.reason), { once: true })
  try {
    const returned: unknown = span.within(() => (run ? withinRun(traced(run, span), call) : call()))
    if (!isThenable(returned)) return ended(returned, end)
    return Promise.resolve(returned).then((value) => ended(value, end), (error: unknown) => {
      end(error)
      throw error
    })
  } catch (error) {
    end(error)
    throw error
  }
}

/** The same run, which hands the span on. */
function traced(run: CurrentRun, { traceparent }: Span): CurrentRun {
  const { id, name, attempt, startedAt, correlationId } = run
  return {
    id, name, attempt, startedAt, correlationId, traceparent,
    get signal() {
      return run.signal
    },
    get log() {
      return run.log
    },
    progress: (...how) => run.progress(...how),
  }
}

function ended<T>(value: T, end: () => void): T {
  end()
  return value
}

function endOnce(span: Span): (...failure: [error?: unknown]) => void {
  let over = false
  return (...failure) => {
    if (over) return
    over = true
    if (failure.length > 0) span.fail(failure[0])
    span.end()
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
