/**
 * Where the files of a home's PostgreSQL lie, and under whose name it runs.
 *
 *   <home>/postgres/18/data       the data directory; 18/password and 18/log beside it
 *   <home>/run/                   the lock, the socket, `postgres.json` for those who adopt
 *
 * As root on root's own home, where user namespaces are refused, an account owns
 * `postgres`; where that account cannot reach the home, `postgres` is a link to
 * /var/lib/taskflows/<digest>. So the owner of the directory says who runs
 * PostgreSQL, now and at every later start.
 */
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { makeDirectories } from '../../../kernel/make-directories.ts'
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
    makeDirectories(home)
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
  // An account that does not own the home may not enter its private parts, but the data it may.
  const preferred = owner.uid === ownerOf(realHome).uid ? join(runDirectory(realHome), 'pg') : join(root, 'run')
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
  refuseLostLink(link)
  const homeOwner = ownerOf(home)
  if (process.geteuid!() !== 0 || homeOwner.uid !== 0 || (await reaches(home, { as: 'namespace' }))) {
    return writing(link, () => makeDirectory(link, homeOwner))
  }
  const account = unprivilegedAccount(readFileSync('/etc/passwd', 'utf8'))
  if (await reaches(home, { as: 'account', ...account })) return writing(link, () => makeDirectory(link, account))
  const elsewhere = join('/var/lib/taskflows', digest(realpathSync(home)))
  writing(elsewhere, () => {
    makeDirectories('/var/lib/taskflows', 0o711)
    makeDirectory(elsewhere, account)
  })
  writing(link, () => symlinkSync(elsewhere, link))
}

/** Containers often refuse user namespaces, and directories above the home may be closed. */
async function reaches(home: string, runner: Runner): Promise<boolean> {
  const { code } = await runProgram(asRunner(runner, ['test', '-x', home]), { env: programEnvironment(null) })
  return code === 0
}

/** A new database in the place of one that was lost, with a container for instance, would hide the loss. */
function refuseLostLink(link: string): void {
  if (!lstatSync(link, { throwIfNoEntry: false })) return
  throw new TaskflowsError('postgres.start_failed', `The data of PostgreSQL was in ${readlinkSync(link)}, where ${link} leads, and is gone`, {
    details: { link },
    hint: 'Bring it back, or remove the link to begin with an empty database.',
  })
}

/** `postgres` if the system has it, else `nobody`. @param passwd text of passwd(5). */
export function unprivilegedAccount(passwd: string): Account {
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.split('\n').map((line) => line.split(':')).find((fields) => fields[0] === name)
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  return { uid: 65534, gid: 65534 }
}
