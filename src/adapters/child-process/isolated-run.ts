/** The run as the function sees it in the child: what the parent said, and ways to tell the parent. */
import type { CurrentRun } from '../../engines/tasks/run.ts'
import { loadRuntime } from '../../engines/tasks/runtime.ts'
import { logWith } from '../../engines/tasks/task-log.ts'
import { type Log, silentLog } from '../../kernel/observe/log.ts'
import type { CallData, ProgressArguments } from './messages.ts'

type Facts = CallData['run'] & { readonly name: string; readonly signal: AbortSignal; readonly onProgress: (progress: ProgressArguments) => void }

export async function isolatedRun({ onProgress, ...facts }: Facts): Promise<CurrentRun> {
  const log = await logOfModule()
  return {
    ...facts,
    log: logWith(() => log, { task_id: facts.id, task_name: facts.name, attempt: facts.attempt }),
    progress: (...progress) => onProgress(progress),
  }
}

/** A module that does not know this package has nobody to ask for a log, and cannot ask for the run either. */
async function logOfModule(): Promise<Log> {
  try {
    return (await loadRuntime()).log
  } catch {
    return silentLog
  }
}
