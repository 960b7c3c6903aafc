/**
 * What the one who starts PostgreSQL leaves for those who adopt it:
 * `<home>/run/postgres.json`. It needs no lock, no programs and no look at
 * processes, so the way of every later client is short.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownerOf, renameDurably, writePrivateFile } from './files.ts'
import { names, port } from './launch.ts'
import type { PostgresAddress } from './login.ts'
import { runDirectory } from './place.ts'
import { isPrivate } from './socket-directory.ts'

export interface PostgresRecord {
  /** Holds `data` and `password`. */
  readonly directory: string
  readonly socketDirectory: string
}

export function writeRecord(home: string, record: PostgresRecord): void {
  const directory = runDirectory(home)
  const file = join(directory, 'postgres.json')
  writePrivateFile(`${file}.new`, `${JSON.stringify(record)}\n`, ownerOf(directory))
  renameDurably(`${file}.new`, file, directory)
}

/**
 * The address on record, or null. The socket's directory is looked at each time: one in /tmp may have been
 * swept away, and somebody else's put there.
 */
export function readAddress(home: string): PostgresAddress | null {
  try {
    const record = JSON.parse(readFileSync(join(runDirectory(home), 'postgres.json'), 'utf8')) as PostgresRecord
    return isPrivate(record.socketDirectory, ownerOf(record.directory).uid) ? addressOf(record) : null
  } catch {
    // Missing, or not for our eyes; the start that follows says so with a better message.
    return null
  }
}

export function addressOf({ directory, socketDirectory }: PostgresRecord): PostgresAddress {
  return { host: socketDirectory, port, ...names, password: readFileSync(join(directory, 'password'), 'utf8').trim() }
}
