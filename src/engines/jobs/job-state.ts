/**
 * The life of a job, as one table.
 *
 *   PENDING ────────────┬─► RUNNING ─┬─► SUCCEEDED
 *      ▲ comeDue        │ claim      ├─► FAILED      the error said: do not retry
 *   SCHEDULED ◄─ retry ─┼────────────┤─► DEAD        the budget is spent
 *      └─ cancel ───────┴────────────┴─► CANCELLED
 *
 * Nothing else decides what may follow what. The SQL that moves rows is checked
 * against this table by `transitions.test.ts`, which walks every pair.
 */
import { TaskflowsError } from '../../kernel/errors.ts'
import type { JobState } from './vocabulary.ts'

export const jobTransitions = {
  PENDING: { claim: 'RUNNING', cancel: 'CANCELLED' },
  SCHEDULED: { comeDue: 'PENDING', cancel: 'CANCELLED' },
  RUNNING: { succeed: 'SUCCEEDED', retry: 'SCHEDULED', reject: 'FAILED', bury: 'DEAD', release: 'PENDING', cancel: 'CANCELLED' },
  SUCCEEDED: { revive: 'PENDING' },
  FAILED: { revive: 'PENDING' },
  DEAD: { revive: 'PENDING' },
  CANCELLED: { revive: 'PENDING' },
} as const satisfies Record<JobState, Partial<Record<string, JobState>>>

export type JobEvent = { [S in JobState]: keyof (typeof jobTransitions)[S] }[JobState]
export const jobEvents = [...new Set(Object.values(jobTransitions).flatMap((row) => Object.keys(row)))] as JobEvent[]

/** What a person asked for, in their words. */
const requests: Partial<Record<JobEvent, string>> = { cancel: 'cancelled', revive: 'retried' }

/** The state that follows, or an error that names the job, its state and what would have been possible. */
export function nextState(state: JobState, event: JobEvent, id?: string): JobState {
  const row: Partial<Record<JobEvent, JobState>> = jobTransitions[state]
  const next = row[event]
  if (next !== undefined) return next
  const possible = (Object.keys(jobTransitions) as JobState[]).filter((from) => event in jobTransitions[from])
  throw new TaskflowsError('job.invalid_transition', `job ${id ?? ''} is ${state} and cannot be ${requests[event] ?? `moved by ${event}`}; that needs ${possible.join(', ')}`.replace('  ', ' '), {
    details: { ...(id === undefined ? {} : { id }), state, event, possible_from: possible },
    hint: isFinished(state) ? 'A finished job can be retried: tf jobs retry ID.' : 'Cancel it first: tf jobs cancel ID.',
  })
}

/** A job is finished when only a person can move it again. */
export function isFinished(state: JobState): boolean {
  return !('cancel' in jobTransitions[state])
}
