/**
 * A service definition as it travels and as YAML files have it: snake_case,
 * durations and sizes as numbers or text. Made of the table that the reader of
 * definitions uses (`engines/services/define/fields.ts`), which then looks closer.
 */
import { z } from 'zod'
import { type Field, type Fields, type Kind, type WireDefinition, calendarFields, periodicFields, serviceTable, snakeName } from '../engines/services/vocabulary.ts'

function objectOf(fields: Fields): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(fields).flatMap(([name, field]) => {
    const aliases = (field.aliases ?? []).map((alias) => [snakeName(alias), schemaOf(field.kind).optional().describe(`The same as ${snakeName(name)}`)] as const)
    return [[snakeName(name), fieldSchema(field, aliases.length > 0)] as const, ...aliases]
  })))
}

/** What is required may also be given under its other name. */
function fieldSchema({ kind, about, required, default: usual, otherwise }: Field, hasAliases: boolean): z.ZodType {
  const schema = schemaOf(kind)
  const absent = usual === undefined ? otherwise : String(usual)
  const said = absent === undefined ? about : `${about} Default: ${absent}`
  return (required && !hasAliases ? schema : schema.optional()).describe(said)
}

function schemaOf(kind: Kind): z.ZodType {
  switch (kind.is) {
    case 'text': return z.string().max(kind.most ?? 10_000)
    case 'word': return kind.scalar ? z.union([z.string(), z.number(), z.boolean()]) : z.string()
    case 'choice': return z.enum([...kind.words, ...Object.keys(kind.meant ?? {})])
    case 'boolean': return z.boolean()
    case 'integer': return z.int().min(kind.from).max(kind.to)
    case 'percent': return z.union([z.number().min(0).max(100), z.string()])
    case 'duration': return z.union([z.number().min(0), z.string()])
    case 'bytes': return z.union([z.number().min(kind.from), z.string()])
    case 'list': return oneOrMore(schemaOf(kind.of), kind.most)
    case 'map': return z.record(z.string(), schemaOf(kind.of))
    case 'object': return objectSchema(kind)
    case 'variant': return z.union(Object.entries(kind.of).map(([name, fields]) => objectOf(fields).extend({ kind: z.literal(name) })))
    case 'special': return special[kind.type]()
  }
}

function oneOrMore(schema: z.ZodType, most: number): z.ZodType {
  return z.union([schema, z.array(schema).max(most)])
}

function objectSchema({ type, fields, short }: Extract<Kind, { is: 'object' }>): z.ZodType {
  const object = objectOf(fields)
  if (type === 'Venv') return z.union([object.extend({ kind: z.literal('venv').optional() }), z.record(z.string(), special.env())])
  return short === undefined ? object : z.union([schemaOf(fields[short]!.kind), object])
}

const command = () => z.union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1), z.strictObject({ file: z.string(), export: z.string() })])
const schedule = () => z.union([z.string().min(1), objectOf(calendarFields), objectOf(periodicFields)])

const special: Readonly<Record<Extract<Kind, { is: 'special' }>['type'], () => z.ZodType>> = {
  name: () => z.string().min(1),
  command,
  schedule: () => oneOrMore(schedule(), 100),
  env: () => z.union([z.string(), z.number(), z.boolean()]),
  dependency: () => z.string().min(1),
  envFile: () => z.string().min(1),
  existingFile: () => z.string().min(1),
  directory: () => z.string().min(1),
  path: () => z.string().min(1),
  signal: () => z.union([z.string().min(1), z.int()]),
  exitStatus: () => z.union([z.string().min(1), z.int()]),
}

export const ServiceDefinition: z.ZodType<WireDefinition, WireDefinition> = objectOf(serviceTable).meta({ id: 'ServiceDefinition' }) as unknown as z.ZodType<WireDefinition, WireDefinition>
export type ServiceDefinition = WireDefinition
