/**
 * Who imports whom in this repository, read from the text of the files.
 */
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

export interface Import {
  /** A file of the repository, as `src/kernel/clock.ts`, or the specifier of a package or of Node. */
  readonly target: string
  /**
   * `type` leaves nothing behind when types are stripped; `lazy` loads when the line runs; `static` loads with the file.
   * Note that `import { type A } from 'x'` is static: it still loads `x`.
   */
  readonly kind: 'static' | 'type' | 'lazy'
}

const statement = /^(?:import|export)\s+(?<type>type\s+)?(?:(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s+)?'(?<target>[^']+)'/gm
const call = /\bimport\(\s*'(?<target>[^']+)'\s*\)/g

/** The imports of a file, named from the root of the repository. */
export function importsOf(file: string): Import[] {
  const text = withoutComments(readFileSync(file, 'utf8'))
  const at = (specifier: string) => (specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier)
  return [
    ...[...text.matchAll(statement)].map(({ groups }) => ({ target: at(groups!.target!), kind: groups!.type ? 'type' : 'static' }) as const),
    ...[...text.matchAll(call)].map(({ groups }) => ({ target: at(groups!.target!), kind: 'lazy' }) as const),
  ]
}

/** Everything that loads when `entry` is loaded: files, packages and Node's modules. */
export function loadedBy(entry: string): Set<string> {
  const loaded = new Set<string>()
  const visit = (target: string): void => {
    if (loaded.has(target)) return
    loaded.add(target)
    if (target.endsWith('.ts') && existsSync(target)) importsOf(target).filter(({ kind }) => kind === 'static').forEach((found) => visit(found.target))
  }
  visit(entry)
  return loaded
}

/** The code alone. Text in strings that looks like a comment goes too, which no rule here minds. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}
