/**
 * Definitions as a module of TypeScript, as a person would write it: what is not
 * the default, in units that can be read, with the classes of the library. Holds nothing but
 * literals, whatever the values are. `write-definition.ts` is the same for YAML.
 */
import { normalizeCalendar } from '../../../kernel/schedule/index.ts'
import { visibleJson } from '../../../kernel/visible.ts'
import { exportNamedBy } from '../define/command.ts'
import type { Fields, Kind } from '../define/field.ts'
import { calendarFields, periodicFields, serviceFields, serviceTable } from '../define/fields.ts'
import { exportName } from '../import/import-names.ts'
import type { Command, Schedule, ServiceDefinition } from '../service-definition.ts'

/** An expression: a literal, or parts between brackets, which go on lines of their own when they are long. */
type Expression = string | { readonly open: string; readonly parts: readonly { readonly before: string; readonly of: Expression }[]; readonly close: string }

const widest = 110

export function moduleText(definitions: readonly ServiceDefinition[]): string {
  const used = new Set(['Service'])
  const taken = new Set(['Service', 'Calendar', 'Periodic', 'RestartPolicy', 'CgroupConfig', 'DockerImage', 'Volume', 'Ulimit', ...Object.values(variantClasses)])
  const services = definitions.map((definition) => {
    const name = exportName(definition.name, taken)
    taken.add(name)
    const options = fieldsText(serviceTable, withoutDefaults(definition), used)
    return `export const ${name} = new Service(${render(options, '', true)})\n`
  })
  return [`import { ${[...used].sort().join(', ')} } from 'taskflows'\n`, ...services].join('\n')
}

/** Without what holds when nothing is said. */
export function withoutDefaults(definition: ServiceDefinition): ServiceDefinition {
  const { source: _, ...rest } = definition
  const usualType = definition.watchdog === undefined ? 'exec' : 'notify'
  const isDefault = (name: string, value: unknown): boolean => (name === 'type' ? value === usualType : 'default' in (serviceTable[name] ?? {}) && serviceTable[name]!.default === value)
  return Object.fromEntries(Object.entries(rest).filter(([name, value]) => !isDefault(name, value) && !(name === 'startCommand' && rest.startCommand.kind === 'image'))) as unknown as ServiceDefinition
}

function fieldsText(fields: Fields, values: object, used: Set<string>): Expression {
  const said = values as Readonly<Record<string, unknown>>
  const parts = Object.entries(fields).filter(([name, field]) => said[name] !== undefined && (name in serviceFields || field.default !== said[name]))
  return bracket('{', parts.map(([name, { kind }]) => ({ before: `${key(name)}: `, of: valueText(kind, said[name], used) })), '}')
}

function valueText(kind: Kind, value: unknown, used: Set<string>): Expression {
  switch (kind.is) {
    case 'duration': return durationText(value as number)
    case 'bytes': return sizeText(value as number)
    case 'list': return listText(kind.of, value as readonly unknown[], used)
    case 'map': return bracket('{', Object.entries(value as object).map(([name, one]) => ({ before: `${key(name)}: `, of: valueText(kind.of, one, used) })), '}')
    case 'object': return objectText(kind, value as object, used)
    case 'either': return typeof value === 'string' ? quote(value) : valueText(kind.object, value, used)
    case 'variant': return variantText(kind, value as { readonly kind: string }, used)
    case 'special': return kind.type === 'command' || kind.type === 'startCommand' ? commandText(value as Command) : kind.type === 'schedule' ? oneOrMore((value as readonly Schedule[]).map((schedule) => scheduleText(schedule, used))) : plainText(value)
    default: return plainText(value)
  }
}

function variantText({ of }: Extract<Kind, { is: 'variant' }>, value: { readonly kind: string }, used: Set<string>): Expression {
  const options = fieldsText(of[value.kind]!.fields, value, used)
  return value.kind === 'named' ? quote((value as unknown as { readonly name: string }).name) : made(variantClasses[value.kind]!, options, used)
}

const variantClasses: Readonly<Record<string, string>> = { venv: 'Venv', docker: 'DockerContainer', memory: 'Memory', cpus: 'CPUs', cpu_pressure: 'CPUPressure', memory_pressure: 'MemoryPressure', io_pressure: 'IOPressure' }
const classes = ['RestartPolicy', 'CgroupConfig', 'DockerImage', 'Volume', 'Ulimit']

