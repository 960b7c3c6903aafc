/**
 * Files that hold secrets: closed to others, and whole or not there, whatever
 * happens while they are written. What is in them is for `security-file.ts` and
 * `server-list.ts`.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { makeDirectories } from '../kernel/make-directories.ts'

/** Says that a file cannot be trusted. @param mend how to go on, where that is known */
export type Refuse = (problem: string, mend?: string) => TaskflowsError

/** The text of a file that nobody else can read. @throws what `refuse` makes when it is missing, unreadable, or open to others */
export function readPrivateFile(path: string, refuse: Refuse): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { mode } = fstatSync(file)
      if ((mode & 0o077) !== 0) throw refuse(`can be read by others: its mode is 0${(mode & 0o777).toString(8)}, expected 0600`, `chmod 600 ${path}`)
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof TaskflowsError) throw error
    throw refuse((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : `cannot be read: ${messageOf(error)}`)
  }
}

/** Leaves the file alone when there is one: of several that make it at once the first wins. @throws `home.unwritable` */
export function createPrivateFile(path: string, text: string): void {
  const draft = writeDraft(path, text)
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(path, error)
  } finally {
    rmSync(draft)
  }
}

/** @throws `home.unwritable` */
export function replacePrivateFile(path: string, text: string): void {
  renameSync(writeDraft(path, text), path)
}

const lockPatienceSeconds = 10

/**
 * Reads, changes and writes without another process in between. The lock is on an open file that flock(1) inherits, so it
 * outlives flock(1), and ends with us at the latest.
 * @throws `home.unwritable`
 */
export function withFileLock<T>(path: string, change: () => T): T {
  const lock = openLock(`${path}.lock`)
  try {
    const { status, error } = spawnSync('flock', ['--exclusive', '--timeout', String(lockPatienceSeconds), '3'], { stdio: ['ignore', 'ignore', 'ignore', lock] })
    if (status === 0) return change()
    throw unwritable(path, error ?? `another process holds ${path}.lock, and did not let it go within ${lockPatienceSeconds} s`)
  } finally {
    closeSync(lock)
  }
}

function openLock(path: string): number {
  try {
    makeDirectories(dirname(path))
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** A complete file beside the real one, on the disk, so that a crash leaves the old or the new one and never half. */
function writeDraft(path: string, text: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    makeDirectories(dirname(path))
    const file = openSync(draft, 'wx', 0o600)
    writeFileSync(file, text)
    fsyncSync(file)
    closeSync(file)
    return draft
  } catch (error) {
    rmSync(draft, { force: true })
    throw unwritable(path, error)
  }
}

function unwritable(path: string, cause: unknown): TaskflowsError {
  return new TaskflowsError('home.unwritable', `${path} cannot be written: ${messageOf(cause)}`, { details: { file: path }, cause })
}
