/**
 * The text of a unit, and the ways in which a value is made safe for its place
 * in it. Only what went through one of them is a `UnitText`, so the compiler
 * keeps a raw value out of a directive; `renderUnit` is the gate behind that:
 * no value can end its line, join the next one or lose its edges.
 *
 * By systemd.syntax(7), systemd.service(5) COMMAND LINES, systemd.unit(5) SPECIFIERS.
 */
import { SecurityError } from '../../../kernel/errors.ts'

declare const isSafe: unique symbol
/** A value as systemd reads it at its place. */
export type UnitText = string & { readonly [isSafe]: true }

export type DirectiveValue = UnitText | number | boolean | readonly UnitText[] | undefined
/** Directive -> value, in the order of the lines. A list is a line each; `undefined` and an empty list are none. */
export type UnitSection = Readonly<Record<string, DirectiveValue>>

const sectionOrder = ['Unit', 'Service', 'Timer', 'Install'] as const
export type SectionName = (typeof sectionOrder)[number]
export type UnitSections = Readonly<Partial<Record<SectionName, UnitSection>>>

/** systemd gives up on a whole file with a longer line. */
const longestLineBytes = (1 << 20) - 1

/** For constants, for words that were checked, and for what a person wrote for systemd (`directives`). */
export function verbatim(text: string): UnitText {
  return text as UnitText
}

/** For a value that is one text up to the end of its line, such as a path or a description. */
export function literal(text: string): UnitText {
  // A backslash at the very end would join the next line; a blank behind it is taken away only after that was
  // decided. A blank that was given gets a second one, by which `renderUnit` tells the two apart.
  return verbatim(withoutSpecifiers(text) + (endsEscaping.test(text) || text.endsWith(' ') ? ' ' : ''))
}

const endsEscaping = /(?<!\\)(?:\\\\)*\\$/
const endsEscapingBlank = /(?<!\\)(?:\\\\)*\\ $/

/** For one item of a list that is unquoted and unescaped, such as `NAME=value` of Environment=, which expands no `$`. */
export function quoted(text: string): UnitText {
  return verbatim(`"${withoutSpecifiers(text).replace(/["\\]/g, '\\$&')}"`)
}

/** For a file of EnvironmentFile=, which is a pattern of files, and may be absent when it begins with a dash. */
export function filePattern(absolutePath: string): UnitText {
  return literal(absolutePath.replace(/[*?[\]{}\\]/g, '\\$&'))
}

/** An argument as it is, or one with specifiers of systemd in it, without blanks, quotes and `$`. */
export type ExecWord = string | { readonly unit: UnitText }

/**
 * For Exec lines: the program and its arguments, each of them exactly as given.
 * A name that systemd would read as more than a name is refused; quotes cannot
 * help there, since they are taken off before it looks.
 */
export function execLine([program, ...given]: readonly [string, ...ExecWord[]]): UnitText {
  if (program === '' || /^[@:+!|-]/.test(program) || /["'\\]/.test(program)) {
    throw new SecurityError('service.unsafe', `The program ${JSON.stringify(program)} cannot be named in a unit: systemd takes no quotes or backslashes there, and reads @ : + ! | - at the start as orders to itself`, {
      details: { program }, hint: 'Name it by an absolute path without such characters; a symbolic link will do.',
    })
  }
  // The path is never expanded, but the same text is also argument 0, which is: with `:` nothing is.
  const expandsNothing = program.includes('$')
  const words = given.map((argument) => (typeof argument === 'object' ? argument.unit : execWord(expandsNothing ? argument : argument.replaceAll('$', '$$$$'))))
  // Prefixes are looked for once quotes are off, and a quote begins a word.
  return verbatim([execWord(expandsNothing ? `:${program}` : program), ...words].join(' '))
}

/** Plain words stay as people write them. */
function execWord(word: string): string {
  return /^[A-Za-z0-9_./:=@,+~#-]+$/.test(word) ? word : quoted(word)
}

function withoutSpecifiers(text: string): string {
  return text.replaceAll('%', '%%')
}

/**
 * The whole text of a unit: sections in their fixed order, directives in the order given.
 * @throws `service.unsafe` for a value that cannot stand on a line of its own
 */
export function renderUnit(unit: string, sections: UnitSections): string {
  return sectionOrder
    .map((name) => ({ name, lines: Object.entries(sections[name] ?? {}).flatMap(([directive, value]) => directiveLines(unit, directive, value)) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ name, lines }) => [`[${name}]`, ...lines].map((line) => `${line}\n`).join(''))
    .join('\n')
}

function directiveLines(unit: string, directive: string, value: DirectiveValue): readonly string[] {
  if (value === undefined) return []
  const values = Array.isArray(value) ? value as readonly UnitText[] : [value as UnitText | number | boolean]
  return values.map((one) => {
    const text = typeof one === 'boolean' ? (one ? 'yes' : 'no') : typeof one === 'number' ? numberText(one) : one
    const line = `${directive}=${text}`
    const problem = problemOf(text) ?? (Buffer.byteLength(line) > longestLineBytes ? 'is longer than a line may be (1 MiB)' : undefined)
    if (problem) throw new SecurityError('service.unsafe', `${directive}= of ${unit} ${problem}: ${JSON.stringify(text.slice(0, 200))}`, { details: { unit, directive } })
    return line
  })
}

// oxlint-disable-next-line no-control-regex
const suspicious = /[\x00-\x1f\x7f]|^ | $|\\$/

function problemOf(text: string): string | undefined {
  if (text.isWellFormed() && !suspicious.test(text)) return undefined
  // oxlint-disable-next-line no-control-regex
  const control = /[\x00-\x1f\x7f]/.exec(text)
  if (control) return /[\n\r]/.test(text) ? 'holds a line break' : `holds the control character \\x${control[0].charCodeAt(0).toString(16).padStart(2, '0')}`
  if (!text.isWellFormed()) return 'holds half a character (a lone surrogate)'
  if (text.startsWith(' ') || (text.endsWith(' ') && !endsEscapingBlank.test(text))) return 'begins or ends with a blank, which systemd would take away'
  if (endsEscaping.test(text)) return 'ends with a backslash, which would join the next line to it'
  return undefined
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`expected a finite number, got ${value}`)
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(6).replace(/0+$/, '')
}

/** A time span from seconds, in whole numbers of the largest unit that takes it: `90s`, `1500ms`. */
export function timeSpan(seconds: number): UnitText {
  const units = [['s', 1], ['ms', 1e3], ['us', 1e6]] as const
  const [unit, scale] = units.find(([, factor]) => Math.abs(seconds * factor - Math.round(seconds * factor)) < 1e-7) ?? units[2]
  return verbatim(`${numberText(Math.round(seconds * scale))}${unit}`)
}

/** Percent with the two decimals that systemd reads. */
export function percent(value: number): UnitText {
  return verbatim(`${Number(value.toFixed(2))}%`)
}
