/**
 * Where the files of a home's PostgreSQL lie, and under whose name it runs.
 *
 *   <home>/postgres/18/data       the data directory; 18/password and 18/log beside it
 *   <home>/run/                   the lock, the socket, `postgres.json` for those who adopt
 *
 * As root on root's own home, where user namespaces are refused, `postgres` is a
 * link to /var/lib/taskflows/<digest>, which an account owns. So the owner of
 * the directory says who runs it, now and at every later start.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, makeDirectory, ownerOf, writing } from './files.ts'
import { type Runner, asRunner, programEnvironment } from './launch.ts'
import { runProgram } from './run-program.ts'
import { chooseSocketDirectory, digest, makePrivateDirectory } from './socket-directory.ts'

export interface Place {
  /** Real path of `<home>/postgres`: one directory per major version. */
  readonly root: string
  readonly socketDirectory: string
  /** Owns everything below `root`, and the socket. */
  readonly owner: Account
  readonly runner: Runner
}

export const runDirectory = (home: string): string => join(home, 'run')

/** Creates home and its `run`, private. @throws `home.unwritable` */
export function prepareHome(home: string): void {
  writing(home, () => {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    makeDirectory(runDirectory(home), ownerOf(home))
  })
}

/** Creates what is missing. Under the lock. @throws `home.unwritable`, `postgres.start_failed` */
export async function preparePlace(home: string): Promise<Place> {
  const link = join(home, 'postgres')
  if (!existsSync(link)) await createRoot(home, link)
  const root = realpathSync(link)
  const owner = ownerOf(root)
  const realHome = realpathSync(home)
  // An account that may not enter the home reaches its socket beside the data.
  const preferred = root === join(realHome, 'postgres') ? join(runDirectory(realHome), 'pg') : join(root, 'run')
  const socketDirectory = chooseSocketDirectory(preferred, realHome, owner.uid)
  writing(socketDirectory, () => makePrivateDirectory(socketDirectory, owner))
  return { root, socketDirectory, owner, runner: runnerFor(process.geteuid!(), owner) }
}

/** Root runs PostgreSQL as whoever owns the data, and in a namespace when that is root itself. */
export function runnerFor(uid: number, owner: Account): Runner {
  if (uid !== 0) return { as: 'self' }
  return owner.uid === 0 ? { as: 'namespace' } : { as: 'account', ...owner }
}

async function createRoot(home: string, link: string): Promise<void> {
  const homeOwner = ownerOf(home)
  if (process.geteuid!() !== 0 || homeOwner.uid !== 0 || (await namespaceReaches(home))) {
    return writing(link, () => makeDirectory(link, homeOwner))
  }
  const elsewhere = join('/var/lib/taskflows', digest(realpathSync(home)))
  writing(elsewhere, () => {
    mkdirSync('/var/lib/taskflows', { recursive: true, mode: 0o711 })
    makeDirectory(elsewhere, unprivilegedAccount(readFileSync('/etc/passwd', 'utf8')))
  })
  writing(link, () => symlinkSync(elsewhere, link))
}

/** Containers often refuse user namespaces, and directories above the home may be closed to them. */
async function namespaceReaches(home: string): Promise<boolean> {
  const { code } = await runProgram(asRunner({ as: 'namespace' }, ['test', '-w', home]), { env: programEnvironment(null) })
  return code === 0
}

/** `postgres` if the system has it, else `nobody`. @param passwd text of passwd(5). */
export function unprivilegedAccount(passwd: string): Account {
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.split('\n').map((line) => line.split(':')).find((fields) => fields[0] === name)
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  return { uid: 65534, gid: 65534 }
}
