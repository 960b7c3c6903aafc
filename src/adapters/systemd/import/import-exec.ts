/**
 * Exec lines back to commands. A command of ours is literal: variables of an
 * Exec line are left to a shell, which reads them from the same environment; specifiers are written out where
 * their values are known, and orders to systemd before the program have no place in a command.
 */
import { type SpecifierPlace, literalOf } from './specifiers.ts'
import type { ExecCommand, UnitWord } from './unit-values.ts'

export type ImportedCommand =
  | { readonly argv: readonly string[]; /** Its variables are expanded by a shell. */ readonly shell: boolean }
  | { readonly refused: string }

export function importCommand({ prefix, words }: ExecCommand, place: SpecifierPlace): ImportedCommand {
  if (prefix !== '' && prefix !== ':') return { refused: `it begins with ${prefix}, which no field of a service can say` }
  const written: UnitWord[] = []
  for (const word of words) {
    const literal = literalOf(word.text, place)
    if ('unknown' in literal) return { refused: `it holds the specifier ${literal.unknown}, whose value only systemd knows` }
    written.push({ ...word, text: literal.text })
  }
  const [program, ...args] = written
  if (program === undefined || program.text === '') return { refused: 'it names no program' }
  if (prefix === ':') return { argv: written.map(({ text }) => text), shell: false }
  if (/\$/.test(program.text)) return { refused: 'its program is a variable' }
  const parts = args.map(({ text }) => partsOf(text))
  const odd = parts.flat().find((part) => part.variable !== undefined && !/^[A-Za-z_]\w*$/.test(part.variable))
  if (odd) return { refused: `it holds the variable ${JSON.stringify(odd.variable)}, which is no name` }
  if (parts.flat().every(({ variable }) => variable === undefined)) return { argv: [program.text, ...parts.map(textOf)], shell: false }
  return { argv: ['/bin/sh', '-c', shellLine(program.text, parts)], shell: true }
}

interface Part {
  readonly text?: string
  readonly variable?: string
  /** `$NAME` as a whole word: split at blanks. */
  readonly split?: boolean
}

/** systemd.service(5): `${NAME}` anywhere, `$NAME` only as a whole word, `$$` is `$`, and any other `$` is itself. */
function partsOf(word: string): readonly Part[] {
  const whole = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1]
  if (whole !== undefined) return [{ variable: whole, split: true }]
  return [...word.matchAll(/\$\$|\$\{([^}]*)\}|[^$]+|\$/g)].map(([found, variable]) => (variable !== undefined ? { variable } : { text: found === '$$' ? '$' : found }))
}

const textOf = (parts: readonly Part[]): string => parts.map(({ text }) => text).join('')

/** `exec` leaves the program the process that systemd watches. */
function shellLine(program: string, words: readonly (readonly Part[])[]): string {
  const line = ['exec', shellWord(program), ...words.map((parts) => (parts.length === 1 && parts[0]!.split ? `$${parts[0]!.variable}` : parts.some(({ variable }) => variable) ? doubleQuoted(parts) : shellWord(textOf(parts))))].join(' ')
  // Values are split, and their stars are none.
  return words.flat().some(({ split }) => split) ? `set -f; ${line}` : line
}

function doubleQuoted(parts: readonly Part[]): string {
  return `"${parts.map(({ text, variable }) => (variable === undefined ? text!.replace(/["\\$`]/g, '\\$&') : `\${${variable}}`)).join('')}"`
}

function shellWord(text: string): string {
  return /^[\w./:=@,+%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
