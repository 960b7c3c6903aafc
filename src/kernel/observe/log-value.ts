/**
 * Any value as JSON for a log line: of bounded length, depth and breadth,
 * without secrets, and without ever throwing, whatever getters and proxies do.
 *
 * Not for data that must come back: long text is cut, and what JSON cannot say
 * is described in brackets.
 */
import { messageOf } from '../errors.ts'
import type { LogKey } from './log-keys.ts'
import { cutJson } from './log-text.ts'

const maxDepth = 8
const maxEntries = 100
const maxStackFrames = 20
const maxStackLength = 8_000
/** Errors have these besides their own fields; they are shown first, and only once. */
const errorKeys: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors'])

export interface ValueEncoder {
  /** Sets how many characters all that follows may take together, within some hundreds. Returns what was left before. */
  readonly allow: (room: number) => number
  /** JSON of what `holder` has under this name, or `undefined` when the field is left out. @param key of that name */
  readonly field: (holder: object, name: string, key: LogKey) => string | undefined
  readonly hasRoom: () => boolean
}

/** @param maxStringLength UTF-16 code units of one string */
export function createValueEncoder(keyOf: (name: string) => LogKey, maxStringLength: number): ValueEncoder {
  let left = 0
  /** The objects that are being written, from the outermost on. */
  const path: object[] = []

  const spend = (json: string): string => {
    left -= json.length
    return json
  }

  const text = (value: string, max = maxStringLength): string => spend(cutJson(value, max, Math.max(left, 0)))

  const unreadable = (error: unknown): string => text(`[unreadable: ${safeMessage(error)}]`)

  function field(holder: object, name: string, key: LogKey): string | undefined {
    try {
      const value = (holder as Record<string, unknown>)[name]
      return key.hides(value) ? '"[redacted]"' : encode(value)
    } catch (error) {
      return unreadable(error)
    }
  }

  function encode(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string': return text(value)
      case 'number': return spend(Number.isFinite(value) ? `${value}` : `"${value}"`)
      case 'boolean': return value ? 'true' : 'false'
      case 'undefined': return undefined
      case 'object': return value === null ? 'null' : encodeObject(value)
      case 'function': return text(`[function ${Object.getOwnPropertyDescriptor(value, 'name')?.value}]`)
      case 'bigint':
      case 'symbol': return text(value.toString())
    }
  }

  function encodeObject(value: object): string | undefined {
    if (path.includes(value)) return spend('"[circular]"')
    if (path.length >= maxDepth) return spend(Array.isArray(value) ? `"[array, ${value.length} items]"` : '"[object]"')
    const depth = path.push(value)
    try {
      const words = inWords(value)
      return words === undefined ? encodeParts(value) : text(words)
    } catch (error) {
      return unreadable(error)
    } finally {
      // Also what an error left behind further in.
      path.length = depth - 1
    }
  }

  function encodeParts(value: object): string | undefined {
    if (isError(value)) return encodeError(value)
    if ('toJSON' in value && typeof value.toJSON === 'function') return encode(value.toJSON())
    if (Array.isArray(value)) return list(value, value.length)
    if (value instanceof Set) return list(value, value.size)
    if (value instanceof Map) return `{${fields(asObject(value), value.size)}}`
    return `{${fields(value)}}`
  }

  function list(items: Iterable<unknown>, count: number): string {
    let json = ''
    let at = 0
    for (const item of items) {
      const comma = at === 0 ? '' : ','
      if (at === maxEntries || left <= 0) return `[${json}${comma}"...[cut, ${count - at} items]"]`
      json += comma + (encode(item) ?? 'null')
      at += 1
    }
    return `[${json}]`
  }

  function fields(holder: object, count?: number, names = Object.keys(holder)): string {
    let json = ''
    let at = 0
    for (const name of names) {
      const comma = json === '' ? '' : ','
      if (at === maxEntries || left <= 0) return `${json}${comma}"...":"[cut, ${(count ?? names.length) - at} fields]"`
      const key = keyOf(name)
      const value = field(holder, name, key)
      if (value !== undefined) json += comma + spend(key.json) + value
      at += 1
    }
    return json
  }

  function encodeError(error: Error): string {
    const { stack } = error
    const shown: readonly (readonly [name: string, json: string | undefined])[] = [
      ['type', text(typeOf(error))],
      ['message', field(error, 'message', keyOf('message'))],
      ['stack', typeof stack === 'string' ? text(fewFrames(stack), maxStackLength) : undefined],
      ['cause', field(error, 'cause', keyOf('cause'))],
      ['errors', field(error, 'errors', keyOf('errors'))],
    ]
    const own = fields(error, undefined, Object.keys(error).filter((name) => !errorKeys.has(name)))
    const json = shown.flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${value}`]))
    return `{${(own === '' ? json : [...json, own]).join(',')}}`
  }

  return {
    allow: (room) => {
      const before = left
      left = room
      return before
    },
    field,
    hasRoom: () => left > 0,
  }
}

/** What is no data, and what is too much of it. */
function inWords(value: object): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${Buffer.isBuffer(value) ? 'Buffer' : value.constructor.name}, ${value.byteLength} bytes]`
  if (value instanceof RegExp) return String(value)
  if (value instanceof Promise) return '[Promise]'
  return undefined
}

/** As many entries as are shown, and one to tell that there are more. Without a prototype, since a key may be `__proto__`. */
function asObject(map: ReadonlyMap<unknown, unknown>): object {
  const object = Object.create(null) as Record<string, unknown>
  let taken = 0
  for (const [key, value] of map) {
    object[String(key)] = value
    if (++taken > maxEntries) break
  }
  return object
}

/** Those of other realms (`node:vm`) are errors too. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/** The name, or that of the class where nobody set one. */
function typeOf({ name, constructor }: Error): string {
  return String(name && name !== 'Error' ? name : constructor?.name ?? 'Error')
}

function fewFrames(stack: string): string {
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => line.startsWith('    at '))
  const kept = first < 0 ? lines.length : first + maxStackFrames
  return lines.length <= kept ? stack : `${lines.slice(0, kept).join('\n')}\n    ...[cut, ${lines.length - kept} frames]`
}

function safeMessage(thrown: unknown): string {
  try {
    return messageOf(thrown)
  } catch {
    return 'an error that cannot be read'
  }
}
