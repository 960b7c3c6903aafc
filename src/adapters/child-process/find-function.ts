/** What of a module runs in the child: a task by its name, or any function by its path. */
import { findExport } from '../../engines/tasks/find-export.ts'
import { definitionOf, isTask } from '../../engines/tasks/task.ts'
import type { AnyFunction } from '../../engines/tasks/task-options.ts'
import { notIsolatable } from './not-isolatable.ts'

interface Wanted {
  readonly file: string
  readonly name: string
  readonly path: string | undefined
}

/** The function itself: calling its task would begin a run of its own. @throws `task.not_isolatable`, and what `findExport` throws */
export function findFunction(module: Readonly<Record<string, unknown>>, { file, name, path }: Wanted): AnyFunction {
  const found = path === undefined ? (taskNamed(name, module) ?? module[name]) : findExport(module, path, file)
  if (typeof found === 'function') return isTask(found) ? definitionOf(found).fn : (found as AnyFunction)
  throw notIsolatable(`${file} does not export the task "${name}"`)
}

function taskNamed(name: string, module: Readonly<Record<string, unknown>>): AnyFunction | undefined {
  const exported = Object.values(module)
  const within = exported.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  return [...exported, ...within].filter(isTask).find((task) => definitionOf(task).name === name)
}
