/**
 * TASKFLOWS_HOME/runs: a file per day (UTC) on which runs ended, a line per run.
 *
 *   2030-01-31.jsonl                 takes more
 *   2030-01-31.1801353600000.jsonl   was full at that time
 *
 * Many processes append to the same file; each batch is one write, which the
 * kernel does not mix with others (O_APPEND, open(2)).
 */
import { closeSync, fstatSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectories } from '../../kernel/make-directories.ts'

/** Older files are removed, and the oldest while there are more bytes than this. */
const longestKeptMs = 30 * 86_400_000
const mostBytes = 100 * 1024 * 1024
const fullBytes = 10 * 1024 * 1024

export interface RunFile {
  readonly path: string
  /** `2030-01-31` */
  readonly day: string
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** The latest first; none where there is no such directory. */
export function runFiles(directory: string): RunFile[] {
  try {
    const names = readdirSync(directory).filter((name) => /^\d{4}-\d\d-\d\d(\.\d+)?\.jsonl$/.test(name))
    return names.sort().toReversed().map((name) => ({ path: join(directory, name), day: name.slice(0, 10) }))
  } catch {
    return []
  }
}

/** Whether the file is full now. @throws what the system says, such as that the disk is full */
export function appendLines(directory: string, day: string, lines: readonly string[], nowMs: number): boolean {
  makeDirectories(directory)
  const path = join(directory, `${day}.jsonl`)
  const file = openSync(path, 'a', 0o600)
  try {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    const full = fstatSync(file).size >= fullBytes
    if (full) setAside(path, join(directory, `${day}.${Math.floor(nowMs)}.jsonl`))
    return full
  } finally {
    closeSync(file)
  }
}

export function removeOldFiles(directory: string, nowMs: number): void {
  const oldestDay = dayOf(nowMs - longestKeptMs)
  let bytes = 0
  for (const { path, day } of runFiles(directory)) {
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (day < oldestDay || bytes > mostBytes) rmSync(path, { force: true })
  }
}

/** Another process may have done it just now: then it is gone. */
function setAside(path: string, as: string): void {
  try {
    renameSync(path, as)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
