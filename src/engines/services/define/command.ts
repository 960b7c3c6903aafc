/**
 * Commands as people write them. A text is split into words by the quoting rules
 * of the shell (POSIX.1-2024, 2.2 Quoting) and never run by one, so what only a shell would do is
 * refused instead of passed on as an argument. `read-command.ts` makes the normal form.
 */
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ValidationError } from '../../../kernel/errors.ts'

/** A function that a module exports. */
export interface FunctionCommand {
  readonly kind: 'function'
  /** Absolute. */
  readonly file: string
  readonly export: string
}

/**
 * The function that a module exports under a name, as a command: it is run by `tf run`, in a process of its own.
 *
 * @param module `import.meta.url`, or an absolute path
 * @param name as it is exported: `nightly`, `jobs.nightly` within an exported object, `default`
 * @throws ValidationError `service.invalid`
 * @example
 * new Service({ name: 'nightly', startCommand: fromModule(import.meta.url, 'nightly') })
 */
export function fromModule(module: string, name: string): FunctionCommand {
  const file = fileOf(module)
  if (file === undefined) throw new ValidationError('service.invalid', `expected import.meta.url or an absolute path of a module, got ${JSON.stringify(module)}`)
  if (typeof name !== 'string' || !exportPath.test(name)) throw new ValidationError('service.invalid', `expected the name of an export of ${file}, got ${JSON.stringify(name)}`)
  return { kind: 'function', file, export: name }
}

function fileOf(module: unknown): string | undefined {
  if (typeof module !== 'string') return undefined
  if (isAbsolute(module)) return module
  try {
    return fileURLToPath(module.replace(/[?#].*$/, ''))
  } catch {
    return undefined
  }
}

export const exportPath = /^[\w$-]+(?:\.[\w$-]+)*$/
const exportOfFile = /^(\S+\.[cm]?[jt]s)#(\S+)$/

/** `./jobs.ts#nightly` as a whole, or `undefined` when it is a program with arguments. */
export function exportNamedBy(text: string): { readonly file: string; readonly export: string } | undefined {
  const [, file, name] = exportOfFile.exec(text) ?? []
  return file !== undefined && name !== undefined && exportPath.test(name) ? { file, export: name } : undefined
}

export type Words = { readonly words: readonly string[] } | { readonly problem: string; /** It needs a shell. */ readonly shell?: boolean }

/** What a shell would take for something else than a word. `$NAME`, `~` and `*` are passed on as they stand. */
const shellOnly = /^(?:\$\(|[|&;<>()`\n\r])/

/** The words of a command line. */
export function splitWords(text: string): Words {
  const words: string[] = []
  let word: string | undefined
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
      at += 1
      continue
    }
    const shell = shellOnly.exec(text.slice(at, at + 2))?.[0]
    if (shell !== undefined) return { problem: `${shell === '\n' || shell === '\r' ? 'a line break' : `\`${shell}\``} is for a shell, and none runs it`, shell: true }
    const part = readPart(text, at)
    if (part === undefined) return { problem: char === '\\' ? 'it ends with a backslash' : `the quote ${char} at character ${at + 1} is not closed` }
    word = (word ?? '') + part.text
    at = part.next
  }
  if (word !== undefined) words.push(word)
  return { words }
}

interface Part {
  readonly text: string
  readonly next: number
}

/** A quoted part, an escaped character, or plain text up to the next that is special. */
function readPart(text: string, at: number): Part | undefined {
  const char = text[at]!
  if (char === '\\') return at + 1 < text.length ? { text: text[at + 1]!, next: at + 2 } : undefined
  if (char === "'") {
    const end = text.indexOf("'", at + 1)
    return end < 0 ? undefined : { text: text.slice(at + 1, end), next: end + 1 }
  }
  if (char === '"') return readDoubleQuoted(text, at + 1)
  const end = at + 1 + text.slice(at + 1).search(/[\s'"\\|&;<>()`$]|$/)
  return { text: text.slice(at, end), next: end }
}

/** Within double quotes a backslash escapes only what would be special there. */
function readDoubleQuoted(text: string, from: number): Part | undefined {
  let read = ''
  for (let at = from; at < text.length; at += 1) {
    const char = text[at]!
    if (char === '"') return { text: read, next: at + 1 }
    if (char === '\\' && /["\\$`]/.test(text[at + 1] ?? '')) at += 1
    read += text[at]!
  }
  return undefined
}
