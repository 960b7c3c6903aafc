/**
 * Reads what somebody says of a service into its normal form: the options of
 * `new Service`, an entry of a YAML file, a request over the API. One table
 * (`fields.ts`) says what may be said; all that is wrong is told at once.
 */
import { dirname, isAbsolute } from 'node:path'
import { type Names, nameIn } from './field.ts'
import { environment as environmentKind, serviceTable } from './fields.ts'
import { readFields, valuesByField } from './read-fields.ts'
import { readDirectory } from './read-path.ts'
import { type Reading, describe, refuseProblems, startReading, within } from './reading.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import { serverName } from './service-name.ts'
import { settleCatchUp } from './settle-catch-up.ts'
import { settleContainer } from './settle-container.ts'
import { checkRules } from './service-rules.ts'

export interface ReadDefinitionOptions {
  /** Default: camel. */
  readonly names?: Names
  /** Of the file that defines it: relative paths are relative to it, and env files may lie below. Default: that of `source`, if it names one. */
  readonly directory?: string | undefined
  /** Further directories that env files may lie below. */
  readonly allowedPaths?: readonly string[]
  /** Before the names of fields in `details.fields`: `services[3]`. */
  readonly at?: string
  /** When it does not say. Default: user. */
  readonly scope?: ServiceScope | undefined
  /** The file that defines it. */
  readonly source?: string | undefined
  readonly takeFunction?: Reading['takeFunction']
  /** The product defines its own server, whose name nobody else may take. */
  readonly server?: boolean
}

/**
 * Looks at the disk of this host: directories and env files must exist, and what they lead to counts.
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`; `details.fields` has each field and what is wrong with it
 */
export function readDefinition(given: Readonly<Record<string, unknown>>, options: ReadDefinitionOptions = {}): ServiceDefinition {
  const { at = '', takeFunction } = options
  const source = options.source ?? (typeof given.source === 'string' ? given.source : undefined)
  const directory = options.directory ?? directoryOf(source)
  const reading = startReading({ names: options.names ?? 'camel', directory, allowedPaths: [...(options.allowedPaths ?? []), ...allowedBy(given, options.names)], takeFunction })
  const definition = readAll(given, { ...options, source }, reading)
  refuseProblems(nameFor(given.name), reading.problems.map((problem) => ({ ...problem, path: at === '' ? problem.path : within(at, problem.path) })), { ...typeof given.name === 'string' && { service: given.name }, ...at !== '' && { at } })
  known.add(definition)
  return definition
}

/** Definitions that were read: nothing is left to check. */
const known = new WeakSet<object>()

export function isRead(value: object): value is ServiceDefinition {
  return known.has(value)
}

function readAll(given: Readonly<Record<string, unknown>>, { scope, source, server = false }: ReadDefinitionOptions, reading: Reading): ServiceDefinition {
  const values = settleEnvironment(valuesByField(serviceTable, withContainer(given, reading), '', reading), reading)
  if (values.name === serverName && !server) reading.problems.push({ path: 'name', message: `"${serverName}" is the server of taskflows`, hint: 'tf api start' })
  const programDirectory = workingDirectoryOf(values, reading) ?? reading.directory
  const read = readFields(serviceTable, { ...(scope === undefined ? {} : { scope }), ...values, ...(source === undefined ? {} : { source }) }, '', { ...reading, programDirectory, startsIn: startsIn(values) })
  const definition = settleCatchUp({ type: read.watchdog === undefined ? 'exec' : 'notify', ...read } as unknown as ServiceDefinition, values.startSchedule, reading)
  if (reading.problems.length === 0) checkRules(definition, reading)
  return definition
}

/** Before all other fields, for relative programs; what is wrong with it is told when its turn comes. */
function workingDirectoryOf({ workingDirectory }: Readonly<Record<string, unknown>>, reading: Reading): string | undefined {
  return workingDirectory === undefined ? undefined : readDirectory(workingDirectory, '', { ...reading, problems: [] })
}

/** Under its own name a container needs nothing else to be told from variables. */
function withContainer(given: Readonly<Record<string, unknown>>, { names }: Reading): Readonly<Record<string, unknown>> {
  const name = nameIn(names, 'dockerContainer')
  const container = given[name]
  return typeof container === 'object' && container !== null ? { ...given, [name]: { kind: 'docker', ...container } } : given
}

/** `environment` is where the service runs, by its kind or by what tells it; text is the name of one. Else it means `env`. */
function settleEnvironment(values: Record<string, unknown>, reading: Reading): Record<string, unknown> {
  const { environment, ...rest } = values
  if (typeof environment === 'string') return { startCommand: { kind: 'image' }, ...rest, environment: { kind: 'named', name: environment } }
  if (typeof environment !== 'object' || environment === null || Array.isArray(environment)) return values
  switch (kindOf(environment, reading)) {
    case 'docker': return settleContainer(values, reading)
    case 'named': return { startCommand: { kind: 'image' }, ...values }
    case 'venv': return values
  }
  if (rest.env === undefined) return { ...rest, env: environment }
  reading.problems.push({ path: 'environment', message: 'says the same as env; expected one of the two' })
  return rest
}

function kindOf(environment: object, { names }: Reading): string | undefined {
  if ('kind' in environment && typeof environment.kind === 'string' && Object.hasOwn(environmentKind.of, environment.kind)) return environment.kind
  return Object.entries(environmentKind.toldBy ?? {}).find(([field]) => nameIn(names, field) in environment)?.[1]
}

function startsIn({ environment }: Readonly<Record<string, unknown>>): Reading['startsIn'] {
  const { kind } = (typeof environment === 'object' && environment !== null ? environment : {}) as { readonly kind?: unknown }
  return kind === 'named' ? 'unknown' : kind === 'docker' ? 'container' : 'host'
}

function allowedBy(given: Readonly<Record<string, unknown>>, names: Names = 'camel'): readonly string[] {
  const paths = given[nameIn(names, 'allowedPaths')]
  return (Array.isArray(paths) ? paths : [paths]).filter((path): path is string => typeof path === 'string' && path.startsWith('/'))
}

function directoryOf(source: string | undefined): string | undefined {
  return source !== undefined && isAbsolute(source) ? dirname(source) : undefined
}

function nameFor(name: unknown): string {
  return name === undefined ? 'a service without a name' : `service ${describe(name)}`
}
