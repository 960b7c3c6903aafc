/** Where a call begins. What runs tasks is loaded with the first one: many processes only define tasks. */
import type { TaskCall } from './run-task.ts'

let runner: typeof import('./run-task.ts') | undefined

/** What the function returned; else, unless the task is required, a TaskFailure. @throws the last error, if it is required */
export function callTask(call: TaskCall): Promise<unknown> {
  return runner ? runner.callTask(call) : loadAndCall(call)
}

async function loadAndCall(call: TaskCall): Promise<unknown> {
  runner = await import('./run-task.ts')
  return runner.callTask(call)
}
