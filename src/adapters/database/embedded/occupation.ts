/**
 * Dealing with what is on a data directory before a start: waiting for it,
 * ending orphans, removing what a dead postmaster left. Under the lock.
 * The judgement itself is in `postmaster-pid.ts`.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { textOf } from './files.ts'
import { port } from './launch.ts'
import { acceptsLogin } from './login.ts'
import { judgeOccupation, pidIn } from './postmaster-pid.ts'
import { postgresProcesses } from './processes.ts'
import { type PostgresRecord, addressOf } from './record.ts'
import { type OnProgress, waitFor } from './waiting.ts'

/** Children of a killed postmaster end by themselves, unless a query keeps them. */
const orphanPatienceMs = 10_000
/**
 * A postmaster whose owner dies is told to shut down by the kernel. In the middle of a crash recovery PostgreSQL 18 then
 * waits for ever, for processes that it told nothing; an immediate shutdown it carries out.
 */
const stopPatienceMs = 10_000

/** Waits for what runs on the data directory: true when it lets us in, false when it is gone. */
export async function settle(record: PostgresRecord, onProgress: OnProgress): Promise<boolean> {
  const data = join(record.directory, 'data')
  const since = Date.now()
  let ready = false
  await waitFor(`the PostgreSQL that runs in ${record.directory}`, onProgress, async () => {
    const processes = postgresProcesses(data)
    const pidFile = textOf(join(data, 'postmaster.pid'))
    const occupation = judgeOccupation(pidFile, processes)
    const waitedMs = Date.now() - since
    if (occupation === 'orphans' && waitedMs > orphanPatienceMs) processes.forEach(({ pid }) => send('SIGKILL', pid))
    if (occupation === 'stopping' && waitedMs > stopPatienceMs) send('SIGQUIT', pidIn(pidFile!)!)
    ready = occupation === 'running' && (await acceptsLogin(addressOf(record)))
    return ready || occupation === 'free'
  })
  return ready
}

/** Removes what would make PostgreSQL believe in a postmaster that is gone, by a process number that another program has now. */
export function removeStaleFiles({ directory, socketDirectory }: PostgresRecord): void {
  const socket = join(socketDirectory, `.s.PGSQL.${port}`)
  for (const file of [join(directory, 'data/postmaster.pid'), socket, `${socket}.lock`]) rmSync(file, { force: true })
}

function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}
