/**
 * A definition as it travels and as YAML files have it: snake_case, numbers in
 * seconds and bytes. `readDefinition(shown, { names: 'snake' })` gives it back.
 */
import { type Fields, type Kind, snakeName } from './field.ts'
import { serviceTable } from './fields.ts'
import { looksSecret, mask } from './secret-env.ts'
import type { Schedule, ServiceDefinition, StartCommand } from '../service-definition.ts'

/** `mask`: values that look like secrets are hidden; the result is for people then. */
export interface ShowDefinitionOptions {
  readonly secrets: 'keep' | 'mask'
}

export type ShownDefinition = Record<string, unknown> & { readonly name: string }

export function showDefinition(definition: ServiceDefinition, options: ShowDefinitionOptions): ShownDefinition {
  return showFields(serviceTable, definition as unknown as Record<string, unknown>, options) as ShownDefinition
}

/** In the order of the table, so that equal definitions are equal text. */
function showFields(fields: Fields, value: Readonly<Record<string, unknown>>, options: ShowDefinitionOptions): Record<string, unknown> {
  const shown = Object.entries(fields).map(([name, { kind }]) => [snakeName(name), value[name] === undefined ? undefined : showValue(kind, value[name], options)] as const)
  return Object.fromEntries(shown.filter(([, one]) => one !== undefined))
}

function showValue(kind: Kind, value: unknown, options: ShowDefinitionOptions): unknown {
  switch (kind.is) {
    case 'object': return showFields(kind.fields, value as Record<string, unknown>, options)
    case 'either': return showValue(typeof value === 'string' ? kind.text : kind.object, value, options)
    case 'variant': {
      const said = value as { readonly kind: string }
      // A named environment is its name, as people write it.
      return said.kind === 'named' ? (said as { readonly name?: string }).name : { kind: said.kind, ...showFields(kind.of[said.kind]!.fields, said, options) }
    }
    case 'list': return (value as readonly unknown[]).map((item) => showValue(kind.of, item, options))
    case 'map': return showMap(kind.of, value as Readonly<Record<string, unknown>>, options)
    case 'special': return kind.type === 'command' || kind.type === 'startCommand' ? showCommand(value as StartCommand) : kind.type === 'schedule' ? (value as readonly Schedule[]).map(showSchedule) : value
    default: return value
  }
}

function showMap(of: Kind, map: Readonly<Record<string, unknown>>, options: ShowDefinitionOptions): Record<string, unknown> {
  const isEnv = of.is === 'special' && of.type === 'env'
  const hides = (name: string, value: unknown): boolean => isEnv && options.secrets === 'mask' && looksSecret(name, value as string)
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, hides(name, value) ? mask : showValue(of, value, options)]))
}

/** Of an image there is nothing to say. */
function showCommand(command: StartCommand): unknown {
  switch (command.kind) {
    case 'program': return [...command.argv]
    case 'function': return { file: command.file, export: command.export }
    case 'image': return undefined
  }
}

/** Which of the two it is shows by its fields. */
function showSchedule({ kind: _kind, ...schedule }: Schedule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schedule).filter(([, value]) => value !== undefined).map(([name, value]) => [snakeName(name), value]))
}
