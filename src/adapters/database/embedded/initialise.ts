/**
 * The data directory of a major version, made whole or not at all: everything
 * happens in a temporary sibling that is renamed at the end.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { Binaries } from './binaries.ts'
import { giveTo, renameDurably, writePrivateFile, writing } from './files.ts'
import { type Command, asRunner, boundToParent, hostBasedAuthentication, initdbArguments, names, singleUserArguments } from './launch.ts'
import type { Place } from './place.ts'
import { lastLines, runProgram } from './run-program.ts'
import { type OnProgress, telling } from './waiting.ts'

const temporary = '.new-'

/** The directories of the majors that have data, oldest first. */
export function databasesIn({ root }: Place): string[] {
  return majorsIn(root).map((major) => join(root, String(major)))
}

/**
 * The directory of this major (`data`, `password`), made if there is none. Under the lock.
 * @throws `postgres.other_version` when only another major's data exists: an empty database would look like a loss.
 */
export async function provideDatabase(place: Place, binaries: Binaries, onProgress: OnProgress): Promise<string> {
  const directory = join(place.root, String(binaries.major))
  removeLeftovers(place)
  if (existsSync(directory)) return directory
  refuseOtherMajor(place, binaries)
  onProgress(`Creating a PostgreSQL ${binaries.major} database in ${directory}`)
  const made = writing(place.root, () => mkdtempSync(join(place.root, temporary)))
  giveTo(place.owner, made)
  await telling(`the new database in ${directory}`, onProgress, () => createDatabase(made, place, binaries))
  writing(directory, () => renameDurably(made, directory, place.root))
  return directory
}

/** What a start left that was killed. A process of it may still be writing for a moment. */
function removeLeftovers({ root }: Place): void {
  for (const name of readdirSync(root)) {
    if (name.startsWith(temporary)) writing(root, () => rmSync(join(root, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  }
}

function majorsIn(root: string): number[] {
  return readdirSync(root).map(Number).filter((major) => major > 0).sort((a, b) => a - b)
}

function refuseOtherMajor({ root }: Place, { major, directory }: Binaries): void {
  const others = majorsIn(root)
  const newest = others.at(-1)
  if (newest === undefined) return
  throw new TaskflowsError('postgres.other_version', `The data in ${root} is of PostgreSQL ${others.join(' and ')}, but the programs in ${directory} are PostgreSQL ${major}`, {
    details: { data: others, programs: major },
    hint: `Set TASKFLOWS_POSTGRES_BIN to the programs of PostgreSQL ${newest}; or, to begin with an empty database, move ${join(root, String(newest))} out of the way.`,
  })
}

async function createDatabase(directory: string, place: Place, { major, directory: programs, env }: Binaries): Promise<void> {
  const data = join(directory, 'data')
  const password = randomBytes(32).toString('base64url')
  const passwordFile = join(directory, 'password')
  writing(directory, () => writePrivateFile(passwordFile, `${password}\n`, place.owner))
  const run = async (command: Command, input?: string) => {
    const { code, output } = await runProgram(asRunner(place.runner, boundToParent('KILL', process.pid, command)), { env, ...(input !== undefined && { input }) })
    if (code === 0) return
    rmSync(directory, { recursive: true, force: true })
    throw new TaskflowsError('postgres.start_failed', `The database in ${place.root} could not be created: ${lastLines(output) || `${command[0]} ended with ${code}`}`, { details: { directory: place.root } })
  }
  await run([join(programs, 'initdb'), ...initdbArguments({ major, directory: data, passwordFile })])
  await run([join(programs, 'postgres'), ...singleUserArguments(data)], `create database ${names.database};\n`)
  writing(data, () => writeFileSync(join(data, 'pg_hba.conf'), hostBasedAuthentication, { flush: true }))
}
