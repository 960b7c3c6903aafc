/**
 * Whether a value is JSON that the store can keep. A payload may come from a
 * caller in this process, so it can be anything at all.
 */

/** How deep arrays and objects may nest: far below what makes a parser or a handler run out of stack. */
export const deepestNesting = 200

/**
 * What keeps `value` from being stored, in words that follow the name of the
 * field, or `undefined`. Walks with a list of its own instead of recursion.
 * @param maxBytes the longest JSON text, in UTF-8 bytes
 */
export function problemOfJson(value: unknown, maxBytes: number): string | undefined {
  const problem = problemOfParts(value)
  if (problem !== undefined) return problem
  const bytes = Buffer.byteLength(JSON.stringify(value))
  return bytes > maxBytes ? `expected at most ${maxBytes} bytes of JSON text, got ${bytes}` : undefined
}

interface Part {
  readonly value: unknown
  readonly depth: number
}

function problemOfParts(whole: unknown): string | undefined {
  const open: Part[] = [{ value: whole, depth: 1 }]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { value, depth } = part
    const problem = problemOfOne(value)
    if (problem !== undefined) return problem
    if (typeof value !== 'object' || value === null) continue
    // A value that holds itself ends here too.
    if (depth > deepestNesting) return `expected at most ${deepestNesting} levels of nesting, got more`
    const object = value as Readonly<Record<string, unknown>>
    for (const key of Object.keys(object)) {
      if (key.includes('\u0000')) return 'must not hold \\u0000, which PostgreSQL cannot keep, in a key'
      open.push({ value: object[key], depth: depth + 1 })
    }
  }
  return undefined
}

function problemOfOne(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.includes('\u0000') ? 'must not hold \\u0000, which PostgreSQL cannot keep' : undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `expected JSON, got the number ${value}`
    case 'boolean':
      return undefined
    case 'object':
      return value === null || isPlain(value) ? undefined : `expected plain JSON, got an instance of ${value.constructor?.name ?? 'a class'}`
    default:
      return `expected JSON, got ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
