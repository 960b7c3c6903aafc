/** What a worker measures of the attempts it makes; how many jobs wait is in `job-depths.ts`. */
import type { Registry } from 'prom-client'
import { boundedLabel } from './bounded-label.ts'
import { counterOf, histogramOf } from './instruments.ts'

/** An attempt that ended, as the worker reports it. */
export interface EndedAttempt {
  readonly queue: string
  /** `retried` and `dead` are what a failure led to. */
  readonly outcome: 'succeeded' | 'retried' | 'failed' | 'dead' | 'cancelled' | 'lease_lost'
  readonly timedOut: boolean
  readonly durationMs: number
}

export interface JobMetrics {
  attemptEnded(attempt: EndedAttempt): void
}

/** What became of the job; the others run again. */
const finalStates: Partial<Record<EndedAttempt['outcome'], string>> = { succeeded: 'SUCCEEDED', failed: 'FAILED', dead: 'DEAD', cancelled: 'CANCELLED' }

export function createJobMetrics(registry: Registry): JobMetrics {
  const attempts = counterOf('taskflows_jobs_attempts_total', registry)
  const duration = histogramOf('taskflows_jobs_attempt_duration_seconds', registry)
  const ended = counterOf('taskflows_jobs_ended_total', registry)
  const queueLabel = boundedLabel()
  return {
    attemptEnded: ({ queue: name, outcome, timedOut, durationMs }) => {
      const queue = queueLabel(name)
      const labels = { queue, outcome: timedOut ? 'timed_out' : attemptOutcome(outcome) }
      attempts.inc(labels)
      duration.observe(labels, durationMs / 1000)
      const state = finalStates[outcome]
      if (state !== undefined) ended.inc({ queue, state })
    },
  }
}

function attemptOutcome(outcome: EndedAttempt['outcome']): string {
  if (outcome === 'succeeded' || outcome === 'cancelled') return outcome
  return outcome === 'lease_lost' ? 'lost' : 'failed'
}
