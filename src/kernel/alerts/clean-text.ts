/**
 * Text from anywhere, without what no reader sees and some readers obey. Whatever a message says went through here
 * once, in `compose.ts`; renderers only escape what is markup in their own language.
 */
import { stripVTControlCharacters } from 'node:util'
import { cut } from './fit-text.ts'

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
