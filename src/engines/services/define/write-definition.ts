/**
 * A definition as it travels and as YAML files have it: snake_case, numbers in
 * seconds and bytes. `readDefinition(shown, { names: 'snake' })` gives it back.
 */
import { type Fields, type Kind, snakeName } from './field.ts'
import { serviceTable } from './fields.ts'
import { looksSecret, mask } from './secret-env.ts'
import type { Command, Schedule, ServiceDefinition } from '../service-definition.ts'

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
  return Object.fromEntries(Object.entries(fields).flatMap(([name, { kind }]) => (value[name] === undefined ? [] : [[snakeName(name), showValue(kind, value[name], options)]])))
}

function showValue(kind: Kind, value: unknown, options: ShowDefinitionOptions): unknown {
  switch (kind.is) {
    case 'object': {
      const shown = showFields(kind.fields, value as Record<string, unknown>, options)
      return kind.type === 'Venv' ? { kind: 'venv', ...shown } : shown
    }
    case 'variant': {
      const { kind: variant } = value as { readonly kind: string }
      return { kind: variant, ...showFields(kind.of[variant]!, value as Record<string, unknown>, options) }
    }
    case 'list': return (value as readonly unknown[]).map((item) => showValue(kind.of, item, options))
    case 'map': return showMap(kind.of, value as Readonly<Record<string, unknown>>, options)
    case 'special': return kind.type === 'command' ? showCommand(value as Command) : kind.type === 'schedule' ? (value as readonly Schedule[]).map(showSchedule) : value
    default: return value
  }
}

function showMap(of: Kind, map: Readonly<Record<string, unknown>>, options: ShowDefinitionOptions): Record<string, unknown> {
  const isEnv = of.is === 'special' && of.type === 'env'
  const hides = (name: string, value: unknown): boolean => isEnv && options.secrets === 'mask' && looksSecret(name, value as string)
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, hides(name, value) ? mask : showValue(of, value, options)]))
}

function showCommand(command: Command): unknown {
  return command.kind === 'program' ? [...command.argv] : { file: command.file, export: command.export }
}

/** Which of the two it is shows by its fields. */
function showSchedule({ kind: _kind, ...schedule }: Schedule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schedule).filter(([, value]) => value !== undefined).map(([name, value]) => [snakeName(name), value]))
}
