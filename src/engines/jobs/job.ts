/**
 * What a job is to the rest of the product: the request, the view, the filters.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts'
import type { AttemptOutcome, JobState } from './vocabulary.ts'

/** What a job itself says about its tries; what it leaves out comes from its task. */
export interface JobPolicy {
  readonly maxAttempts?: number
  /** The time-out of one attempt, in milliseconds. */
  readonly timeoutMs?: number
  readonly retry?: Partial<Omit<RetryPolicy, 'maxAttempts'>>
}

/** A request to run a task. */
export interface NewJob {
  readonly name: string
  /** Any JSON value; `{}` if left out. */
  readonly payload?: unknown
  /** Default `default`. */
  readonly queue?: string
  /** Default: the caller's tenant, else `default`. */
  readonly tenant?: string
  /** Higher runs first. Default 0. */
  readonly priority?: number
  /** Not before this moment (epoch milliseconds). */
  readonly runAt?: number
  /** Not before this many milliseconds from now, by the database's clock. */
  readonly delayMs?: number
  readonly policy?: JobPolicy
  /** Ids of jobs that must succeed first; a number is the index of an earlier job in the same bulk request. */
  readonly after?: readonly (string | number)[]
  /** While an unfinished job of this tenant and name has the same, no other is added. */
  readonly uniqueKey?: string
  /** Default: the job's own id. */
  readonly correlationId?: string
  /** W3C trace context of the request. */
  readonly traceparent?: string
}

/** A job as it stands at one moment. Times are epoch milliseconds. */
export interface Job {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly tenant: string
  readonly uniqueKey: string | null
  /** The JSON text, or `null` in lists when it is longer than they show. */
  readonly payload: string | null
  readonly state: JobState
  readonly priority: number
  /** Attempts that began, the running one included. */
  readonly attempts: number
  readonly maxAttempts: number
  /** When it was asked to run first: its creation, or the requested time. */
  readonly scheduledAt: number
  /** When it may run next, or `null` when that is not a matter of time. */
  readonly nextRunAt: number | null
  readonly lastRunAt: number | null
  readonly lastErrorType: string | null
  readonly lastErrorMessage: string | null
  /** Why the last failure led where it led, in words. */
  readonly backoffDecision: string | null
  readonly lockedBy: string | null
  readonly leaseExpiresAt: number | null
  /** Ids of the unfinished jobs it waits for. */
  readonly waitingOn: readonly string[]
  /** The JSON text of what the handler returned, or `null`; also `null` in lists when it is long. */
  readonly result: string | null
  /** Whether there is one that was left out of a list. */
  readonly resultOmitted?: boolean
  readonly correlationId: string
  readonly createdAt: number
  readonly updatedAt: number
  /** Opaque. Another one whenever the job has moved (job-version.ts). */
  readonly version: string
}

export interface Attempt {
  readonly attempt: number
  readonly outcome: AttemptOutcome
  /** Whether it decided the job's end. */
  readonly final: boolean
  readonly worker: string | null
  readonly startedAt: number | null
  readonly endedAt: number
  readonly errorType: string | null
  readonly errorMessage: string | null
  readonly backoffDecision: string | null
}

/** One line of a job's story. */
export interface TimelineEntry {
  readonly at: number
  /** Past tense: `job.added`, `job.started`, `job.retried`, `job.succeeded`. */
  readonly type: string
  readonly attempt: number | null
  readonly actor: string | null
  readonly message: string
}

export interface JobFilter {
  readonly state?: JobState
  readonly queue?: string
  readonly tenant?: string
  readonly name?: string
  /** Created at or after (epoch milliseconds). */
  readonly since?: number
  readonly correlationId?: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; `null` on the last page. */
  readonly nextCursor: string | null
}

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string
}
