/** Spans of tasks: one of each run, and within it one of each attempt, which is active while the function runs. */
import type { AttemptSpan, TaskTracer } from '../../engines/tasks/index.ts'
import type { Span, Tracer } from '../../kernel/observe/tracing.ts'

export function createTaskTracer(tracer: Tracer): TaskTracer {
  return {
    startRun: ({ id, name, parent }) => {
      const attributes = { 'taskflows.task.name': name, 'taskflows.run.id': id }
      const run = tracer.start({ name: `task ${name}`, kind: 'internal', attributes, parent })
      return {
        traceparent: run.traceparent,
        startAttempt: (attempt) => attemptSpan(run.child(`task ${name} attempt`, { ...attributes, 'taskflows.attempt': attempt })),
        end: (outcome, error) => {
          run.set({ 'taskflows.outcome': outcome })
          if (outcome === 'failed' || outcome === 'timed_out') run.fail(error)
          run.end()
        },
      }
    },
  }
}

function attemptSpan(span: Span): AttemptSpan {
  return {
    traceparent: span.traceparent,
    within: (work) => span.within(work),
    end: (failure) => {
      if (failure) span.fail(failure.error)
      span.end()
    },
  }
}