function objectText({ type, fields, short }: Extract<Kind, { is: 'object' }>, value: object, used: Set<string>): Expression {
  const said = Object.keys(value).filter((name) => name !== 'kind')
  if (short !== undefined && said.length === 1 && said[0] === short) return valueText(fields[short]!.kind, (value as Record<string, unknown>)[short], used)
  const options = fieldsText(fields, value, used)
  return classes.includes(type) ? made(type, options, used) : options
}

/** A list of commands is always one: a single command is a list by itself. */
function listText(of: Kind, items: readonly unknown[], used: Set<string>): Expression {
  const texts = items.map((item) => valueText(of, item, used))
  return of.is === 'special' && of.type === 'command' ? list(texts) : oneOrMore(texts)
}

const list = (items: readonly Expression[]): Expression => bracket('[', items.map((of) => ({ before: '', of })), ']')
const oneOrMore = (items: readonly Expression[]): Expression => (items.length === 1 ? items[0]! : list(items))

function made(name: string, options: Expression, used: Set<string>): Expression {
  used.add(name)
  return typeof options === 'string' ? `new ${name}(${options})` : { ...options, open: `new ${name}(${options.open}`, close: `${options.close})` }
}

/** Words that nothing could take for more are one text, as people type it. */
function commandText(command: Command): Expression {
  if (command.kind === 'function') return bracket('{', [{ before: 'file: ', of: quote(command.file) }, { before: 'export: ', of: quote(command.export) }], '}')
  const text = command.argv.join(' ')
  const plain = command.argv.every((word) => /^[A-Za-z0-9_./:=@,+-]+$/.test(word)) && !/^\w+=/.test(text) && exportNamedBy(text) === undefined
  return plain ? quote(text) : list(command.argv.map(quote))
}

function scheduleText(schedule: Schedule, used: Set<string>): Expression {
  const { kind, ...said } = schedule
  if (kind === 'periodic') return made('Periodic', fieldsText(periodicFields, said, used), used)
  used.add('Calendar')
  const { schedule: _, ...others } = calendarFields
  const options = fieldsText(others, said, used)
  const when = quote(shortCalendar(schedule.schedule))
  return options === '{}' || typeof options === 'string' ? `new Calendar(${when})` : { ...options, open: `new Calendar(${when}, ${options.open}`, close: `${options.close})` }
}

/** The shortest that means the same: `daily 03:00`, `Mon..Fri 09:00`. */
function shortCalendar(normal: string): string {
  const withoutSeconds = normal.replace(/:00(?= |$)/, '')
  const time = withoutSeconds.replace(/(^| )\*-\*-\* /, '$1')
  return [time.replace(/^(?=\d\d:\d\d(?: |$))/, 'daily '), withoutSeconds].find((text) => means(text, normal)) ?? normal
}

function means(text: string, normal: string): boolean {
  try {
    return normalizeCalendar(text) === normal
  } catch {
    return false
  }
}

function durationText(seconds: number): string {
  const [unit, scale] = ([['d', 86_400], ['h', 3_600], ['min', 60]] as const).find(([, size]) => seconds >= size && seconds % size === 0) ?? ['', 1]
  return unit === '' ? String(seconds) : quote(`${seconds / scale}${unit}`)
}

function sizeText(bytes: number): string {
  const [unit, scale] = ([['T', 1024 ** 4], ['G', 1024 ** 3], ['M', 1024 ** 2], ['K', 1024]] as const).find(([, size]) => bytes >= size && bytes % size === 0) ?? ['', 1]
  return unit === '' ? String(bytes) : quote(`${bytes / scale}${unit}`)
}

function plainText(value: unknown): Expression {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return list(value.map(plainText))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return bracket('{', Object.entries(value).map(([name, one]) => ({ before: `${key(name)}: `, of: plainText(one) })), '}')
}

function quote(text: string): string {
  return `'${visibleJson(JSON.stringify(text)).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** `__proto__` as a plain key would be no property. */
function key(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
}

function bracket(open: string, parts: readonly { readonly before: string; readonly of: Expression }[], close: string): Expression {
  return parts.length === 0 ? `${open}${close}` : { open, parts, close }
}

function render(expression: Expression, indent: string, broken = false): string {
  if (typeof expression === 'string') return expression
  const { open, parts, close } = expression
  const blank = open.endsWith('{') ? ' ' : ''
  const inline = `${open}${blank}${parts.map(({ before, of }) => before + render(of, '')).join(', ')}${blank}${close}`
  if (!broken && !inline.includes('\n') && indent.length + inline.length <= widest) return inline
  const inner = `${indent}  `
  return `${open}\n${parts.map(({ before, of }) => `${inner}${before}${render(of, inner)},\n`).join('')}${indent}${close}`
}
