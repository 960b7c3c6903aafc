/** Tasks by name: those that a module exports, and modules that prefer names as keys. */
import { TaskflowsError } from '../../kernel/errors.ts'
import { readName } from './task-options.ts'
import { type Task, type TaskDefinition, definitionOf, isTask, task, taskOf } from './task.ts'
import type { AnyFunction } from './task-options.ts'

/**
 * Tasks by name, for a module that prefers names as keys:
 * `export default defineJobs({ resize: fn, 'send-mail': task(fn, { retries: 5 }) })`. The key is the name.
 */
export function defineJobs(jobs: Readonly<Record<string, AnyFunction>>): Readonly<Record<string, Task>> {
  return Object.fromEntries(Object.entries(jobs).map(([name, fn]) => [name, isTask(fn) ? taskOf({ ...definitionOf(fn), name: readName(name) }) : task(fn, { name })]))
}

/**
 * The tasks that a module exports: each export that is a task, and each task in an exported plain object (`defineJobs`).
 * @throws `module.no_tasks`, and `task.invalid` when two different tasks share a name
 */
export function tasksOf(module: Readonly<Record<string, unknown>>, source: string): Map<string, TaskDefinition> {
  const found = new Map<string, TaskDefinition>()
  const add = (value: unknown): void => {
    if (!isTask(value)) return
    const definition = definitionOf(value)
    const other = found.get(definition.name)
    if (other && other.fn !== definition.fn) throw new TaskflowsError('task.invalid', `${source} defines two tasks named "${definition.name}"`, { details: { name: definition.name, source }, hint: 'Give one of them another name.' })
    found.set(definition.name, definition)
  }
  for (const exported of Object.values(module)) {
    add(exported)
    if (typeof exported === 'object' && exported !== null) Object.values(exported).forEach(add)
  }
  if (found.size > 0) return found
  throw new TaskflowsError('module.no_tasks', `${source} exports no tasks; found ${exportsOf(module)}`, { details: { source } })
}

/** Node gives an empty file, which it takes for CommonJS, an empty default export under two names. */
function exportsOf(module: Readonly<Record<string, unknown>>): string {
  const empty = (name: string): boolean => ['default', 'module.exports'].includes(name) && Object.keys(Object(module[name])).length === 0
  return Object.keys(module).filter((name) => !empty(name)).join(', ') || 'no exports'
}
