/**
 * Reads what is made of several values: lists, maps, and objects by their tables, with names and aliases, what is required and
 * what is unknown. `object-rules.ts` has what holds between fields.
 */
import { nearest } from '../../../kernel/nearest.ts'
import { type Fields, type Kind, type Names, type ObjectKind, nameIn } from './field.ts'
import { objectRules } from './object-rules.ts'
import { valuesOfText } from './object-text.ts'
import { readScalar, refuse } from './read-value.ts'
import { type Reading, describe, problemOfLine, within } from './reading.ts'

/** The value in normal form, or `undefined` once it was told what is wrong with it. */
export function readValue(kind: Kind, given: unknown, path: string, reading: Reading): unknown {
  switch (kind.is) {
    case 'list': return readList(given, path, reading, kind)
    case 'map': return readMap(given, path, reading, kind)
    case 'object': return readObject(kind, given, path, reading)
    case 'variant': return readVariant(kind, given, path, reading)
    case 'either': return readValue(typeof given === 'string' ? kind.text : kind.object, given, path, reading)
    default: return readScalar(kind, given, path, reading)
  }
}

/** What was said, by the names of the table; `undefined` says nothing. Unknown names, and one thing under two names, are problems. */
export function valuesByField(fields: Fields, given: object, path: string, reading: Reading, refused: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const saidAs = new Map<string, string>()
  const known = knownNames(fields, reading)
  const reasons = new Map(Object.entries(refused).map(([name, reason]) => [nameIn(reading.names, name), reason]))
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined).flatMap(([name, value]) => {
    const field = known.get(name)
    const before = field === undefined ? undefined : saidAs.get(field)
    if (field === undefined) {
      reading.problems.push({ path: within(path, name.slice(0, 60)), message: reasons.get(name) ?? noField(fields, name, reading) })
      return []
    }
    saidAs.set(field, name)
    if (before === undefined) return [[field, value] as const]
    reading.problems.push({ path: within(path, name), message: `says the same as ${before}; expected one of the two` })
    return []
  }))
}

/** So many names a line can hold. */
const mostNamed = 15

function noField(fields: Fields, name: string, reading: Reading): string {
  const meant = placeBelow(fields, name, reading) ?? nearest(name, knownNames(fields, reading).keys())
  if (meant !== undefined) return `is no field; did you mean ${meant}?`
  const names = Object.keys(fields).map((field) => nameIn(reading.names, field))
  return names.length > mostNamed ? 'is no field' : `is no field; expected one of ${names.join(', ')}`
}

/** `cgroupConfig.memoryLimit` for `memoryLimit`: a field of what one of these holds. */
function placeBelow(fields: Fields, name: string, reading: Reading): string | undefined {
  const holder = Object.entries(fields).find(([, { kind }]) => kind.is === 'object' && knownNames(kind.fields, reading).has(name))
  return holder && `${nameIn(reading.names, holder[0])}.${name}`
}

const namesOf: Readonly<Record<Names, WeakMap<Fields, ReadonlyMap<string, string>>>> = { camel: new WeakMap(), snake: new WeakMap() }

/** Field by what it may be called. Kept, since many services are read at once. */
function knownNames(fields: Fields, { names }: Reading): ReadonlyMap<string, string> {
  const kept = namesOf[names].get(fields)
  if (kept) return kept
  const known = new Map(Object.entries(fields).flatMap(([name, { aliases = [] }]) => [name, ...aliases].map((called) => [nameIn(names, called), name] as const)))
  namesOf[names].set(fields, known)
  return known
}

/** Each field that was said or has a default. */
export function readFields(fields: Fields, values: Readonly<Record<string, unknown>>, path: string, reading: Reading): Record<string, unknown> {
  const read: [string, unknown][] = []
  for (const [name, field] of Object.entries(fields)) {
    if (Object.hasOwn(values, name)) {
      const value = readValue(field.kind, values[name], within(path, nameIn(reading.names, name)), reading)
      if (value !== undefined) read.push([name, value])
    } else {
      if (field.required) reading.problems.push({ path: within(path, nameIn(reading.names, name)), message: 'is missing' })
      if (field.default !== undefined) read.push([name, field.default])
    }
  }
  return Object.fromEntries(read)
}

function readObject(kind: ObjectKind, given: unknown, path: string, reading: Reading): unknown {
  const found = reading.problems.length
  const values = valuesOf(kind, given, path, reading)
  if (values === undefined) return undefined
  const read = readFields(kind.fields, values, path, reading)
  // Rules between fields would only repeat what is wrong with one of them.
  return reading.problems.length === found ? objectRules[kind.type](read, path, reading) : undefined
}

/** A bare value stands for the field `short`, or is the whole object as one text. */
function valuesOf({ type, fields, short, text, refused }: ObjectKind, given: unknown, path: string, reading: Reading): Record<string, unknown> | undefined {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return valuesByField(fields, withoutBrand(fields, given), path, reading, refused)
  if (text !== undefined) return (typeof given === 'string' ? valuesOfText(type, given) : undefined) ?? refuse(given, path, reading, `an object, or ${text}`)
  if (short === undefined) return refuse(given, path, reading, 'an object')
  const field = fields[short]!
  const value = readValue(field.kind, given, path, reading)
  return value === undefined ? undefined : { [short]: value }
}

/** Objects of our classes say what they are. */
function withoutBrand(fields: Fields, given: object): object {
  if (!('kind' in given) || 'kind' in fields) return given
  const { kind: _kind, ...rest } = given
  return rest
}

function readVariant({ of, toldBy = {} }: Extract<Kind, { is: 'variant' }>, given: unknown, path: string, reading: Reading): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return refuse(given, path, reading, 'an object')
  const said = (given as { readonly kind?: unknown }).kind
  const kind = said ?? Object.entries(toldBy).find(([field]) => nameIn(reading.names, field) in given)?.[1]
  if (typeof kind !== 'string' || !Object.hasOwn(of, kind)) {
    reading.problems.push({ path: within(path, 'kind'), message: `expected one of ${Object.keys(of).join(', ')}, got ${describe(kind)}` })
    return undefined
  }
  const read = readObject(of[kind]!, given, path, reading)
  return read === undefined ? undefined : { kind, ...read }
}

/** An empty list says nothing, so it is absent. */
function readList(given: unknown, path: string, reading: Reading, { of, most }: Extract<Kind, { is: 'list' }>): readonly unknown[] | undefined {
  const items = Array.isArray(given) ? given : [given]
  if (items.length > most) {
    reading.problems.push({ path, message: `expected at most ${most}, got ${items.length}` })
    return undefined
  }
  const read = items.map((item, at) => readValue(of, item, Array.isArray(given) ? `${path}[${at}]` : path, reading)).filter((item) => item !== undefined)
  return read.length === 0 ? undefined : read
}

function readMap(given: unknown, path: string, reading: Reading, { key, of }: Extract<Kind, { is: 'map' }>): Readonly<Record<string, unknown>> | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return refuse(given, path, reading, 'names and values')
  const entries = Object.entries(given).flatMap(([name, value]) => {
    if (key.like.test(name)) {
      const read = readValue(of, value, within(path, name), reading)
      return read === undefined ? [] : [[name, read] as const]
    }
    reading.problems.push({ path, message: `expected ${key.expected}, got ${describe(name)}`, unsafe: problemOfLine(name) !== undefined })
    return []
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
