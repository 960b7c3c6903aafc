/** Definitions to and from the wire. Apart from `services.ts`, which loads it when one comes or goes: most questions have none. */
import { homedir } from 'node:os'
import { dirname, isAbsolute } from 'node:path'
import type { ServiceDefinition as DefinitionWire } from '../contract/index.ts'
import type { ServiceDefinition } from '../engines/services/index.ts'
import { isRead, readDefinition } from '../engines/services/define/read-definition.ts'
import { showDefinition as show } from '../engines/services/define/write-definition.ts'

/**
 * What this process has read before stays as it is.
 * @throws `service.invalid`, `service.unsafe` naming the one by its place in the list
 */
export function readDefinitions(wires: readonly DefinitionWire[]): ServiceDefinition[] {
  return wires.map((wire, position) => isRead(wire) ? wire : readDefinition({ ...wire }, { names: 'snake', directory: directoryOf(wire), at: `services[${position}]` }))
}

/** What it says is relative to the file that defines it, else to the home of the account that runs it. */
function directoryOf({ source }: DefinitionWire): string {
  return source !== undefined && isAbsolute(source) ? dirname(source) : homedir()
}

/** Without what looks secret. */
export function showDefinition(definition: ServiceDefinition): DefinitionWire {
  return show(definition, { secrets: 'mask' }) as DefinitionWire
}
