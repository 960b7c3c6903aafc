/** The way in to the task engine. */
export { type AnyFunction, NonRetryableError, type Task, type TaskDefinition, type TaskOptions, type TaskPolicy, defineJobs, definitionOf, isNonRetryable, isTask, task, tasksOf } from './task.ts'
export { loadTasks } from './load-tasks.ts'
