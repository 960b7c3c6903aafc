/** Paths in definitions. `..` never counts, and an env file must lie where definitions may look, also behind its links. */
import { realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { type Reading, describe, problemOfLine } from './reading.ts'

const longest = 4_096

/** Absolute, wherever it leads. */
export function readPath(given: unknown, path: string, { directory, problems }: Reading): string | undefined {
  if (typeof given !== 'string' || given === '') {
    problems.push({ path, message: `expected a path, got ${describe(given)}` })
    return undefined
  }
  const wrong = problemOfPath(given)
  if (wrong !== undefined) {
    problems.push({ path, message: wrong, unsafe: true })
    return undefined
  }
  const expanded = given.replace(/^~(?=\/|$)/, homedir())
  if (isAbsolute(expanded)) return withoutEnd(normalize(expanded))
  if (directory !== undefined) return withoutEnd(join(directory, expanded))
  problems.push({ path, message: `expected an absolute path, got ${describe(given)}` })
  return undefined
}

function problemOfPath(given: string): string | undefined {
  const line = problemOfLine(given)
  if (line !== undefined) return line
  if (given.length > longest) return `expected at most ${longest} characters, got ${given.length}`
  return given.split('/').includes('..') ? `must not hold \`..\`, got ${describe(given)}` : undefined
}

function withoutEnd(path: string): string {
  return path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path
}

/** A path of the host, which needs a slash or a dot in front to be told from the name of a volume of Docker. Docker takes colons for ends. */
export function readVolumeSource(given: unknown, path: string, reading: Reading): string | undefined {
  if (typeof given === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/.test(given)) return given
  if (typeof given === 'string' && !/^(?:[/~]|\.\.?(?:\/|$))/.test(given)) {
    reading.problems.push({ path, message: `expected a path such as /srv/data or ./data, or the name of a volume, got ${describe(given)}`, unsafe: problemOfLine(given) !== undefined })
    return undefined
  }
  const source = readPath(given, path, reading)
  if (source === undefined || !source.includes(':')) return source
  reading.problems.push({ path, message: `must not hold a colon, got ${describe(source)}` })
  return undefined
}

/** A directory that exists. */
export function readDirectory(given: unknown, path: string, reading: Reading): string | undefined {
  const directory = readPath(given, path, reading)
  if (directory === undefined || statOf(directory)?.isDirectory()) return directory
  reading.problems.push({ path, message: `there is no directory ${describe(directory)}` })
  return undefined
}

/** A regular file that exists. */
export function readExistingFile(given: unknown, path: string, reading: Reading): string | undefined {
  const file = readPath(given, path, reading)
  if (file === undefined) return undefined
  const stat = statOf(file)
  if (stat?.isFile()) return file
  reading.problems.push({ path, message: stat === undefined ? `there is no file ${describe(file)}` : `${describe(file)} is not a regular file` })
  return undefined
}

/** A regular file below the home, the directory of the definition, /etc/taskflows or an allowed path; so is what its links lead to. */
export function readEnvFile(given: unknown, path: string, reading: Reading): string | undefined {
  const file = readPath(given, path, reading)
  if (file === undefined) return undefined
  const roots = [homedir(), '/etc/taskflows', ...(reading.directory === undefined ? [] : [reading.directory]), ...reading.allowedPaths]
  const realRoots = roots.map((root) => realPathOf(root) ?? root)
  const target = realPathOf(file)
  if (!isBelow(file, [...roots, ...realRoots]) || (target !== undefined && !isBelow(target, realRoots))) {
    reading.problems.push({
      path, unsafe: true, message: `${describe(file)}${target === undefined || target === file ? '' : `, which leads to ${describe(target)},`} is not below ${roots.join(', ')}`,
      hint: 'Move it there, or name its directory in allowedPaths.',
    })
    return undefined
  }
  return readExistingFile(file, path, reading)
}

function isBelow(file: string, roots: readonly string[]): boolean {
  return roots.some((root) => file.startsWith(root.endsWith(sep) ? root : root + sep))
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
