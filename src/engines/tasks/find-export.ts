/**
 * Finds the function that a module exports under a path: `resize`,
 * `jobs.resize` for one within an exported object, `default`. Tasks are found
 * by their names in `task.ts`.
 */
import { TaskflowsError } from '../../kernel/errors.ts'
import { nearest } from '../../kernel/nearest.ts'
import type { AnyFunction } from './task-options.ts'
import { isTask } from './task.ts'

/**
 * The function, or task. One within an object or class sees that as its `this`.
 * @param file as it is named in errors
 * @throws `task.export_not_found`, `task.not_callable`
 */
export function findExport(module: Readonly<Record<string, unknown>>, path: string, file: string): AnyFunction {
  let owner: unknown
  let found: unknown = module
  let walked = ''
  for (const name of path.split('.')) {
    if (!has(found, name)) throw notFound(file, walked, name, found)
    ;[owner, found] = [found, (found as Record<string, unknown>)[name]]
    walked = walked === '' ? name : `${walked}.${name}`
  }
  if (!isCallable(found)) throw notCallable(file, path, found)
  return owner === module || isTask(found) ? found : (found.bind(owner) as AnyFunction)
}

/** What objects and functions have from the language itself is nothing that a module exports. */
function has(value: unknown, name: string): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !(name in value)) return false
  return Object.hasOwn(value, name) || !(name in Function.prototype)
}

function isCallable(value: unknown): value is AnyFunction {
  return typeof value === 'function' && !isClass(value)
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

/** Paths to functions, from here. */
function callablesIn(value: unknown): string[] {
  if ((typeof value !== 'object' && !isClass(value)) || value === null) return []
  return Object.entries(value as object).flatMap(([name, part]) => {
    if (isCallable(part)) return [name]
    return typeof part === 'object' && part !== null ? Object.entries(part).filter(([, inner]) => isCallable(inner)).map(([inner]) => `${name}.${inner}`) : []
  }).filter((name) => !name.startsWith('module.exports'))
}

function notFound(file: string, walked: string, name: string, within: unknown): TaskflowsError {
  const there = callablesIn(within)
  const where = walked === '' ? file : `${walked} of ${file}`
  const message = walked === '' && name === 'default' ? `${file} has no default export` : `${where} ${walked === '' ? 'exports nothing' : 'holds nothing'} named "${name}"`
  const prefix = walked === '' ? '' : `${walked}.`
  const meant = nearest(name, there)
  const hint = there.length === 0 ? 'It exports no function.' : meant === undefined ? `It has ${there.map((known) => `#${prefix}${known}`).join(', ')}.` : `Did you mean #${prefix}${meant}?`
  return new TaskflowsError('task.export_not_found', message, { details: { file, export: prefix + name }, hint })
}

function notCallable(file: string, path: string, found: unknown): TaskflowsError {
  const within = callablesIn(found)
  return new TaskflowsError('task.not_callable', `expected ${path} of ${file} to be a function, got ${isClass(found) ? 'a class' : describe(found)}`, {
    details: { file, export: path }, hint: within.length > 0 ? `It has ${within.map((name) => `#${path}.${name}`).join(', ')}.` : 'Export a function, or task(fn, options).',
  })
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value) ?? String(value)}`
}
