/**
 * Hosts that a server runs on: each with an address and a name of its own, a systemd manager, a home and a PostgreSQL, on a
 * link that can be cut. They share the file system of this machine, and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Link, openNetwork } from './network.ts'
import { findPostgres, startPostgres } from './postgres.ts'
import { type UserManager, startUserManager } from './systemd/user-manager.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

export interface TfHost extends AsyncDisposable {
  readonly link: Link
  readonly home: string
  /** Where its server listens. */
  readonly url: string
  readonly manager: UserManager
  /** Runs `tf` there. Rejects unless it ends with 0. */
  tf(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
}

export interface TfHostOptions {
  /** What it calls itself. */
  readonly hostname: string
  /** Its server speaks TLS, with a certificate that it made itself. */
  readonly tls: boolean
}

const port = 7777

/** Resolves when its server listens. */
export async function startTfHost({ hostname, tls }: TfHostOptions): Promise<TfHost> {
  await using stack = new AsyncDisposableStack()
  const { namespace, links } = stack.use(openNetwork(['lan']))
  const postgres = stack.use(await startPostgres({ programs: findPostgres(process.env['TASKFLOWS_TEST_POSTGRES'] || '18')!, fsync: false, namespace }))
  const manager = stack.use(await startUserManager({ as: 'root', namespace }))
  const home = join(manager.home, '.taskflows')
  const env = { TASKFLOWS_HOME: home, TASKFLOWS_LOG_LEVEL: 'silent', ...(tls && { TASKFLOWS_TLS_CERT: join(home, 'tls/cert.pem'), TASKFLOWS_TLS_KEY: join(home, 'tls/key.pem') }) }
  // Only this file, and whatever it starts, has the name.
  const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$1"; shift; exec env "$@"', 'sh', hostname] as const
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const line = (...args: readonly string[]) => [...named, ...variables, process.execPath, '--conditions=source', program, ...args] as unknown as readonly [string, ...string[]]
  const tf: TfHost['tf'] = (...args) => manager.exec(...line(...args))
  if (tls) await tf('api', 'security', 'certificate')
  const [first, ...rest] = manager.command('env', `TASKFLOWS_DATABASE_URL=${postgres.url}`, ...line('serve', '--host', '0.0.0.0', '--port', String(port)))
  const server = spawn(first, rest, { env: manager.env, stdio: ['ignore', 'ignore', 'pipe'] })
  stack.defer(() => void server.kill('SIGKILL'))
  await listening(server)
  const left = stack.move()
  return { link: links.lan, home, url: `${tls ? 'https' : 'http'}://${links.lan.address}:${port}`, manager, tf, [Symbol.asyncDispose]: () => left.disposeAsync() }
}

async function listening(server: ChildProcess): Promise<void> {
  const said: string[] = []
  const lines = createInterface(server.stderr!)
  const over = once(server, 'exit').then(() => { throw new Error(`the server ended: ${said.join('\n')}`) })
  const heard = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      said.push(line)
      if (/ listens on /.test(line)) resolve()
    })
  })
  over.catch(() => {})
  await Promise.race([heard, over])
}
