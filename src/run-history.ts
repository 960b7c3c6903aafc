/**
 * What this machine itself knows of runs: from the journal, and from what
 * processes wrote down in the home (`run-records.ts`). For `tf history` and
 * `tf logs`, beside or instead of a server.
 */
import { join } from 'node:path'
import { createJournal, type Journal } from './adapters/journal/journal.ts'
import { followLocalRuns } from './adapters/local-run-log/follow-local-runs.ts'
import { type LocalRun, readLocalRuns } from './adapters/local-run-log/read-local-runs.ts'
import type { Config } from './config.ts'
import { systemClock } from './kernel/clock.ts'
import { messageOf } from './kernel/errors.ts'
import { type LogRecord, runOfRecord, taskFinished, textOf, timeOf } from './kernel/observe/read-record.ts'
import type { Run } from './kernel/runs.ts'

export type HistorySource = 'journal' | 'local'

export interface PastRun {
  readonly run: Run
  readonly source: HistorySource
}

/** A log line of a run. */
export interface RunLine {
  /** Epoch milliseconds. */
  readonly at: number
  readonly runId: string
  readonly runName: string | null
  readonly record: LogRecord
}

export interface Period {
  readonly sinceMs?: number
  readonly untilMs?: number
}

export interface RunQuery extends Period {
  readonly limit: number
  readonly wanted: (run: Run) => boolean
}

export interface LineQuery extends Period {
  readonly limit: number
  readonly wanted: (line: RunLine) => boolean
  /** Only of this run: found faster. */
  readonly runId?: string
}

/** What was found, and why a source had nothing to say, if so. */
export interface Found<T> {
  readonly items: readonly T[]
  readonly problems: readonly string[]
}

export interface FoundLines extends Found<RunLine> {
  /** What is known of the runs themselves, by id. */
  readonly runs: ReadonlyMap<string, Run>
}

export interface RunHistory {
  /** The latest first. */
  runs(query: RunQuery, sources: readonly HistorySource[]): Promise<Found<PastRun>>
  /** The last ones, the oldest of them first. */
  lines(query: LineQuery): Promise<FoundLines>
  /**
   * Tells lines as they come, those since `sinceMs` first, until `signal` aborts: from the journal at once, from what is
   * written down when their run has ended.
   */
  follow(sinceMs: number, tell: (line: RunLine) => void, signal: AbortSignal): Promise<void>
}

/** Every line of a run has it, wherever else the run is named. */
const mark = '"task_id"'

export function openRunHistory(config: Pick<Config, 'home' | 'journalctlTimeoutSeconds'>): RunHistory {
  const journal = createJournal({ timeoutMs: config.journalctlTimeoutSeconds * 1000 })
  const directory = join(config.home, 'runs')
  return {
    runs: async (query, sources) => {
      const problems: string[] = []
      const found = new Map<string, PastRun>()
      for (const source of sources) {
        const runs = source === 'journal' ? journalRuns(journal, query) : localRuns(directory, query)
        await collect(runs, query.limit, problems, (run) => {
          if (!found.has(run.id)) found.set(run.id, { run, source })
        })
      }
      const items = [...found.values()].sort((one, other) => (other.run.endedAt ?? 0) - (one.run.endedAt ?? 0)).slice(0, query.limit)
      return { items, problems }
    },
    lines: async (query) => {
      const problems: string[] = []
      const runs = new Map<string, Run>()
      const found: RunLine[] = []
      const learn = (run: Run | undefined) => { if (run) runs.set(run.id, run) }
      await collect(journalLines(journal, query, learn), query.limit, problems, (line) => found.push(line))
      found.reverse()
      const inJournal = new Set(found.map(({ runId }) => runId))
      found.push(...await localLines(directory, query, learn, inJournal))
      return { items: found.sort(inOrder).slice(-query.limit), runs, problems }
    },
    follow: async (sinceMs, tell, signal) => {
      const inJournal = new Set<string>()
      const fromJournal = collect(journal.follow({ holding: mark, sinceMs }, signal), Infinity, [], ({ record, at }) => {
        for (const line of lineOf(record, at)) {
          inJournal.add(line.runId)
          tell(line)
        }
      })
      const fromFiles = collect(followLocalRuns(directory, sinceMs, systemClock, signal), Infinity, [], (run) => {
        if (!inJournal.has(run.run.id)) linesOf(run).forEach(tell)
      })
      await Promise.all([fromJournal, fromFiles])
    },
  }
}

