/** The services of one module: those it makes while it is loaded, exported or not, and those it exports from elsewhere. */
import { pathToFileURL } from 'node:url'
import { SecurityError, TaskflowsError, ValidationError } from '../../../kernel/errors.ts'
import { type AnyFunction, definitionOf, isTask } from '../../tasks/index.ts'
import { loadModule } from '../../tasks/modules.ts'
import type { FoundService } from './load-definitions.ts'
import { serviceBrand } from '../define/service-brand.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import { type AwaitedFunction, type Loading, whileLoading } from '../library/service-runtime.ts'

type Module = Readonly<Record<string, unknown>>

/** Node gives the same module again without running it, so what it made then is remembered. */
const madeBy = new WeakMap<Module, Loading['services']>()

/** @throws `module.unloadable`, and ValidationError or SecurityError as the module threw it */
export async function loadServicesOf(file: string, scope: ServiceScope | undefined): Promise<FoundService[]> {
  const loading: Loading = { scope, services: [], functions: [] }
  const module = await whileLoading(loading, () => load(file))
  if (!madeBy.has(module)) madeBy.set(module, loading.services)
  for (const awaited of loading.functions) await nameFunction(awaited, module, file)
  const exported = [...new Set(Object.values(module).flatMap(servicesIn))]
  const found = new Map<ServiceDefinition, string>([...madeBy.get(module)!.map(({ definition, place }) => [definition, place ?? file] as const)])
  for (const definition of exported) if (!found.has(definition)) found.set(definition, file)
  return [...found].map(([definition, place]) => ({ definition, place }))
}

async function load(file: string): Promise<Module> {
  try {
    return await loadModule(file, '/')
  } catch (error) {
    const cause = error instanceof TaskflowsError ? error.cause : undefined
    throw cause instanceof ValidationError || cause instanceof SecurityError ? cause : error
  }
}

/** A service, or those in a list, an object or a registry. */
function servicesIn(value: unknown): ServiceDefinition[] {
  if (isService(value)) return [value.definition]
  if (typeof value !== 'object' || value === null) return []
  const parts = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.values(value)
  return parts.filter(isService).map(({ definition }) => definition)
}

function isService(value: unknown): value is { readonly definition: ServiceDefinition } {
  return typeof value === 'object' && value !== null && serviceBrand in value
}

/** The module that was loaded may export it, else the one that defines the service. */
async function nameFunction({ fn, command, service, file }: AwaitedFunction, module: Module, loaded: string): Promise<void> {
  const modules: [string, Module][] = [[loaded, module]]
  if (file !== undefined && file !== loaded) modules.push([file, (await import(pathToFileURL(file).href)) as Module])
  for (const [path, exports] of modules) {
    const name = exportOf(exports, fn)
    if (name !== undefined) return void Object.assign(command, { file: path, export: name })
  }
  throw new ValidationError('service.invalid', `service "${service}": startCommand is ${fn.name === '' ? 'a function without a name' : `the function ${fn.name}`}, which ${loaded} does not export`, {
    hint: "Export it, or write startCommand: fromModule(import.meta.url, 'name') for a function of another module.",
  })
}

/** Where a module has the function or task: `nightly`, `jobs.nightly`. */
function exportOf(module: Module, fn: AnyFunction): string | undefined {
  const is = (value: unknown): boolean => value === fn || (isTask(value) && definitionOf(value).fn === fn)
  for (const [name, value] of Object.entries(module)) {
    if (is(value)) return name
    if (typeof value !== 'object' || value === null) continue
    const within = Object.entries(value).find(([, part]) => is(part))
    if (within) return `${name}.${within[0]}`
  }
  return undefined
}
