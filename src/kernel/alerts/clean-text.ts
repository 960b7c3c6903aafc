/**
 * Text from anywhere, without what no reader sees and some readers obey. Whatever a message says went through here
 * once, in `compose.ts`; renderers only escape what is markup in their own language.
 */
import { stripVTControlCharacters } from 'node:util'

// C0, DEL and C1 controls but for line breaks; bidirectional marks, embeddings and isolates (UAX #9), which would reorder
// what stands around them; invisible separators, tags and the byte order mark.
const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Text of several lines: line breaks become `\n`, tabs four spaces, lone surrogates U+FFFD; escape sequences of terminals go. */
export function cleanText(text: string): string {
  const lines = stripVTControlCharacters(text.toWellFormed()).replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
  return lines.replaceAll('\t', '    ').replace(unseen, '')
}

/** The same in one line, cut to `maxLength` with `…` at its end. */
export function cleanLine(text: string, maxLength: number): string {
  // What is cut off anyway need not be cleaned; markup that vanishes is allowed for.
  const line = cleanText(text.slice(0, maxLength * 8)).replace(/\s+/g, ' ').trim()
  return cut(line, maxLength)
}

/** At most `maxLength` UTF-16 units, of which the last is `…` when something is missing. A surrogate pair stays whole. */
export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** In pieces of at most `maxLength` UTF-16 units, at spaces where there are some, never within a surrogate pair. */
export function pieces(text: string, maxLength: number): string[] {
  const parts: string[] = []
  let rest = text
  while (rest.length > maxLength) {
    const space = rest.lastIndexOf(' ', maxLength - 1)
    const pairHalved = /[\ud800-\udbff]/.test(rest[maxLength - 1]!)
    const at = space > maxLength / 2 ? space + 1 : maxLength - Number(pairHalved)
    parts.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return rest === '' ? parts : [...parts, rest]
}
