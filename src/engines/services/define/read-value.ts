/** Reads values by their kinds. What is wrong goes to the problems of the reading, and the value is absent then. `read-fields.ts` reads what is made of several. */
import { parseDuration } from '../../../kernel/duration.ts'
import { parseByteSize } from './byte-size.ts'
import { type Kind, type SpecialType } from './field.ts'
import { readCommand, readStartCommand, readWords } from './read-command.ts'
import { readDirectory, readEnvFile, readExistingFile, readPath, readVolumeSource } from './read-path.ts'
import { readPorts } from './read-ports.ts'
import { readSchedules } from './read-schedule.ts'
import { type Reading, describe, problemOfLine } from './reading.ts'
import { problemOfDependency, problemOfName } from './service-name.ts'
import { exitStatus, signalName } from './signals.ts'
import { serviceBrand } from './service-brand.ts'

const longestText = 10_000
const longestSeconds = 100 * 365 * 86_400

/** A value that is not made of others. */
export type Scalar = Exclude<Kind, { is: 'list' | 'map' | 'object' | 'either' | 'variant' }>

export function readScalar(kind: Scalar, given: unknown, path: string, reading: Reading): unknown {
  switch (kind.is) {
    case 'text': return readText(given, path, reading, kind)
    case 'word': return readWord(given, path, reading, kind)
    case 'choice': return readChoice(given, path, reading, kind)
    case 'boolean': return typeof given === 'boolean' ? given : refuse(given, path, reading, 'true or false')
    case 'integer': return readInteger(given, path, reading, kind)
    case 'percent': return readPercent(given, path, reading)
    case 'duration': return readDuration(given, path, reading, kind)
    case 'bytes': return readBytes(given, path, reading, kind)
    case 'special': return special[kind.type](given, path, reading)
  }
}

type Of<I extends Kind['is']> = Extract<Kind, { is: I }>

export function refuse(given: unknown, path: string, { problems }: Reading, expected: string): undefined {
  problems.push({ path, message: `expected ${expected}, got ${describe(given)}` })
}

function readText(given: unknown, path: string, reading: Reading, { most = longestText, secret = false }: Omit<Of<'text'>, 'is'>): string | undefined {
  if (typeof given !== 'string') return refuse(given, path, reading, 'text')
  const wrong = problemOfLine(given)
  if (wrong !== undefined) {
    reading.problems.push({ path, message: secret ? wrong : `${wrong}, got ${describe(given)}`, unsafe: true })
    return undefined
  }
  if (given.trim() === '' && !secret) return refuse(given, path, reading, 'text')
  if (given.length <= most) return given
  reading.problems.push({ path, message: `expected at most ${most} characters, got ${given.length}` })
  return undefined
}

function readWord(given: unknown, path: string, reading: Reading, { like, expected, most = 500, scalar = false, upper = false }: Of<'word'>): string | undefined {
  const text = scalar && (typeof given === 'number' || typeof given === 'boolean') ? String(given) : given
  if (typeof text !== 'string') return refuse(given, path, reading, expected)
  const wrong = problemOfLine(text)
  if (wrong !== undefined) {
    reading.problems.push({ path, message: `${wrong}, got ${describe(text)}`, unsafe: true })
    return undefined
  }
  const word = upper ? text.toUpperCase() : text
  return word.length <= most && like.test(word) ? word : refuse(given, path, reading, expected)
}

function readChoice(given: unknown, path: string, reading: Reading, { words, meant = {} }: Of<'choice'>): string | undefined {
  if (typeof given === 'string' && words.includes(given)) return given
  if (typeof given === 'string' && Object.hasOwn(meant, given)) return meant[given]
  return refuse(given, path, reading, `one of ${words.join(', ')}`)
}

function readInteger(given: unknown, path: string, reading: Reading, { from, to }: Of<'integer'>): number | undefined {
  if (Number.isInteger(given) && (given as number) >= from && (given as number) <= to) return (given as number) + 0
  return refuse(given, path, reading, to === Number.MAX_SAFE_INTEGER ? `a whole number from ${from}` : `a whole number from ${from} to ${to}`)
}

function readPercent(given: unknown, path: string, reading: Reading): number | undefined {
  const number = typeof given === 'string' && /^\d{1,3}(?:\.\d{1,2})?\s*%$/.test(given) ? Number.parseFloat(given) : given
  if (typeof number === 'number' && number >= 0 && number <= 100) return Math.round(number * 100) / 100 + 0
  return refuse(given, path, reading, 'a percentage from 0 to 100')
}

/** Seconds, to the millisecond. */
function readDuration(given: unknown, path: string, reading: Reading, { zero = false }: Of<'duration'>): number | undefined {
  const ms = typeof given === 'number' || typeof given === 'string' ? parseDuration(given) : undefined
  if (ms === undefined) return refuse(given, path, reading, "a number of seconds, or text such as '5m' or '1h 30min'")
  if (ms === 0 && !zero) return refuse(given, path, reading, 'more than 0 seconds')
  return ms / 1000 <= longestSeconds ? ms / 1000 + 0 : refuse(given, path, reading, 'at most 100 years')
}

function readBytes(given: unknown, path: string, reading: Reading, { from }: Of<'bytes'>): number | undefined {
  const bytes = parseByteSize(given)
  if (bytes === undefined) return refuse(given, path, reading, "a number of bytes, or text such as '512M' or '1.5GB'")
  return bytes >= from ? bytes : refuse(given, path, reading, `at least ${from} byte`)
}

type ReadSpecial = (given: unknown, path: string, reading: Reading) => unknown

const special: Readonly<Record<SpecialType, ReadSpecial>> = {
  name: (given, path, reading) => {
    const wrong = problemOfName(given)
    if (wrong === undefined) return given
    reading.problems.push({ path, ...wrong })
    return undefined
  },
  dependency: readDependency,
  command: readCommand,
  startCommand: readStartCommand,
  words: readWords,
  ports: readPorts,
  volumeSource: readVolumeSource,
  schedule: (given, path, { problems }) => {
    const schedules = readSchedules(given, path, problems)
    return schedules?.length ? schedules : undefined
  },
  env: (given, path, reading) => readText(typeof given === 'number' || typeof given === 'boolean' ? String(given) : given, path, reading, { most: 100_000, secret: true }),
  envFile: readEnvFile,
  existingFile: readExistingFile,
  directory: readDirectory,
  path: readPath,
  signal: (given, path, reading) => signalName(given) ?? refuse(given, path, reading, 'a signal such as SIGTERM or 15'),
  exitStatus: (given, path, reading) => exitStatus(given) ?? refuse(given, path, reading, 'an exit code from 0 to 255, or a signal'),
}

/** A name, or a service itself. */
function readDependency(given: unknown, path: string, reading: Reading): string | undefined {
  const name = typeof given === 'object' && given !== null && serviceBrand in given ? (given as { readonly name?: unknown }).name : given
  if (typeof name !== 'string') return refuse(given, path, reading, 'the name of a service or a unit')
  const wrong = problemOfDependency(name)
  if (wrong === undefined) return name
  reading.problems.push({ path, ...wrong })
  return undefined
}
