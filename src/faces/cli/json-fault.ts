/**
 * Where a text stops being JSON (RFC 8259). JSON.parse says so for some faults
 * only, and never for an unknown word, which is what a forgotten quote makes.
 */

export interface JsonFault {
  /** Characters before the fault. */
  readonly position: number
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** The text around the fault. */
  readonly piece: string
}

const blank = /[ \t\n\r]*/y
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y

/** For a text that JSON.parse refuses. */
export function findJsonFault(text: string): JsonFault {
  const position = faultPosition(text)
  const before = text.slice(0, position)
  const lineStart = before.lastIndexOf('\n') + 1
  return {
    position,
    line: before.split('\n').length,
    column: position - lineStart + 1,
    piece: text.slice(Math.max(0, position - 20), position + 20),
  }
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end'

function faultPosition(text: string): number {
  const open: ('}' | ']')[] = []
  let expected: Expected = 'value'
  let at = end(blank, text, 0)
  while (at < text.length) {
    const char = text[at]!
    let next = at + 1
    if (char === open.at(-1) && (expected === 'comma or end' || expected.endsWith(char))) {
      open.pop()
      expected = 'comma or end'
    } else if (expected === 'colon') {
      if (char !== ':') return at
      expected = 'value'
    } else if (expected === 'comma or end') {
      if (char !== ',' || open.length === 0) return at
      expected = open.at(-1) === '}' ? 'key' : 'value'
    } else if (expected.startsWith('key')) {
      next = end(string, text, at)
      expected = 'colon'
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']')
      expected = char === '{' ? 'key or }' : 'value or ]'
    } else {
      next = end(char === '"' ? string : scalar, text, at)
      expected = 'comma or end'
    }
    if (next === at) return at
    at = end(blank, text, next)
  }
  return text.length
}

/** Where the token that starts at `at` ends; `at` itself when there is none. */
function end(token: RegExp, text: string, at: number): number {
  token.lastIndex = at
  return token.test(text) ? token.lastIndex : at
}
