/**
 * Where the socket lies: a short directory that nobody else can enter.
 *
 * The path of a socket has 107 bytes (unix(7)). Where the home is too deep the
 * directory goes to /tmp, where anybody could have made it before us.
 */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Account, giveTo } from './files.ts'
import { port } from './launch.ts'

const longestSocketPath = 107

/** @param preferred the directory, if the path fits. @param home identifies the installation otherwise. @param uid who will run PostgreSQL. */
export function chooseSocketDirectory(preferred: string, home: string, uid: number): string {
  const fits = Buffer.byteLength(join(preferred, `.s.PGSQL.${port}`)) < longestSocketPath
  return fits ? preferred : `/tmp/taskflows-${uid}-${digest(home)}`
}

/** A short name that is different for each text. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** Creates the directory for `owner`. @throws `postgres.start_failed` when it is somebody else's. */
export function makePrivateDirectory(path: string, owner: Account): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  // Ours until now, if we were killed before the chown of an earlier start.
  if (isPrivate(path, process.geteuid!())) giveTo(owner, path)
  if (isPrivate(path, owner.uid)) return
  throw new TaskflowsError('postgres.start_failed', `Expected the socket directory ${path} to be a directory of uid ${owner.uid} with mode 0700; it belongs to somebody else or is open to others`, {
    details: { path },
    hint: 'Remove it, or set TASKFLOWS_HOME to a shorter path so that it is not needed.',
  })
}

/** A real directory (no link), of this owner, closed to all others. A missing one is not private. */
export function isPrivate(path: string, uid: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0
}
