/** Definitions and matches of services from the wire. Loads no package. */
import { homedir } from 'node:os'
import { dirname, isAbsolute } from 'node:path'
import type { ServiceDefinition as DefinitionWire } from '../contract/index.ts'
import type { ServiceDefinition, ServiceMatch, ServiceScope } from '../engines/services/index.ts'
import { isRead, readDefinition } from '../engines/services/read-definition.ts'
import { TaskflowsError } from '../kernel/errors.ts'

/**
 * What this process has read before stays as it is.
 * @throws `service.invalid`, `service.unsafe` naming the one by its place in the list
 */
export function readDefinitions(wires: readonly DefinitionWire[]): ServiceDefinition[] {
  return wires.map((wire, position) => isRead(wire) ? wire : readDefinition(wire, { names: 'snake', directory: directoryOf(wire), at: `services[${position}]` }))
}

/** What it says is relative to the file that defines it, else to the home of the account that runs it. */
function directoryOf({ source }: Readonly<Record<string, unknown>>): string {
  return typeof source === 'string' && isAbsolute(source) ? dirname(source) : homedir()
}

export function readMatch(match: string | undefined, scope: ServiceScope | undefined): ServiceMatch {
  return { ...(match !== undefined && { match }), ...(scope !== undefined && { scope }) }
}

export function unknownService(name: string): TaskflowsError {
  return new TaskflowsError('service.not_found', `there is no service ${JSON.stringify(name)}`, { details: { name } })
}
