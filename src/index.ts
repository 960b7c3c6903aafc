/** The library's face. It loads nothing but the task engine and `enqueue`: no database driver, no schemas, no server. */
export { type AnyFunction, NonRetryableError, type Task, type TaskOptions, defineJobs, isTask, task } from './engines/tasks/index.ts'
export { type EnqueueOptions, type Enqueued, enqueue } from './engines/jobs/enqueue.ts'
export type { JobContext, ParentResult } from './engines/jobs/index.ts'
export type { SqlClient } from './engines/jobs/sql-client.ts'
export type { RetryPolicy } from './kernel/backoff.ts'
export { TaskflowsError } from './kernel/errors.ts'
