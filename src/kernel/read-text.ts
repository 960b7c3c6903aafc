/** Reads small files that people name: never waits at a pipe, never fills the memory. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { messageOf } from './errors.ts'

export interface FoundText {
  readonly text: string
  /** Permission bits. */
  readonly mode: number
}

/** Why a file could not be read, as the end of a sentence that begins with its name. */
export interface Unreadable {
  readonly problem: string
}

/** The text, `undefined` when there is no such file, or what is wrong with it. */
export function readText(path: string, mostBytes: number): FoundText | Unreadable | undefined {
  try {
    // Without O_NONBLOCK opening a pipe waits for somebody who writes to it.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return readOpened(file, mostBytes)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : { problem: `cannot be read: ${messageOf(error)}` }
  }
}

function readOpened(file: number, mostBytes: number): FoundText | Unreadable {
  const stat = fstatSync(file)
  if (stat.isDirectory()) return { problem: 'is a directory, expected a file' }
  if (!stat.isFile()) return { problem: 'is not a regular file' }
  const bytes = Buffer.alloc(mostBytes + 1)
  const length = readSync(file, bytes)
  if (length > mostBytes) return { problem: `is larger than ${mostBytes / 1024} KiB` }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)), mode: stat.mode & 0o777 }
  } catch {
    return { problem: 'is not UTF-8' }
  }
}
