/** Runs as processes of this home write them down. */
import { open, stat } from 'node:fs/promises'
import type { Clock } from '../../kernel/clock.ts'
import { type LocalRun, parseLocalRun } from './read-local-runs.ts'
import { dayOf, runFiles } from './run-files.ts'

/** As often as runs are written. A directory that does not exist yet cannot be watched, and one on a network tells nothing. */
const lookMs = 500

/** Those that ended since, and then each that ends, until `signal` aborts. */
export async function* followLocalRuns(directory: string, sinceMs: number, clock: Clock, signal: AbortSignal): AsyncGenerator<LocalRun> {
  /** How far each file has been read, by its inode: full files get another name. */
  const read = new Map<number, number>()
  for (; !signal.aborted; await clock.sleep(lookMs, signal)) {
    for (const { path } of runFiles(directory).filter(({ day }) => day >= dayOf(sinceMs)).toReversed()) {
      for (const line of await readOn(path, read)) {
        const run = parseLocalRun(line)
        if (run && run.run.endedAt! >= sinceMs) yield run
      }
    }
  }
}

/** The whole lines that are new in a file. */
async function readOn(path: string, read: Map<number, number>): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  const from = found && (read.get(found.ino) ?? 0)
  if (found === undefined || from === undefined || found.size <= from) return []
  await using file = await open(path)
  const bytes = Buffer.alloc(found.size - from)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
  const whole = bytes.subarray(0, bytes.subarray(0, bytesRead).lastIndexOf(10) + 1)
  read.set(found.ino, from + whole.length)
  return whole.toString('utf8').split('\n').filter((line) => line !== '')
}
