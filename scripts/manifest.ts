/**
 * Writes `src/faces/cli/manifest.ts`: the contract as the command line needs
 * it, so that `tf` loads neither the contract nor zod.
 *
 *   node scripts/manifest.ts
 */
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { contract } from '../src/contract/index.ts'
import type { Area, CliWords, Operation } from '../src/contract/operation.ts'
import type { Flag, OperationCommand, Value } from '../src/faces/cli/command.ts'

interface FieldSchema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly items?: FieldSchema
  readonly anyOf?: readonly FieldSchema[]
  readonly properties?: Fields
  readonly $defs?: Fields
  readonly $ref?: string
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

type Fields = Readonly<Record<string, FieldSchema>>

/** The text of the generated file. */
export function manifestText(): string {
  const areas = Object.entries(contract) as [string, Area][]
  const commands = areas.flatMap(([area, operations]) =>
    Object.entries(operations).flatMap(([name, operation]) => (operation.cli ? [commandOf(area, name, operation, operation.cli)] : [])))
  const defaults = Object.fromEntries(areas.map(([area, operations]) => [area, Object.fromEntries(Object.entries(operations).map(([name, { input }]) => [name, defaultsOf(input)] as const).filter(([, of]) => Object.keys(of).length > 0))]))
  const routes = Object.fromEntries(areas.map(([area, operations]) =>
    [area, Object.fromEntries(Object.entries(operations).map(([name, { method, path, stream, slow }]) => [name, { method, path, ...(stream && { stream }), ...(slow && { slow }) }]))]))
  return [
    '/** Generated from src/contract by scripts/manifest.ts: change the contract, then run that. */',
    "import type { OperationCommand } from './command.ts'",
    '',
    `export const operationCommands: readonly OperationCommand[] = ${JSON.stringify(commands, null, 2)}`,
    '',
    `export const routes = ${JSON.stringify(routes, null, 2)} as const`,
    '',
    '/** What a field of an input is when nobody says: for operations that are carried out where no schema is loaded. */',
    `export const defaults: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = ${JSON.stringify(defaults, null, 2)}`,
    '',
  ].join('\n')
}

function commandOf(area: string, operation: string, { summary, input }: Operation, words: CliWords): OperationCommand {
  const fields = fieldsOf(input)
  const args = (words.args ?? []).map((arg) => argument(arg, fields, input))
  const taken = new Set([...args.map(({ key }) => key), ...(words.hidden ?? [])])
  const flags = Object.keys(fields).filter((key) => !taken.has(key)).map((key) => flag(key, fields[key]!, words.flags?.[key]))
  return { words: words.command, summary, args, flags, examples: words.examples ?? [], ...(words.notes && { notes: words.notes }), ...(words.confirm && { confirm: words.confirm }), area, operation }
}

/** The schemas of the fields; those with an id of their own are written once, under $defs. */
function fieldsOf(input: z.ZodObject): Fields {
  const schema = z.toJSONSchema(input) as FieldSchema
  const resolve = (field: FieldSchema): FieldSchema => ({ ...schema.$defs?.[field.$ref?.split('/').at(-1) ?? ''], ...field })
  return Object.fromEntries(Object.entries(resolve(schema).properties ?? {}).map(([key, field]) => [key, resolve(field)]))
}

function defaultsOf(input: z.ZodObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fieldsOf(input)).flatMap(([key, field]) => (field.default === undefined ? [] : [[key, field.default]])))
}

function argument(declared: string, fields: Fields, input: z.ZodObject): Value {
  const key = declared.replace(/\.{3}$/, '')
  const optional = (input.shape[key] as z.ZodType).isOptional()
  return { ...value(key, fields[key]!), ...(declared.endsWith('...') && { many: true }), ...(optional && { optional }) }
}

function flag(key: string, field: FieldSchema, declared?: string): Flag {
  const [, short, name = key.replaceAll('_', '-'), placeholder] = /^(?:-(\w), )?--([\w-]+)(?: (<.+>))?$/.exec(declared ?? '') ?? []
  const named = { name, ...(short !== undefined && { short }) }
  if (field.type === 'boolean') return { key, ...named, kind: 'switch', describe: field.description ?? '' }
  const read = value(key, field)
  return { ...read, ...named, placeholder: placeholder ?? defaultPlaceholder(read, name) }
}

function defaultPlaceholder({ kind }: Value, name: string): string {
  if (kind === 'whole') return '<n>'
  if (kind === 'instant') return '<time>'
  return kind === 'text' ? `<${name}>` : `<${kind}>`
}

function value(key: string, field: FieldSchema): Value {
  const item = field.items ?? field
  const kind = kindOf(item)
  const min = kind === 'whole' ? item.minimum : item.minLength
  const max = kind === 'whole' ? item.maximum : item.maxLength
  const choices = item.enum && `: ${item.enum.join(', ')}`
  const preset = field.default === undefined ? '' : `; default ${String(field.default)}`
  return {
    key,
    kind,
    ...(field.items && { many: true }),
    ...(item.enum && { choices: item.enum }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    describe: `${field.description ?? ''}${choices ?? ''}${preset}`,
  }
}

function kindOf({ type, format, anyOf }: FieldSchema): Value['kind'] {
  if (type === 'integer') return 'whole'
  if (format === 'date-time') return 'instant'
  if (type === 'string') return 'text'
  // Seconds as a number, or text with units: what the contract calls a Duration.
  if (anyOf?.map((each) => each.type).join() === 'number,string') return 'duration'
  return 'json'
}

if (import.meta.main) writeFileSync(new URL('../src/faces/cli/manifest.ts', import.meta.url), manifestText())
