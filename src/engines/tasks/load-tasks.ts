/**
 * Loads the modules that a worker is given and finds their tasks.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import type { TaskDefinition } from './task.ts'
import { tasksOf } from './tasks-of.ts'

/**
 * The tasks of all modules by name.
 * @param modules paths, absolute or from `from`
 * @throws `module.unloadable`, `module.no_tasks`, `task.invalid`
 */
export async function loadTasks(modules: readonly string[], from: string): Promise<Map<string, TaskDefinition>> {
  const found = new Map<string, { definition: TaskDefinition; source: string }>()
  for (const module of modules) {
    for (const [name, definition] of tasksOf(await loadModule(module, from), module)) {
      const other = found.get(name)
      if (other && other.definition.fn !== definition.fn) {
        throw new TaskflowsError('task.invalid', `${module} and ${other.source} both define a task named "${name}"`, { details: { name }, hint: 'Give one of them another name.' })
      }
      found.set(name, { definition, source: module })
    }
  }
  return new Map([...found].map(([name, { definition }]) => [name, definition]))
}

/**
 * What a module exports.
 * @param module path, absolute or from `from`
 * @throws `module.unloadable`
 */
export async function loadModule(module: string, from: string): Promise<Record<string, unknown>> {
  const path = resolve(from, module)
  if (!existsSync(path)) throw new TaskflowsError('module.unloadable', `the module ${path} does not exist`, { details: { module: path }, hint: 'Give the path of a file that exports tasks, from the working directory.' })
  hideAdviceOnPackages()
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    throw new TaskflowsError('module.unloadable', `the module ${path} threw while it was loaded: ${messageOf(error)}${placeOf(error, path)}`, { details: { module: path }, cause: error, ...hintFor(error) })
  }
}

let isHidden = false

/** Four lines, on each run, for a package.json that does not say whether its modules are ES modules: they are loaded all the same. */
function hideAdviceOnPackages(): void {
  const [tell] = process.listeners('warning') as NodeJS.WarningListener[]
  if (isHidden || tell === undefined) return
  isHidden = true
  process.off('warning', tell).on('warning', (warning) => {
    if ((warning as { readonly code?: unknown }).code !== 'MODULE_TYPELESS_PACKAGE_JSON') tell.call(process, warning)
  })
}

/** The first line of the stack that is not Node's own, when the error has one. */
function placeOf(error: unknown, path: string): string {
  const line = error instanceof Error ? error.stack?.split('\n').find((entry) => /^\s+at .*file:\/\//.test(entry)) : undefined
  const place = line && /file:\/\/(\S+?:\d+:\d+)/.exec(line)?.[1]
  return place && place.startsWith(path) ? ` (at ${place})` : ''
}

/** Node strips types; what needs compiling it refuses, and says so in its own words. */
function hintFor(error: unknown): { hint?: string } {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_INVALID_TYPESCRIPT_SYNTAX') {
    return { hint: 'Node runs TypeScript by leaving out the types, so enums, namespaces, parameter properties and decorators do not run. Rewrite them, or install tsx and start with NODE_OPTIONS="--import tsx".' }
  }
  if (error instanceof SyntaxError && /^Cannot use import statement outside a module|^Unexpected token 'export'/.test(error.message)) {
    return { hint: 'The package.json above it says "type": "commonjs" (npm init writes that): make it "module", or let the name of the file end with .mts or .mjs.' }
  }
  if (code === 'ERR_MODULE_NOT_FOUND') return { hint: 'Imports need the file ending (./other.ts), and packages must be installed next to the module.' }
  return {}
}
