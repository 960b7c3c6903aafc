/**
 * TASKFLOWS_HOME/spool: reports that no server has taken yet, one per line, for
 * this process or any later one of this home to deliver.
 *
 *   ID.jsonl        waits for somebody
 *   ID.PID.jsonl    the process PID writes or delivers it
 *
 * A file changes hands by being renamed, which only one process can do. What a
 * process left that was killed belongs to whoever comes next. A file may so be
 * delivered twice, and never not at all: telling twice is telling once.
 */
import { appendFileSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport } from '../../engines/tasks/run-report.ts'
import type { Clock } from '../../kernel/clock.ts'
import { newId } from '../../kernel/ids.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'

export interface SpoolOptions {
  readonly directory: string
  readonly clock: Pick<Clock, 'now'>
  readonly pid?: number
}

export interface ClaimedReports {
  readonly reports: readonly RunReport[]
  /** Lines that are no reports: what a disk that ran full left behind. */
  readonly unreadable: number
  /** Still at work on it. */
  touch(): void
  /** All of it has been delivered. */
  remove(): void
  /** Somebody else may try. */
  release(): void
}

export interface Spool {
  /** Writes at once, so that what is told survives this process. @throws what the system says */
  write(reports: readonly RunReport[]): void
  /** What this process wrote may be delivered by anybody now. */
  close(): void
  /** The oldest file that nobody has. */
  claim(): ClaimedReports | undefined
  /** Removes the oldest files that are too much. Returns how many bytes. */
  trim(): number
}

const mostLines = 10_000
const mostBytes = 100 * 1024 * 1024
/** A process writes and delivers with shorter pauses than this, so the number of one that does not may be another's by now. */
const abandonedMs = 10 * 60_000
const ownLongestMs = abandonedMs / 2
const fileName = /^([0-9a-f-]{36})(?:\.(\d+))?\.jsonl$/

export function createSpool({ directory, clock, pid = process.pid }: SpoolOptions): Spool {
  let own: { readonly id: string; readonly since: number; lines: number } | undefined
  const waitingPath = (id: string) => join(directory, `${id}.jsonl`)
  const heldPath = (id: string) => join(directory, `${id}.${pid}.jsonl`)

  const close = () => {
    if (own === undefined) return
    moved(heldPath(own.id), waitingPath(own.id))
    own = undefined
  }

  return {
    close,
    write: (reports) => {
      if (own && (own.lines >= mostLines || clock.now() - own.since > ownLongestMs)) close()
      if (own === undefined) {
        makeDirectories(directory)
        own = { id: newId(clock.now()), since: clock.now(), lines: 0 }
      }
      appendFileSync(heldPath(own.id), reports.map((report) => `${JSON.stringify(report)}\n`).join(''), { mode: 0o600 })
      own.lines += reports.length
    },
    claim: () => {
      for (const { id, name } of filesIn(directory).filter(({ name, owner }) => isFree(join(directory, name), owner, clock.now()))) {
        if (id !== own?.id && moved(join(directory, name), heldPath(id))) return open(heldPath(id), waitingPath(id), clock)
      }
      return undefined
    },
    trim: () => {
      const sized = filesIn(directory).map(({ name }) => ({ path: join(directory, name), bytes: statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0 }))
      let excess = sized.reduce((sum, { bytes }) => sum + bytes, 0) - mostBytes
      let removed = 0
      for (const { path, bytes } of sized) {
        if (excess <= 0) break
        rmSync(path, { force: true })
        excess -= bytes
        removed += bytes
      }
      return removed
    },
  }
}

interface SpoolFile {
  readonly name: string
  readonly id: string
  readonly owner: number | undefined
}

/** Oldest first: ids are in time order. */
function filesIn(directory: string): SpoolFile[] {
  let names: string[]
  try {
    names = readdirSync(directory).sort()
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const [, id, owner] = fileName.exec(name) ?? []
    return id === undefined ? [] : [{ name, id, owner: owner === undefined ? undefined : Number(owner) }]
  })
}

function isFree(path: string, owner: number | undefined, nowMs: number): boolean {
  if (owner === undefined || !isAlive(owner)) return true
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && nowMs - found.mtimeMs > abandonedMs
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether it was there to be moved: of several processes one succeeds. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function open(held: string, waiting: string, clock: Pick<Clock, 'now'>): ClaimedReports {
  const touch = () => {
    const seconds = clock.now() / 1000
    try {
      utimesSync(held, seconds, seconds)
    } catch {
      // Another process took it for abandoned, and delivers it too.
    }
  }
  touch()
  const text = readFileSync(held, 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  const reports = lines.flatMap(parseReport)
  return {
    reports, touch,
    unreadable: lines.length - reports.length,
    remove: () => {
      // Its writer may have been alive after all, and have added a line.
      if (statSync(held, { throwIfNoEntry: false })?.size === Buffer.byteLength(text)) rmSync(held, { force: true })
      else moved(held, waiting)
    },
    release: () => { moved(held, waiting) },
  }
}

function parseReport(line: string): RunReport[] {
  try {
    const report = JSON.parse(line) as RunReport
    return typeof report.id === 'string' && typeof report.started_at === 'string' ? [report] : []
  } catch {
    return []
  }
}
