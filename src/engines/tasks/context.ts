/**
 * Which run the code that runs now belongs to. The state hangs on globalThis, so
 * that a module that resolved another copy of this package is in the same run.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { addLogSource } from '../../kernel/observe/log-context.ts'
import type { CurrentRun } from './run.ts'

const key = Symbol.for('taskflows.current-run')
const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<CurrentRun> | undefined>
const storage = (shared[key] ??= createStorage())

function createStorage(): AsyncLocalStorage<CurrentRun> {
  const storage = new AsyncLocalStorage<CurrentRun>()
  addLogSource(() => {
    const run = storage.getStore()
    return run && { trace_id: run.traceparent.slice(3, 35), task_id: run.id, correlation_id: run.correlationId, task_name: run.name, attempt: run.attempt }
  })
  return storage
}

/** Calls `work` as part of a run; so is all that it starts. */
export function withinRun<A extends unknown[], T>(run: CurrentRun, work: (...args: A) => T, ...args: A): T {
  return storage.run(run, work, ...args)
}

/** The run that this code is part of: a call of a task, or an attempt at a job. `undefined` outside of both. */
export function getCurrentRun(): CurrentRun | undefined {
  return storage.getStore()
}

/** The id of the run that this code is part of, the same for all its attempts; `undefined` outside. */
export function getCurrentTaskId(): string | undefined {
  return storage.getStore()?.id
}
