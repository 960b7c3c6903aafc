/**
 * Finds the services that files define: modules, YAML files, or all of these in
 * a directory. Modules are loaded in this process; what they do with their
 * services on the way (`srv.create()`) does nothing, because tf applies them.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SecurityError, TaskflowsError, ValidationError } from '../../../kernel/errors.ts'
import { matchesGlob } from '../../../kernel/glob.ts'
import { readYamlFile } from './definition-text.ts'
import { loadServicesOf } from './load-services-of.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import { errorAt, holdsServices, readServices } from './services-file.ts'

export interface LoadDefinitionsOptions {
  /** What `path` is relative to. */
  readonly cwd: string
  /** Patterns of names: only these. Default all. */
  readonly include?: readonly string[]
  /** Patterns of names: not these. */
  readonly exclude?: readonly string[]
  /** Of services that do not say. Default user. */
  readonly scope?: ServiceScope
  /** Told of a file or a service in it that is refused, which is then left out. Without it, it is thrown. */
  readonly onRefusal?: (refusal: TaskflowsError, file: string) => void
}

export interface LoadedDefinitions {
  readonly definitions: readonly ServiceDefinition[]
  /** Those that the patterns leave out. */
  readonly others: readonly ServiceDefinition[]
  /** Those that were looked into, absolute. */
  readonly files: readonly string[]
  /** What was left out, and why. */
  readonly notes: readonly string[]
}

/** A service, and where it was written. */
export interface FoundService {
  readonly definition: ServiceDefinition
  readonly place: string
}

interface Found {
  readonly services: readonly FoundService[]
  readonly notes: readonly string[]
}

/**
 * @param path of a file or a directory
 * @throws `services.none`, `module.unloadable`, ValidationError `service.invalid`, SecurityError `service.unsafe`
 */
export async function loadDefinitions(path: string, { cwd, include = [], exclude = [], scope, onRefusal }: LoadDefinitionsOptions): Promise<LoadedDefinitions> {
  const whole = resolve(cwd, path)
  const stat = statSync(whole, { throwIfNoEntry: false })
  if (stat === undefined) throw new TaskflowsError('services.none', `there is no file or directory ${whole}`, { hint: 'Name a module, a YAML file, or a directory with these.' })
  const files = stat.isDirectory() ? filesIn(whole) : [whole]
  const found: Found[] = []
  let refused = false
  const refuse = onRefusal && ((refusal: TaskflowsError, file: string): void => {
    refused = true
    onRefusal(refusal, file)
  })
  for (const file of files) found.push(await loadOrRefuse(file, stat.isDirectory(), scope, refuse))
  const services = withoutTwins(found.flatMap((one) => one.services), refuse)
  const { wanted = [], others = [] } = Object.groupBy(services.map(({ definition }) => definition), ({ name }) => (isWanted(name, { include, exclude }) ? 'wanted' : 'others'))
  if (wanted.length === 0 && !refused) throw nothingFound(whole, services, files)
  return { definitions: wanted, others, files, notes: found.flatMap(({ notes }) => notes) }
}

const isModule = /\.[cm]?[jt]s$/
const isNoDefinition = /\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]s$/
const isYaml = /\.ya?ml$/
/** Has `services:` of its own. */
const isCompose = /^(?:docker-)?compose(?:\..+)?\.ya?ml$/

/** In the order of names, so that what is found first is so everywhere. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return filesIn(path)
    return isFile(entry, path) && isCandidate(entry.name) ? [path] : []
  })
}

/** Links to files count, links to directories may lead in circles. */
function isFile(entry: Dirent, path: string): boolean {
  return entry.isFile() || (entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

function isCandidate(name: string): boolean {
  return isModule.test(name) ? !isNoDefinition.test(name) : isYaml.test(name) && !isCompose.test(name)
}

type Refuse = LoadDefinitionsOptions['onRefusal']

async function loadOrRefuse(file: string, among: boolean, scope: ServiceScope | undefined, refuse: Refuse): Promise<Found> {
  try {
    return await loadFile(file, among, scope, refuse)
  } catch (error) {
    if (refuse === undefined || !(error instanceof TaskflowsError) || error.code === 'services.none') throw error
    refuse(error, file)
    return { services: [], notes: [] }
  }
}

/** @param among it is one of many, and need not define services */
async function loadFile(file: string, among: boolean, scope: ServiceScope | undefined, refuse: Refuse): Promise<Found> {
  if (isYaml.test(file)) return loadYamlFile(file, among, scope, refuse)
  if (!isModule.test(file)) throw new TaskflowsError('services.none', `${file} is neither a module nor a YAML file`, { hint: 'Name a file that ends in .ts, .js, .mts, .mjs, .cts, .cjs, .yaml or .yml.' })
  try {
    return { services: await loadServicesOf(file, scope), notes: [] }
  } catch (error) {
    throw isRefusal(error) ? errorAt(error, file) : error
  }
}

/** What a module threw while it was loaded is told as what it is. */
function isRefusal(error: unknown): error is ValidationError | SecurityError {
  return error instanceof ValidationError || error instanceof SecurityError
}

function loadYamlFile(file: string, among: boolean, scope: ServiceScope | undefined, onRefusal: Refuse): Found {
  const document = readYamlFile(file)
  if (among && !holdsServices(document.content)) return { services: [], notes: [] }
  const { definitions, notes } = readServices(document, { where: file, directory: dirname(file), source: file, scope, onRefusal: onRefusal && ((refusal) => onRefusal(refusal, file)) })
  return { services: definitions, notes }
}

/** A service that several modules lead to counts once; two services of one name are a mistake. */
function withoutTwins(found: readonly FoundService[], refuse: Refuse): FoundService[] {
  const byName = new Map<string, FoundService>()
  for (const one of found) {
    const { name, scope } = one.definition
    const other = byName.get(`${scope} ${name}`)
    if (other !== undefined && other.definition !== one.definition) {
      const refusal = new ValidationError('service.invalid', `two services are named "${name}": ${other.place} and ${one.place}`, { details: { name, places: [other.place, one.place] }, hint: 'Give one of them another name.' })
      if (refuse === undefined) throw refusal
      refuse(refusal, one.place)
    } else {
      byName.set(`${scope} ${name}`, one)
    }
  }
  return [...byName.values()]
}

/** Whether the patterns ask for a service of this name. */
export function isWanted(name: string, { include = [], exclude = [] }: Pick<LoadDefinitionsOptions, 'include' | 'exclude'>): boolean {
  return (include.length === 0 || include.some((pattern) => matchesGlob(name, pattern))) && !exclude.some((pattern) => matchesGlob(name, pattern))
}

function nothingFound(path: string, services: readonly FoundService[], files: readonly string[]): TaskflowsError {
  if (services.length === 0) return new TaskflowsError('services.none', `${path} defines no services${files.length === 1 ? '' : ` (${files.length} files)`}`, { details: { files } })
  const names = services.map(({ definition }) => definition.name)
  return new TaskflowsError('services.none', `none of the ${names.length} services of ${path} has a name that is asked for`, { details: { names }, hint: `There ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''}.` })
}
