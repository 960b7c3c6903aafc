/** The refusal to run something in a process of its own. Another try would end the same way. */
import { asNonRetryable } from '../../engines/tasks/task-errors.ts'
import { TaskflowsError } from '../../kernel/errors.ts'

export function notIsolatable(message: string, hint?: string): TaskflowsError {
  return asNonRetryable(new TaskflowsError('task.not_isolatable', message, hint === undefined ? {} : { hint }))
}
