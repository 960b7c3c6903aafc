/**
 * One run of a task: what the function sees of it, and what observers are told.
 * `run-task.ts` carries runs out.
 */
import type { Log } from '../../kernel/observe/log.ts'

export interface Progress {
  /** Of `total`. */
  readonly done: number
  /** `null`: nobody knows how much there is. */
  readonly total: number | null
  readonly message: string | null
}

/** What a running function can learn and tell through `getCurrentRun()`. */
export interface CurrentRun {
  /** UUIDv7, the same for all attempts. Also `getCurrentTaskId()`. */
  readonly id: string
  readonly name: string
  /** From 1. */
  readonly attempt: number
  /** Epoch milliseconds of the first attempt's start. */
  readonly startedAt: number
  /** Of the run that called this one, if any; its own id else. */
  readonly correlationId: string
  /** W3C trace context (https://www.w3.org/TR/trace-context/): hand it to HTTP calls and child processes. */
  readonly traceparent: string
  /** Aborts at a time-out and with the caller's signal; in a job also when it is cancelled, or its worker stops or loses it. */
  readonly signal: AbortSignal
  /** Each line carries the run's id and name. */
  readonly log: Log
  /** Tells how far it is. `total` may be left out when nobody knows. */
  progress(done: number, total?: number, message?: string): void
}

/** Facts about a run, as observers see them. Times are epoch milliseconds. */
export interface RunFacts {
  readonly id: string
  readonly name: string
  readonly startedAt: number
  readonly correlationId: string
  readonly traceparent: string
  /** The run within which this one was called. */
  readonly parentId: string | null
  readonly maxAttempts: number
}

export interface AttemptFailure {
  /** From 1. */
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number
  readonly error: unknown
  readonly timedOut: boolean
  /** Milliseconds until the next attempt; `null`: there is none. */
  readonly retryInMs: number | null
}

export type RunOutcome = 'succeeded' | 'failed' | 'timed_out' | 'cancelled'

export interface RunEnd {
  readonly outcome: RunOutcome
  /** How many attempts were made. */
  readonly attempts: number
  readonly endedAt: number
  /** Of the last attempt, unless it succeeded. */
  readonly error: unknown
  /** What every failed attempt threw, in order. */
  readonly errors: readonly unknown[]
  /** What the function returned. */
  readonly value: unknown
}

/**
 * Told of every run of this process, in order, while it happens. Calls must return at once; what they throw is logged
 * once and ignored.
 */
export interface TaskObserver {
  runStarted?(run: RunFacts): void
  attemptFailed?(run: RunFacts, failure: AttemptFailure): void
  progressed?(run: RunFacts, progress: Progress): void
  runEnded?(run: RunFacts, end: RunEnd): void
}
