/**
 * A YAML file of services: `services` (or `taskflows_services`) is a list, or a
 * map by name. Keys that begin with `x-` are for anchors. Errors name the file and the line.
 */
import { SecurityError, ValidationError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import { readDefinition } from '../define/read-definition.ts'
import { describe } from '../define/reading.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { YamlDocument } from './yaml-document.ts'

export interface ServicesFileOptions {
  /** What errors call it. */
  readonly where: string
  /** What relative paths are relative to. */
  readonly directory?: string | undefined
  /** The file, for definitions to name. */
  readonly source?: string | undefined
  readonly scope?: ServiceScope | undefined
  /** Told of a service that is refused, which is then left out. Without it, it is thrown. */
  readonly onRefusal?: ((refusal: ValidationError | SecurityError) => void) | undefined
}

export interface ServicesInFile {
  readonly definitions: readonly { readonly definition: ServiceDefinition; /** `/srv/services.yaml:12` */ readonly place: string }[]
  /** What was left out, and why. */
  readonly notes: readonly string[]
}

const keys = ['services', 'taskflows_services'] as const
const dashboards = ['dashboard', 'dashboards', 'taskflows_dashboards']

/** Whether a file is about services at all. */
export function holdsServices(content: unknown): boolean {
  return isRecord(content) && keys.some((key) => Object.hasOwn(content, key))
}

/** @throws ValidationError `service.invalid`, SecurityError `service.unsafe` */
export function readServices({ content, lineOf }: YamlDocument, options: ServicesFileOptions): ServicesInFile {
  const { where } = options
  const fail = (path: string, message: string, hint?: string): ValidationError => new ValidationError('service.invalid', `${where}:${lineOf(path)}: ${message}`, hint === undefined ? {} : { hint })
  if (!isRecord(content)) throw fail('', 'expected services: with a list of services')
  const [key, second] = keys.filter((name) => Object.hasOwn(content, name))
  if (second !== undefined) throw fail(second, `${second} says the same as ${key}; expected one of the two`)
  const unknown = Object.keys(content).find((name) => name !== key && !name.startsWith('x-') && !dashboards.includes(name))
  if (unknown !== undefined) throw fail(unknown, `${describe(unknown)} is no key of a file of services`, nearest(unknown, keys) === undefined ? 'Keys that begin with x- are for anchors.' : `Did you mean ${nearest(unknown, keys)}?`)
  if (key === undefined) throw fail('', 'expected services: with a list of services')
  return {
    definitions: entriesOf(content[key], key, fail).flatMap(({ given, path }) => {
      const definition = readEntry(given, path, lineOf, options)
      return definition === undefined ? [] : [{ definition, place: `${where}:${lineOf(path)}` }]
    }),
    notes: dashboards.filter((name) => Object.hasOwn(content, name)).map((name) => `${where}:${lineOf(name)}: ${name} was left out: dashboards are not supported yet`),
  }
}

interface Entry {
  readonly given: Readonly<Record<string, unknown>>
  /** `services[2]`, `services.web` */
  readonly path: string
}

function entriesOf(services: unknown, key: string, fail: (path: string, message: string) => ValidationError): Entry[] {
  if (Array.isArray(services)) {
    return services.map((given, at) => {
      if (isRecord(given)) return { given, path: `${key}[${at}]` }
      throw fail(`${key}[${at}]`, `expected the fields of a service, got ${describe(given)}`)
    })
  }
  if (!isRecord(services)) throw fail(key, `expected a list of services, or services by name, got ${describe(services)}`)
  return Object.entries(services).map(([name, given]) => {
    const path = `${key}.${name}`
    if (!isRecord(given)) throw fail(path, `expected the fields of a service, got ${describe(given)}`)
    if (given.name !== undefined && given.name !== name) throw fail(`${path}.name`, `the service ${describe(name)} is named ${describe(given.name)}; expected one name`)
    return { given: { ...given, name }, path }
  })
}

function readEntry(given: Entry['given'], path: string, lineOf: YamlDocument['lineOf'], { where, directory, source, scope, onRefusal }: ServicesFileOptions): ServiceDefinition | undefined {
  try {
    return readDefinition(given, { names: 'snake', directory, scope, source, at: path })
  } catch (error) {
    if (!(error instanceof ValidationError || error instanceof SecurityError)) throw error
    const [first] = (error.details.fields ?? []) as readonly { readonly path: string }[]
    const refusal = errorAt(error, `${where}:${lineOf(first?.path ?? path)}`)
    if (onRefusal === undefined) throw refusal
    onRefusal(refusal)
    return undefined
  }
}

/** The same error, with the place before what it says. */
export function errorAt(error: ValidationError | SecurityError, place: string): ValidationError | SecurityError {
  const Kind = error instanceof SecurityError ? SecurityError : ValidationError
  return new Kind(error.code, `${place}: ${error.message}`, { details: { place, ...error.details }, cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
