/**
 * Versions of services as files: `SCOPE/NAME/<n>.json` below the services
 * directory of the home. They hold secrets: 0600, in directories 0700.
 */
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppliedVersion, ServiceVersions } from '../../engines/services/versions.ts'
import type { ServiceScope } from '../../engines/services/service-definition.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'

/** @param directory `TASKFLOWS_HOME/services`; made when something is written */
export function createServiceVersions(directory: string): ServiceVersions {
  const directoryOf = (scope: ServiceScope, name: string) => join(directory, scope, name)
  const read = (scope: ServiceScope, name: string, version: number) => readVersion(join(directoryOf(scope, name), `${version}.json`))
  const all = function* (scope: ServiceScope, name: string): Generator<AppliedVersion> {
    for (const version of numbersIn(directoryOf(scope, name))) {
      const found = read(scope, name, version)
      if (found) yield found
    }
  }
  return {
    latest: (scope, name) => all(scope, name).next().value ?? undefined,
    all: (scope, name) => [...all(scope, name)],
    names: (scope) => entriesOf(join(directory, scope)).filter((name) => numbersIn(directoryOf(scope, name)).length > 0),
    append(scope, applied) {
      const place = directoryOf(scope, applied.definition.name)
      const version = (numbersIn(place)[0] ?? 0) + 1
      return writing(place, () => {
        makeDirectories(place)
        // Under another name first, so that a kill leaves no half version.
        const unfinished = join(place, '.unfinished')
        writeFileSync(unfinished, `${JSON.stringify({ version, ...applied })}\n`, { mode: 0o600 })
        renameSync(unfinished, join(place, `${version}.json`))
        return version
      })
    },
    secretText: textOf,
    async lock(purpose, onProgress) {
      writing(directory, () => makeDirectories(directory))
      return (await import('./apply-lock.ts')).takeApplyLock(join(directory, 'lock'), purpose, { onProgress })
    },
  }
}

/** The numbers of the versions in a directory, the last one first. */
function numbersIn(directory: string): number[] {
  return entriesOf(directory).flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? []).map(Number).sort((a, b) => b - a)
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Undefined for what is gone or was cut short: an earlier one then counts. */
function readVersion(path: string): AppliedVersion | undefined {
  const text = textOf(path)
  try {
    return text === null ? undefined : (JSON.parse(text) as AppliedVersion)
  } catch {
    return undefined
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function writing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new TaskflowsError('home.unwritable', `Expected ${path} to be a directory that this account may write, got ${messageOf(error)}`, { details: { path }, cause: error })
  }
}
