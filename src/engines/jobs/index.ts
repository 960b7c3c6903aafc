/** The way in to the job engine: what other parts of the product may use. */
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

/**
 * What can be done with jobs. A job of another tenant does not exist for a
 * bound scope: `job.not_found`, never "denied".
 */
export interface Jobs {
  /** Resolves once the job is durable. `warnings` names what was accepted but may surprise. */
  add(scope: Scope, job: NewJob, by: Actor): Promise<{ readonly job: Job; readonly warnings: readonly string[] }>
  /** All or none, in one transaction. Ids in the order of the request. */
  addMany(scope: Scope, jobs: readonly NewJob[], by: Actor): Promise<{ readonly ids: readonly string[]; readonly warnings: readonly string[] }>
  /** @throws `job.not_found` */
  get(scope: Scope, id: string): Promise<Job>
  /** Newest first. @throws `cursor.invalid` */
  list(scope: Scope, filter: JobFilter, page: PageRequest): Promise<Page<Job>>
  /** Oldest first. */
  attempts(scope: Scope, id: string): Promise<readonly Attempt[]>
  /** Oldest first. */
  timeline(scope: Scope, id: string): Promise<readonly TimelineEntry[]>
  /** A running handler sees its AbortSignal fire; the job is CANCELLED at once. @throws `job.invalid_transition` */
  cancel(scope: Scope, id: string, request: { readonly reason?: string; readonly by: Actor }): Promise<Job>
  /** A finished job runs again with a fresh budget; its history stays. @throws `job.invalid_transition` */
  retry(scope: Scope, id: string, request: { readonly by: Actor }): Promise<Job>
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
