/**
 * A service definition as it travels and as YAML files have it: snake_case,
 * durations and sizes as numbers or text. Made of the table that the reader of
 * definitions uses (`engines/services/define/fields.ts`), which then looks closer.
 */
import { z } from 'zod'
import { type Field, type Fields, type Kind, type ObjectKind, type WireDefinition, calendarFields, periodicFields, serviceTable, snakeName } from '../engines/services/vocabulary.ts'

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
    case 'either': return z.union([schemaOf(kind.text), objectSchema(kind.object)])
    case 'variant': return variantSchema(kind)
    case 'special': return special[kind.type]()
  }
}

function oneOrMore(schema: z.ZodType, most: number): z.ZodType {
  return z.union([schema, z.array(schema).max(most)])
}

function objectSchema({ fields, short, text }: ObjectKind): z.ZodType {
  const object = objectOf(fields)
  if (text !== undefined) return z.union([z.string().min(1).describe(text), object])
  return short === undefined ? object : z.union([schemaOf(fields[short]!.kind), object])
}

/** What tells itself by a field need not name its kind, and where there is a place for variables, they may stand in its place. */
function variantSchema({ of, toldBy }: Extract<Kind, { is: 'variant' }>): z.ZodType {
  const tells = Object.values(toldBy ?? {})
  const objects = Object.entries(of).map(([name, { fields }]) => {
    const kind = z.literal(name)
    return objectOf(fields).extend({ kind: tells.includes(name) ? kind.optional() : kind, ...(name === 'docker' && ofItsService) })
  })
  return toldBy === undefined ? z.union(objects) : z.union([z.string().min(1).describe('The name of an environment'), ...objects, z.record(z.string(), special.env()).describe('Variables: the same as env')])
}

const command = () => z.union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1), z.strictObject({ file: z.string(), export: z.string() })])
const startCommand = command
/** A container may say these for its service. */
const ofItsService = { command: command().optional().describe('The same as start_command of the service'), restart_policy: z.union([z.string(), z.record(z.string(), z.unknown())]).optional().describe('The same as restart_policy of the service') }
const port = () => z.union([z.int().min(1).max(65_535), z.string().min(1), z.strictObject({ container: z.int().min(1).max(65_535), protocol: z.enum(['tcp', 'udp', 'sctp']).optional(), host: z.int().min(1).max(65_535).optional(), ip: z.string().optional() })])
const hostPort = () => z.union([z.int(), z.string(), z.null(), z.array(z.union([z.int(), z.string(), z.null()]))])
const schedule = () => z.union([z.string().min(1), objectOf(calendarFields), objectOf(periodicFields)])

const special: Readonly<Record<Extract<Kind, { is: 'special' }>['type'], () => z.ZodType>> = {
  name: () => z.string().min(1),
  command,
  startCommand,
  words: () => oneOrMore(z.union([z.string(), z.number()]), 4_096),
  ports: () => z.union([oneOrMore(port(), 200), z.record(z.string(), hostPort())]),
  volumeSource: () => z.string().min(1),
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
