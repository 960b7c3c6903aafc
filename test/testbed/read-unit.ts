/**
 * Reads a unit as systemd does, and stricter: what it would skip, guess or only
 * warn about is an error here. Written from systemd.syntax(7), systemd.service(5)
 * COMMAND LINES and systemd.unit(5), not from what writes the units.
 */

export interface ReadDirective {
  readonly section: string
  readonly directive: string
  /** As it stands, without blanks around it. */
  readonly value: string
}

export function readUnit(text: string): readonly ReadDirective[] {
  // systemd ends a line at each of these.
  if (/[\r\0]/.test(text)) throw new Error('a carriage return or NUL ends a line')
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const directives: ReadDirective[] = []
  let section: string | undefined
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const fail = (problem: string): never => {
      throw new Error(`line ${index + 1} ${problem}: ${JSON.stringify(line)}`)
    }
    if (line === '') continue
    if (/^\s*[#;]/.test(line)) fail('is a comment')
    if (endsEscaped(line)) fail('is continued')
    if (line.startsWith('[')) {
      section = /^\[([A-Z][a-z]+)\]$/.exec(line)?.[1] ?? fail('is no section')
      continue
    }
    const [, directive, value] = /^([A-Z][A-Za-z0-9-]*)=(.*)$/s.exec(line) ?? []
    if (section === undefined || directive === undefined || value === undefined) return fail('is no directive')
    directives.push({ section, directive, value: value.replace(/^[ \t]+|[ \t]+$/g, '') })
  }
  return directives
}

function endsEscaped(line: string): boolean {
  let escaped = false
  for (const char of line) escaped = !escaped && char === '\\'
  return escaped
}

/** Of a literal value: what it means once specifiers are read. Any but `%%` would be replaced by something. */
export function readLiteral(value: string): string {
  return value.replace(/%(.?)/gs, (whole, next: string) => {
    if (next !== '%') throw new Error(`${whole} is a specifier in ${JSON.stringify(value)}`)
    return '%'
  })
}

/** The items of a list: quotes and C escapes are taken off, specifiers read. */
export function readItems(value: string): readonly string[] {
  return splitItems(value).map(({ text }) => readLiteral(text))
}

/** The program and its arguments that an Exec line stands for. */
export function readExec(value: string): readonly string[] {
  const [first, ...rest] = splitItems(value)
  if (first === undefined) throw new Error('no program')
  const prefix = /^[-@:+!|]*/.exec(first.text)![0]
  if (prefix !== '' && prefix !== ':') throw new Error(`the prefix ${prefix}`)
  const program = readLiteral(first.text.slice(prefix.length))
  if (!/^[^"'\\]+$/.test(program)) throw new Error(`the program ${JSON.stringify(program)}`)
  if (prefix === '' && program.includes('$')) throw new Error('argument 0 is expanded')
  return [program, ...rest.map(({ text, quoted }) => {
    if (!quoted && text === ';') throw new Error('a second command')
    return prefix === ':' ? readLiteral(text) : readDollars(readLiteral(text))
  })]
}

function readDollars(word: string): string {
  return word.replace(/\$(.?)/gs, (whole, next: string) => {
    if (next !== '$') throw new Error(`${whole} is a variable in ${JSON.stringify(word)}`)
    return '$'
  })
}

interface Item {
  readonly text: string
  readonly quoted: boolean
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'", s: ' ' }

function splitItems(value: string): readonly Item[] {
  const items: Item[] = []
  let rest = value
  for (;;) {
    rest = rest.replace(/^[ \t]+/, '')
    if (rest === '') return items
    const quote = /^["']/.exec(rest)?.[0]
    let text = ''
    let at = quote ? 1 : 0
    while (at < rest.length && (quote ? rest[at] !== quote : !/[ \t]/.test(rest[at]!))) {
      const char = rest[at]!
      if (!quote && /["']/.test(char)) throw new Error(`a quote within a word of ${JSON.stringify(value)}`)
      const meant = char === '\\' ? escapes[rest[at + 1] ?? ''] : char
      if (meant === undefined) throw new Error(`an unknown escape in ${JSON.stringify(value)}`)
      text += meant
      at += char === '\\' ? 2 : 1
    }
    if (quote && rest[at] !== quote) throw new Error(`a quote that is not closed in ${JSON.stringify(value)}`)
    if (quote && !/^([ \t]|$)/.test(rest.slice(at + 1))) throw new Error(`a quote that ends within a word of ${JSON.stringify(value)}`)
    items.push({ text, quoted: quote !== undefined })
    rest = rest.slice(quote ? at + 1 : at)
  }
}

/** Variables in a file of EnvironmentFile=, by systemd.exec(5): double quotes, within which a backslash escapes `"`, `\`, `` ` `` and `$`. */
export function readEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  for (const line of text.split('\n').slice(0, -1)) {
    const [, name, quoted] = /^([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\["\\`$])*)"$/s.exec(line) ?? []
    if (name === undefined || quoted === undefined) throw new Error(`no variable: ${JSON.stringify(line)}`)
    variables[name] = quoted.replace(/\\(.)/gs, '$1')
  }
  return variables
}
