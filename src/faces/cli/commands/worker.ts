/** `tf worker MODULE...`. */
import { work } from '../../../app.ts'
import type { RunCommand } from '../invocation.ts'
import { runUntilStopped } from '../run-until-stopped.ts'

interface WorkerValues {
  readonly module: readonly string[]
  readonly queues?: readonly string[]
  readonly concurrency?: number
}

export const run: RunCommand = ({ values, config, talk }) => {
  const { module: modules, ...options } = values as unknown as WorkerValues
  return runUntilStopped(
    talk,
    () => work(config, { ...options, modules, onProgress: talk.note }),
    ({ name, tasks, queues }) => {
      talk.note(`worker ${name} runs ${tasks.join(', ')}; queues: ${queues.join(', ') || 'all'}`)
      talk.note('Ctrl-C stops it')
    },
  )
}
