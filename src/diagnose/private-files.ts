/**
 * The files of a home that are nobody else's business: whose they are, and what
 * their modes let others do.
 */
import { type Stats, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, fail, ok } from './finding.ts'

export interface PrivateFile {
  readonly path: string
  /** `write`: others may read it. */
  readonly forbidden: 'all' | 'write'
}

export interface HomeFiles {
  readonly home: string
  /** Whether config.yaml holds secrets as they are. */
  readonly configHoldsSecrets: boolean
}

/** What tells who may come in. */
export function credentialFiles({ home, configHoldsSecrets }: HomeFiles): PrivateFile[] {
  return [
    { path: join(home, 'config.yaml'), forbidden: configHoldsSecrets ? 'all' : 'write' },
    { path: join(home, 'security.json'), forbidden: 'all' },
    { path: join(home, 'servers.json'), forbidden: 'all' },
  ]
}

/** Everything that a home is known to have. */
export function allPrivateFiles(files: HomeFiles): PrivateFile[] {
  const { home } = files
  const versions = namesIn(join(home, 'postgres')).filter((name) => /^\d+$/.test(name))
  const ofPostgres = versions.flatMap((version) => ['data', 'password', 'log'].map((name) => join(home, 'postgres', version, name)))
  const ofServer = ['environments.json', 'spool', 'runs', 'run', 'run/server.json', 'run/postgres.json', 'tls/key.pem'].map((name) => join(home, name))
  return [...credentialFiles(files), ...[...ofServer, ...ofPostgres].map((path) => ({ path, forbidden: 'all' as const }))]
}

/** One finding per file that is open to others, or one for all when none is. */
export function* checkPrivateFiles(files: readonly PrivateFile[], owners: readonly number[]): Generator<Finding> {
  const present = files.map((file) => ({ ...file, stat: statSync(file.path, { throwIfNoEntry: false }) })).filter(({ stat }) => stat !== undefined)
  const faulty = present.map(({ path, forbidden, stat }) => ({ path, ...faultOf(stat!, forbidden, owners) })).filter(({ fault }) => fault !== undefined)
  for (const { path, fault, mend } of faulty) yield fail('files', `${path} ${fault}`, `${mend} ${path}`)
  if (faulty.length === 0) yield ok('files', present.length === 0 ? 'there are none to protect yet' : `${present.map(({ path }) => path).join(', ')}: closed to others`)
}

/** @param owners the accounts that may own it; whoever owns a file can change its mode */
export function faultOf(stat: Pick<Stats, 'mode' | 'uid' | 'isDirectory'>, forbidden: PrivateFile['forbidden'], owners: readonly number[]): { readonly fault?: string; readonly mend?: string } {
  const mode = `0${(stat.mode & 0o777).toString(8).padStart(3, '0')}`
  if (!owners.includes(stat.uid)) return { fault: `belongs to the account ${stat.uid}`, mend: `chown ${owners[0]}` }
  if ((stat.mode & 0o022) !== 0) return { fault: `can be changed by others: its mode is ${mode}`, mend: forbidden === 'write' ? 'chmod go-w' : 'chmod go-rwx' }
  if (forbidden === 'all' && (stat.mode & 0o077) !== 0) return { fault: `can be read by others: its mode is ${mode}`, mend: stat.isDirectory() ? 'chmod 700' : 'chmod 600' }
  return {}
}

/** Root may own anything; root's PostgreSQL may run as whoever owns its directory. */
export function ownersOf(home: string): number[] {
  const ofPostgres = statSync(join(home, 'postgres'), { throwIfNoEntry: false })?.uid
  return [...new Set([process.geteuid!(), 0, ...(ofPostgres === undefined ? [] : [ofPostgres])])]
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
