/**
 * Versions of services as files: `SCOPE/NAME.jsonl` below the services directory
 * of the home, a line for each version. They hold secrets: 0600, in directories 0700.
 *
 * One file for all versions of a service: to make a file costs a disk a
 * millisecond, and an apply of 500 services makes 500.
 */
import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AppliedVersion, ServiceVersions } from '../../engines/services/versions.ts'
import type { ServiceScope } from '../../engines/services/service-definition.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'

const extension = '.jsonl'
/** Read at once from the end of a file; most versions are shorter. */
const tailBytes = 64 * 1024

/** @param directory `TASKFLOWS_HOME/services`; made when something is written */
export function createServiceVersions(directory: string): ServiceVersions {
  const pathOf = (scope: ServiceScope, name: string) => join(directory, scope, `${name}${extension}`)
  const latest = (scope: ServiceScope, name: string) => latestIn(tailOf(pathOf(scope, name))) ?? latestIn(textOf(pathOf(scope, name)))
  return {
    latest,
    all: (scope, name) => linesOf(textOf(pathOf(scope, name))).toReversed().flatMap((line) => readVersion(line) ?? []),
    names: (scope) => entriesOf(join(directory, scope)).filter((file) => file.endsWith(extension)).map((file) => file.slice(0, -extension.length)),
    append(scope, applied) {
      const path = pathOf(scope, applied.definition.name)
      const before = tailOf(path)
      const version = before === '' ? 1 : (latest(scope, applied.definition.name)?.version ?? 0) + 1
      // What a kill cut short stays a line of its own, which no reader takes for a version.
      const text = `${before === '' || before.endsWith('\n') ? '' : '\n'}${JSON.stringify({ version, ...applied })}\n`
      return writing(path, () => {
        makeDirectories(dirname(path))
        appendFileSync(path, text, { mode: 0o600 })
        return version
      })
    },
    secretText: (path) => readOr(path, null),
    async lock(purpose, onProgress) {
      writing(directory, () => makeDirectories(directory))
      return (await import('./apply-lock.ts')).takeApplyLock(join(directory, 'lock'), purpose, { onProgress })
    },
  }
}

function latestIn(text: string): AppliedVersion | undefined {
  for (const line of linesOf(text).toReversed()) {
    const found = readVersion(line)
    if (found) return found
  }
  return undefined
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** Undefined for what was cut short: an earlier one then counts. */
function readVersion(line: string): AppliedVersion | undefined {
  try {
    return JSON.parse(line) as AppliedVersion
  } catch {
    return undefined
  }
}

function textOf(path: string): string {
  return readOr(path, '')
}

/** The end of a file, which may begin within a line; empty when there is no such file. */
function tailOf(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, tailBytes))
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

function readOr<T>(path: string, otherwise: T): string | T {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function writing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new TaskflowsError('home.unwritable', `Expected ${path} to be where this account may write, got ${messageOf(error)}`, { details: { path }, cause: error })
  }
}
