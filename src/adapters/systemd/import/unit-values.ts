/** Values of units as systemd reads them: systemd.syntax(7), systemd.time(7), systemd.service(5) COMMAND LINES. `undefined` for what is none. */

export interface UnitWord {
  /** Without quotes and escapes; specifiers and variables are still there. */
  readonly text: string
  /** It stands there without quotes and escapes. */
  readonly bare: boolean
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'", s: ' ' }

/** The words of a list. */
export function wordsOf(value: string): readonly UnitWord[] | undefined {
  const words: UnitWord[] = []
  const word = /[ \t]*((?:[^\s"'\\]|\\[^]|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')+)(?=[ \t]|$)[ \t]*/y
  while (word.lastIndex < value.length) {
    const found = word.exec(value)?.[1]
    if (found === undefined) return undefined
    const text = unquoted(found)
    if (text === undefined) return undefined
    words.push({ text, bare: !/["'\\]/.test(found) })
  }
  return words
}

function unquoted(word: string): string | undefined {
  let known = true
  const text = word.replace(/"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|\\(?:x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|[^])/g, (whole, double?: string, single?: string) => {
    const read = unescaped(double ?? single ?? whole)
    if (read === undefined) known = false
    return read ?? ''
  })
  return known ? text : undefined
}

/** Escapes by systemd.syntax(7). One of bytes that are no text by themselves is left to systemd. */
function unescaped(text: string): string | undefined {
  let known = true
  const read = text.replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|([^]))/g, (_, hex?: string, octal?: string, unicode?: string, char?: string) => {
    const code = hex === undefined ? octal === undefined ? undefined : Number.parseInt(octal, 8) : Number.parseInt(hex, 16)
    const meant = unicode !== undefined ? String.fromCharCode(Number.parseInt(unicode, 16)) : code !== undefined ? (code > 0 && code < 128 ? String.fromCharCode(code) : undefined) : escapes[char!]
    if (meant === undefined) known = false
    return meant ?? ''
  })
  return known ? read : undefined
}

export interface ExecCommand {
  /** `-`, `@`, `:`, `+`, `!`, `!!`. */
  readonly prefix: string
  readonly words: readonly UnitWord[]
}

/** The commands of an Exec line: a `;` on its own begins the next. */
export function commandsOf(value: string): readonly ExecCommand[] | undefined {
  const words = wordsOf(value.replaceAll(/(?<=\s)\\;(?=\s|$)/g, '";"'))
  if (words === undefined) return undefined
  const commands: UnitWord[][] = [[]]
  for (const word of words) {
    if (word.bare && word.text === ';') commands.push([])
    else commands.at(-1)!.push(word)
  }
  return commands.filter(({ length }) => length > 0).map(([first, ...rest]) => {
    const prefix = /^[-@:+!|]*/.exec(first!.text)![0]
    return { prefix, words: [{ ...first!, text: first!.text.slice(prefix.length) }, ...rest] }
  })
}

const yes = ['1', 'yes', 'y', 'true', 't', 'on']
const no = ['0', 'no', 'n', 'false', 'f', 'off']

export function booleanOf(value: string): boolean | undefined {
  const word = value.toLowerCase()
  return yes.includes(word) ? true : no.includes(word) ? false : undefined
}

const secondsOf: Readonly<Record<string, number>> = {
  us: 1e-6, usec: 1e-6, 'µs': 1e-6, 'μs': 1e-6, ms: 1e-3, msec: 1e-3, s: 1, sec: 1, second: 1, seconds: 1, '': 1, m: 60, min: 60, minute: 60, minutes: 60,
  h: 3_600, hr: 3_600, hour: 3_600, hours: 3_600, d: 86_400, day: 86_400, days: 86_400, w: 604_800, week: 604_800, weeks: 604_800,
  M: 2_629_800, month: 2_629_800, months: 2_629_800, y: 31_557_600, year: 31_557_600, years: 31_557_600,
}

/** Seconds, to the microsecond; Infinity for `infinity`. */
export function secondsIn(value: string): number | undefined {
  if (value === 'infinity') return Infinity
  const spans = [...value.matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµμ]*)\s*/gy)]
  if (spans.length === 0 || spans.map(([whole]) => whole).join('') !== value) return undefined
  let total = 0
  for (const [, number, unit] of spans) {
    const scale = secondsOf[unit!]
    if (scale === undefined) return undefined
    total += Math.round(Number(number) * scale * 1e6)
  }
  return total / 1e6
}

/** Bytes: plain, or with K, M, G, T of 1024; of rates of disks they are of 1000 (systemd.resource-control(5)). */
export function bytesIn(value: string, base: 1024 | 1000 = 1024): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)B?$/.exec(value) ?? []
  return number === undefined ? undefined : Math.floor(Number(number) * base ** ('KMGTPE'.indexOf(unit || '-') + 1))
}
