/** A PgBouncer in front of the PostgreSQL of a test run; ends with whoever started it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Pooler extends AsyncDisposable {
  readonly url: string
}

/** Whether this machine has one. */
export function hasPgbouncer(): boolean {
  return spawnSync('pgbouncer', ['--version']).status === 0
}

export async function startPgbouncer(databaseUrl: string, mode: 'session' | 'transaction' | 'statement'): Promise<Pooler> {
  const target = new URL(databaseUrl)
  const home = mkdtempSync(join(tmpdir(), 'taskflows-pgbouncer-'))
  const port = await freePort()
  const settings = join(home, 'pgbouncer.ini')
  writeFileSync(join(home, 'users.txt'), `"${target.username}" "${target.password}"\n`)
  writeFileSync(settings, [
    '[databases]', `* = host=${target.hostname} port=${target.port}`,
    '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', `pool_mode = ${mode}`, 'default_pool_size = 5',
    'auth_type = plain', `auth_file = ${join(home, 'users.txt')}`, '',
  ].join('\n'))
  const child = start(settings, home)
  await untilReady(child)
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.toString(),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      rmSync(home, { recursive: true })
    },
  }
}

/** PgBouncer refuses to run as root. */
function start(settings: string, home: string): ChildProcess {
  const nobody = 65_534
  const root = process.getuid?.() === 0
  if (root) {
    chmodSync(home, 0o755)
    for (const name of ['users.txt', 'pgbouncer.ini']) chownSync(join(home, name), nobody, nobody)
  }
  return spawn('setpriv', [...(root ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []), '--pdeathsig', 'TERM', 'pgbouncer', settings], { stdio: ['ignore', 'ignore', 'pipe'] })
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code} before it was ready:\n${log}`)))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes('process up')) resolve()
    })
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
