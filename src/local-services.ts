/**
 * The services of this host without a server between: the operations in this
 * process, and definitions out of files. No store and no schemas, so that `tf`
 * answers at once; what a schema would refuse the reader of definitions refuses.
 */
import { type Client, createClient } from './client/create-client.ts'
import type { Config } from './config.ts'
import type { TaskflowsContract } from './contract/index.ts'
import type { ServiceDefinition } from './engines/services/index.ts'
import type { LoadDefinitionsOptions, LoadedDefinitions } from './engines/services/files/load-definitions.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError } from './kernel/errors.ts'
import { serviceOperations } from './operations/services.ts'
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

export interface LocalServicesOptions {
  /** By operation: what a field of its input is when nobody says. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly onProgress?: (text: string) => void
}

/** A client that knows the operations on services, and no others. */
export function openLocalServices(config: Config, { defaults, onProgress }: LocalServicesOptions): { readonly client: Client<TaskflowsContract>; close(): Promise<void> } {
  const services = openServices(config)
  const context = { services, clock: systemClock, caller: { name: 'local', role: 'admin', tenant: null }, ...(onProgress && { onProgress }) } as const
  const operations = serviceOperations as unknown as Readonly<Record<string, (input: unknown, given: typeof context & { signal?: AbortSignal }) => Promise<unknown>>>
  return {
    client: createClient<TaskflowsContract>({
      call: (_area, operation, input, { signal }) => operations[operation]!({ ...defaults[operation], ...(input as object) }, { ...context, ...(signal && { signal }) }),
      isStream: () => false,
      stream: () => { throw new TaskflowsError('request.not_found', 'no operation on services answers with a stream') },
    }),
    close: async () => { await services[Symbol.asyncDispose]() },
  }
}
