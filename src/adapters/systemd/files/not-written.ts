/** The error for a directory of units that cannot be changed. */
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'

/** Passes on what says by itself what is wrong. */
export function notWritten(directory: string, error: unknown): TaskflowsError {
  if (error instanceof TaskflowsError) return error
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')
  return new TaskflowsError('service.not_written', `the units in ${directory} cannot be changed: ${messageOf(error)}`, {
    details: { directory }, cause: error,
    ...(denied && { hint: 'Units of the machine are written by root: run it with sudo, or use --scope user.' }),
  })
}
