/** Files and directories of a home: made for their owner, closed to others, refused by name. */
import { chownSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

export function ownerOf(path: string): Account {
  const { uid, gid } = statSync(path)
  return { uid, gid }
}

/** Root makes files for others; everybody else makes their own. */
export function giveTo(owner: Account, path: string): void {
  if (process.geteuid!() === 0) chownSync(path, owner.uid, owner.gid)
}

/** Creates a directory that only `owner` may enter; one that exists keeps its mode. */
export function makeDirectory(path: string, owner: Account): void {
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
  // Also when a kill came between the two.
  if (ownerOf(path).uid === process.geteuid!()) giveTo(owner, path)
}

/** The text of a file, or null when there is none that we may read. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** Opens a file of `owner` alone for appending. */
export function openForAppending(path: string, owner: Account): number {
  const handle = openSync(path, 'a', 0o600)
  giveTo(owner, path)
  return handle
}

/** Writes a file for `owner` alone, on disk when this returns. */
export function writePrivateFile(path: string, text: string, owner: Account): void {
  writeFileSync(path, text, { mode: 0o600, flush: true })
  giveTo(owner, path)
}

/** Renames so that neither a kill nor a power cut leaves something in between. */
export function renameDurably(from: string, to: string, directory: string): void {
  renameSync(from, to)
  const handle = openSync(directory, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

/** Does `work` on a path of ours. @throws `home.unwritable` that names it, for what the file system refuses. */
export function writing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof TaskflowsError) throw error
    throw new TaskflowsError('home.unwritable', `Expected ${path} to be a directory that this account may write, got ${messageOf(error)}`, { details: { path }, cause: error })
  }
}
