/**
 * The services of this host without a server between: the operations in this
 * process, and definitions out of files. No store and no schemas, so that `tf`
 * answers at once; what a schema would refuse the reader of definitions refuses.
 */
import { type Client, createClient } from './client/create-client.ts'
import type { Config } from './config.ts'
import type { TaskflowsContract } from './contract/index.ts'
import type { ServicesHost } from './engines/services/host.ts'
import type { ServiceDefinition } from './engines/services/index.ts'
import type { LoadDefinitionsOptions, LoadedDefinitions } from './engines/services/files/load-definitions.ts'
import type { ServiceLogs } from './engines/services/logs/index.ts'
import { noBackfills } from './engines/services/backfill/no-backfills.ts'
import { systemClock } from './kernel/clock.ts'
import { type EnvironmentContext, environmentOperations } from './operations/environments.ts'
import { type ServiceContext, serviceOperations } from './operations/services.ts'
import { openServices } from './services.ts'

export type { LoadedDefinitions }

/** Definitions from a module, a YAML file or a directory. */
export async function loadDefinitions(path: string, options: LoadDefinitionsOptions): Promise<LoadedDefinitions> {
  return (await import('./engines/services/files/load-definitions.ts')).loadDefinitions(path, options)
}

/** Definitions as they travel to a server. */
export async function showDefinitions(definitions: readonly ServiceDefinition[]): Promise<Record<string, unknown>[]> {
  const { showDefinition } = await import('./engines/services/define/write-definition.ts')
  return definitions.map((definition) => showDefinition(definition, { secrets: 'keep' }))
}

/** Environments as files of their own, and as text for people. */
export const environmentTexts = () => import('./engines/services/files/environment-text.ts')

export interface LocalServicesOptions {
  /** By area and operation: what a field of its input is when nobody says. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
  readonly onProgress?: (text: string) => void
}

type LocalOperation = (input: unknown, context: ServiceContext & EnvironmentContext) => Promise<unknown>

/** A client that knows the operations on services and their environments, and no others. */
export function openLocalServices(config: Config, { defaults, onProgress }: LocalServicesOptions): { readonly client: Client<TaskflowsContract>; close(): Promise<void> } {
  const services = openServices(config)
  const context = { services, serviceLogs: logsWhenAsked(config, services.host), environments: services.environments, backfills: noBackfills, clock: systemClock, caller: { name: 'local', role: 'admin', tenant: null }, ...(onProgress && { onProgress }) } as const
  const operations = { services: serviceOperations, environments: environmentOperations } as unknown as Readonly<Record<string, Readonly<Record<string, LocalOperation>>>>
  return {
    client: createClient<TaskflowsContract>({
      call: (area, operation, input, { signal, ifMatch }) => operations[area]![operation]!({ ...defaults[area]?.[operation], ...(input as object) }, { ...context, ...(signal && { signal }), ...(ifMatch !== undefined && { versions: [ifMatch] }) }),
      isStream: (area, operation) => area === 'services' && operation === 'followLogs',
      stream: (_area, _operation, input, signal) => serviceOperations.followLogs(input as Parameters<typeof serviceOperations.followLogs>[0], { ...context, signal }),
    }),
    close: async () => { await services[Symbol.asyncDispose]() },
  }
}

/** Most commands read none, and need not load what does. */
function logsWhenAsked(config: Config, host: ServicesHost): ServiceLogs {
  const open = async () => (await import('./service-logs.ts')).openServiceLogs(config, host)
  return {
    page: async (query, signal) => (await open()).page(query, signal),
    follow: async function* (query, signal) { yield* (await open()).follow(query, signal) },
  }
}
