/**
 * What services of this process use from outside, and what tf says to modules
 * that it loads. Both hang on globalThis: a module that resolved another copy of
 * this package still meets them.
 */
import type { AnyFunction } from '../../../kernel/any-function.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { Compile } from '../service-manager.ts'
import type { Services } from '../services.ts'

/** The services of this host, in this process: no server, no database. */
export interface LocalServices extends Services, AsyncDisposable {
  compiler(): Promise<Compile>
}

export interface ServiceRuntime {
  readonly open: () => LocalServices
  /** The last lines of the journal of a unit, or of all that are like the pattern, with times. */
  readonly readLog: (service: string, scope: ServiceScope, lines: number) => Promise<string>
}

type Provider = () => Promise<ServiceRuntime>

/** A command that is a function, until a module exports it. */
export interface AwaitedFunction {
  readonly fn: AnyFunction
  /** Filled in once it is known. */
  readonly command: { readonly kind: 'function'; file: string; export: string }
  readonly service: string
  /** The file that defines the service. */
  readonly file: string | undefined
}

/** What is found while modules are loaded. */
export interface Loading {
  /** For services that do not say. */
  readonly scope: ServiceScope | undefined
  readonly services: { readonly definition: ServiceDefinition; readonly place: string | undefined }[]
  readonly functions: AwaitedFunction[]
}

interface Shared {
  provider: Provider | undefined
  loading: Loading | undefined
}

const key = Symbol.for('taskflows.services')
const shared: Shared = ((globalThis as Record<symbol, unknown>)[key] ??= { provider: undefined, loading: undefined } satisfies Shared) as Shared

/** Says how to make the runtime; the first one that says so is asked, when something is first done. */
export function provideServices(provider: Provider): void {
  shared.provider ??= provider
}

export function loadServiceRuntime(): Promise<ServiceRuntime> {
  if (shared.provider) return shared.provider()
  throw new TypeError('Expected a way to the services of this host: import Service from "taskflows"')
}

export async function openLocalServices(): Promise<LocalServices> {
  return (await loadServiceRuntime()).open()
}

/** Set while tf loads modules: then services only tell that they are there, and change nothing. */
export function currentLoading(): Loading | undefined {
  return shared.loading
}

/** For one module at a time. */
export async function whileLoading<T>(loading: Loading, load: () => Promise<T>): Promise<T> {
  const before = shared.loading
  shared.loading = loading
  try {
    return await load()
  } finally {
    shared.loading = before
  }
}

/** Loads a module for something else that it exports: the services beside it are not made again with each run of that. */
export function apartFromServices<T>(load: () => Promise<T>): Promise<T> {
  return whileLoading({ scope: undefined, services: [], functions: [] }, load)
}