/** Takes `limit` of what a source has. One that breaks down leaves a problem, and what it had said by then. */
async function collect<T>(items: AsyncIterable<T>, limit: number, problems: string[], take: (item: T) => void): Promise<void> {
  let taken = 0
  try {
    for await (const item of items) {
      take(item)
      if (++taken >= limit) return
    }
  } catch (error) {
    problems.push(messageOf(error))
  }
}

async function* journalRuns(journal: Journal, { wanted, ...period }: RunQuery): AsyncGenerator<Run> {
  for await (const { record, at, host } of journal.read({ holding: taskFinished, ...sent(period) })) {
    const run = runOfRecord(record, { at, host })
    if (run && within(run.endedAt!, period) && wanted(run)) yield run
  }
}

async function* localRuns(directory: string, { wanted, ...period }: RunQuery): AsyncGenerator<Run> {
  for await (const { run } of readLocalRuns(directory, period.sinceMs)) {
    if (within(run.endedAt!, period) && wanted(run)) yield run
  }
}

async function* journalLines(journal: Journal, { wanted, runId, ...period }: LineQuery, learn: (run: Run | undefined) => void): AsyncGenerator<RunLine> {
  for await (const { record, at, host } of journal.read({ holding: runId ?? mark, ...sent(period) })) {
    learn(runOfRecord(record, { at, host }))
    for (const line of lineOf(record, at)) if (within(line.at, period) && wanted(line)) yield line
  }
}

/** The last lines. @param passOver runs whose lines are known already */
async function localLines(directory: string, { wanted, limit, ...period }: LineQuery, learn: (run: Run) => void, passOver: ReadonlySet<string>): Promise<RunLine[]> {
  let last: RunLine[] = []
  for await (const run of readLocalRuns(directory, period.sinceMs)) {
    // No line is later than the end of its run, and the runs come in the order of their ends.
    if (last.length === limit && run.run.endedAt! < last[0]!.at) break
    learn(run.run)
    if (passOver.has(run.run.id)) continue
    last = [...linesOf(run).filter((line) => within(line.at, period) && wanted(line)), ...last].sort(inOrder).slice(-limit)
  }
  return last
}

function lineOf(record: LogRecord, at: number): RunLine[] {
  const runId = textOf(record, 'task_id')
  return runId === null ? [] : [{ at: timeOf(record) ?? at, runId, runName: textOf(record, 'task_name'), record }]
}

function linesOf({ run, lines }: LocalRun): RunLine[] {
  return lines.map((record) => ({ at: timeOf(record) ?? run.endedAt!, runId: run.id, runName: run.name, record }))
}

function within(at: number, { sinceMs = 0, untilMs = Infinity }: Period): boolean {
  return at >= sinceMs && at <= untilMs
}

/** What a line tells may be a little older than the line. */
const lateMs = 60_000

function sent({ sinceMs, untilMs }: Period): Period {
  return { ...(sinceMs !== undefined && { sinceMs }), ...(untilMs !== undefined && { untilMs: untilMs + lateMs }) }
}

/** Within a millisecond by their finer time, if they have one; else they stay as they came. */
function inOrder(one: RunLine, other: RunLine): number {
  return one.at - other.at || (finerTime(one.record) - finerTime(other.record)) || 0
}

function finerTime(record: LogRecord): number {
  return Number(record['timestamp_ns'])
}
