/** The way in to the job engine: what other parts of the product may use. */
import type { Queryable } from '../../kernel/database/database.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import type { Attempt, Job, JobFilter, NewJob, Page, PageRequest, TimelineEntry } from './job.ts'

export type { Attempt, Job, JobFilter, JobPolicy, NewJob, Page, PageRequest, TimelineEntry } from './job.ts'

/** How many jobs of a queue are in each unfinished state right now. */
export interface QueueDepth {
  readonly queue: string
  readonly pending: number
  readonly scheduled: number
  readonly running: number
}

/** A worker that has been heard of lately. */
export interface WorkerInfo {
  readonly id: string
  readonly name: string
  readonly queues: readonly string[]
  readonly tasks: readonly string[]
  readonly startedAt: number
  readonly seenAt: number
}

/** Written by the caller in the transaction that does what it is about, so that both are true or neither. */
export type Alongside<T> = (tx: Queryable, done: T) => Promise<void>

export interface AddedJob {
  /** As it was added, or as it stands if it was there already. */
  readonly job: Job
  /** `false`: an unfinished job has the unique key, and `job` is that one. */
  readonly created: boolean
  readonly warnings: readonly string[]
}

export interface AddedJobs {
  /** In the order of the request. */
  readonly ids: readonly string[]
  /** Positions of those that were there already. */
  readonly existing: readonly number[]
  readonly warnings: readonly string[]
}

export interface ChangeRequest {
  readonly by: Actor
  /** Only while the job is at one of these versions; default any. */
  readonly versions?: readonly string[] | undefined
  readonly alongside?: Alongside<Job> | undefined
}

/**
 * What can be done with jobs. A job of another tenant does not exist for a
 * bound scope: `job.not_found`, never "denied".
 */
export interface Jobs {
  /** Resolves once the job is durable. `warnings` names what was accepted but may surprise. */
  add(scope: Scope, job: NewJob, by: Actor, alongside?: Alongside<AddedJob>): Promise<AddedJob>
  /** All or none, in one transaction. */
  addMany(scope: Scope, jobs: readonly NewJob[], by: Actor, alongside?: Alongside<AddedJobs>): Promise<AddedJobs>
  /** @throws `job.not_found` */
  get(scope: Scope, id: string): Promise<Job>
  /** Newest first. @throws `cursor.invalid` */
  list(scope: Scope, filter: JobFilter, page: PageRequest): Promise<Page<Job>>
  /** Oldest first. */
  attempts(scope: Scope, id: string): Promise<readonly Attempt[]>
  /** Oldest first. */
  timeline(scope: Scope, id: string): Promise<readonly TimelineEntry[]>
  /** A running handler sees its AbortSignal fire; the job is CANCELLED at once. @throws `job.invalid_transition`, `request.precondition_failed` */
  cancel(scope: Scope, id: string, request: ChangeRequest & { readonly reason?: string | undefined }): Promise<Job>
  /**
   * A finished job runs again with a fresh budget; its history stays.
   * @throws `job.invalid_transition`, `request.precondition_failed`, `job.unique_key_taken`
   */
  retry(scope: Scope, id: string, request: ChangeRequest): Promise<Job>
  depths(): Promise<readonly QueueDepth[]>
  workers(): Promise<readonly WorkerInfo[]>
}

export { AttemptStopped, type JobContext, type ParentResult } from './attempt.ts'
export { createJobs } from './jobs.ts'
export { type FromKeeper, type Pulse, type ToKeeper, pulseBytes, sharedPulse } from './lease-keeper.ts'
export { createPruner } from './pruner.ts'
export { createRescuer } from './rescuer.ts'
export { createScheduler } from './scheduler.ts'
export { hotSettings } from './sql/claim.ts'
export { type AttemptReport, type KeeperLink, type WorkerOptions, createWorker } from './worker.ts'
