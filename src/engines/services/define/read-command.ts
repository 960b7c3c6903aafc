/** Reads a command into its normal form: words become argv, and what is relative becomes absolute. `command.ts` has the rules of words. */
import { statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { exportNamedBy, exportPath, splitWords } from './command.ts'
import { type Reading, describe, problemOfLine } from './reading.ts'
import type { Command, StartCommand } from '../service-definition.ts'
import type { AnyFunction } from '../../../kernel/any-function.ts'

/** A line of a unit may have 1 MiB, and each character may take several there (systemd.syntax(7)). */
const mostBytes = 128 * 1024
const mostWords = 4_096
const shellHint = `To run it by a shell, write ['bash', '-c', '...'].`

export function readCommand(given: unknown, path: string, reading: Reading): Command | undefined {
  if (typeof given === 'string') return readText(given.trim(), path, reading)
  if (Array.isArray(given)) return readArgv(given, path, reading)
  if (typeof given === 'function') return readFunction(given as AnyFunction, path, reading)
  if (typeof given === 'object' && given !== null) return readObject(given as Record<string, unknown>, path, reading)
  reading.problems.push({ path, message: `expected a command such as 'python app.py', a list of words, or 'file.ts#export', got ${describe(given)}` })
  return undefined
}

/** What a service runs: on this host, or in a container, where programs and paths are those of its image. */
export function readStartCommand(given: unknown, path: string, reading: Reading): StartCommand | undefined {
  if (isOfImage(given)) return { kind: 'image' }
  // Which of the two a relative program is in, is not known.
  if (reading.startsIn === 'unknown') return readCommand(given, path, { ...reading, programDirectory: undefined })
  if (reading.startsIn === 'host') return readCommand(given, path, reading)
  if (!isFunction(given)) {
    const words = readWords(typeof given === 'object' && given !== null && 'argv' in given ? given.argv : given, path, reading)
    return words && { kind: 'program', argv: words }
  }
  reading.problems.push({ path, message: 'is a function, which tf run calls on this host; expected a program of the container', hint: 'Have the image run it, or leave out the container.' })
  return undefined
}

const isOfImage = (given: unknown): boolean => typeof given === 'object' && given !== null && (given as { readonly kind?: unknown }).kind === 'image'

function isFunction(given: unknown): boolean {
  if (typeof given === 'string') return exportNamedBy(given.trim()) !== undefined
  return typeof given === 'function' || (typeof given === 'object' && given !== null && 'file' in given && 'export' in given)
}

/** Words as they are, or text that is split into some. */
export function readWords(given: unknown, path: string, { problems }: Reading): readonly [string, ...string[]] | undefined {
  const split = typeof given === 'string' ? splitWords(given.trim()) : { words: Array.isArray(given) ? given as readonly unknown[] : [given] }
  if ('problem' in split) {
    problems.push({ path, message: split.problem, ...(split.shell ? { hint: shellHint } : {}) })
    return undefined
  }
  const words = split.words.map((word) => (typeof word === 'number' ? String(word) : word))
  const wrong = problemOfWords(words)
  if (wrong === undefined) return words as [string, ...string[]]
  problems.push({ path, ...wrong })
  return undefined
}

function readText(text: string, path: string, reading: Reading): Command | undefined {
  const named = exportNamedBy(text)
  if (named !== undefined) return readExport(named.file, named.export, path, reading)
  const split = splitWords(text)
  if ('problem' in split) {
    reading.problems.push({ path, message: split.problem, ...(split.shell ? { hint: shellHint } : {}) })
    return undefined
  }
  if (/^[A-Za-z_]\w*=/.test(split.words[0] ?? '')) {
    reading.problems.push({ path, message: `expected a program, got \`${split.words[0]!.split('=')[0]}=...\`, which only a shell would set`, hint: 'Variables go into env.' })
    return undefined
  }
  return readArgv(split.words, path, reading)
}

function readArgv(words: readonly unknown[], path: string, reading: Reading): Command | undefined {
  const texts = readWords(words, path, reading)
  if (texts === undefined) return undefined
  const [program, ...args] = texts
  const located = locate(program, path, reading)
  return located === undefined ? undefined : { kind: 'program', argv: [located, ...args] }
}

function problemOfWords(words: readonly unknown[]): { readonly message: string; readonly unsafe?: boolean } | undefined {
  if (words.length === 0 || words[0] === '') return { message: 'expected a program, got nothing' }
  if (words.length > mostWords) return { message: `expected at most ${mostWords} words, got ${words.length}` }
  let bytes = 0
  for (const [at, word] of words.entries()) {
    if (typeof word !== 'string') return { message: `expected words, got ${describe(word)} as number ${at + 1}` }
    const problem = problemOfLine(word)
    if (problem !== undefined) return { message: `${problem} in word ${at + 1}`, unsafe: true }
    bytes += Buffer.byteLength(word) + 1
  }
  return bytes > mostBytes ? { message: `expected at most ${mostBytes} bytes, got ${bytes}` } : undefined
}

/** A bare name stays one, for the PATH of the host; `./start.sh` is where the service runs. */
function locate(program: string, path: string, reading: Reading): string | undefined {
  if (isAbsolute(program) || !program.includes('/') || program.startsWith('~') || program.startsWith('$')) return program
  if (reading.programDirectory !== undefined) return resolve(reading.programDirectory, program)
  reading.problems.push({ path, message: `expected an absolute path or the name of a program, got ${describe(program)}` })
  return undefined
}

function readObject(given: Readonly<Record<string, unknown>>, path: string, reading: Reading): Command | undefined {
  const { file, export: name, argv } = given
  if (Array.isArray(argv) && given.kind === 'program') return readArgv(argv, path, reading)
  if (typeof file === 'string' && typeof name === 'string' && exportPath.test(name)) return readExport(file, name, path, reading)
  reading.problems.push({ path, message: `expected file and export, got ${describe(given)} with ${describe(Object.keys(given).join(', '))}` })
  return undefined
}

function readExport(given: string, name: string, path: string, reading: Reading): Command | undefined {
  const wrong = problemOfLine(given)
  if (wrong !== undefined) {
    reading.problems.push({ path, message: wrong, unsafe: true })
    return undefined
  }
  const file = isAbsolute(given) ? given : reading.directory === undefined ? undefined : resolve(reading.directory, given)
  if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile()) return { kind: 'function', file, export: name }
  reading.problems.push({ path, message: file === undefined ? `expected an absolute path of a module, got ${describe(given)}` : `the module ${file} does not exist` })
  return undefined
}

function readFunction(fn: AnyFunction, path: string, reading: Reading): Command | undefined {
  if (reading.takeFunction) return reading.takeFunction(fn)
  const name = fn.name === '' ? 'the function' : `the function ${fn.name}`
  reading.problems.push({
    path, message: `${name} is known by name only while tf loads the module that exports it`, hint: `Write startCommand: fromModule(import.meta.url, '${fn.name || 'name'}').`,
  })
  return undefined
}
