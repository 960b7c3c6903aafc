/**
 * What services wrote: pages of it, and the stream that goes on. Whatever is
 * asked holds a page in memory, or what came with one read of a pipe.
 */
import type { Clock } from '../../../kernel/clock.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { matchesGlob } from '../../../kernel/glob.ts'
import type { ServicesHost } from '../host.ts'
import { serviceOfUnit } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import { atIntervals } from './at-intervals.ts'
import { type ChosenUnits, chooseUnits } from './choose-units.ts'
import { isRunning } from './is-running.ts'
import { logPage } from './log-page.ts'
import { noteOnRemoved } from './removed-services.ts'
import { type RunWindow, findRun, isOfRun } from './run-window.ts'
import type { JournalReading, LogLine, ServiceJournal, UnitNames } from './service-journal.ts'
import { type LineFilter, type Sieve, createSieve } from './sift-lines.ts'

export interface LogQuery extends LineFilter {
  /** Names of services, or patterns of them. */
  readonly names: readonly string[]
  readonly scope?: ServiceScope
  /** Only of this run: 32 hexadecimal digits. */
  readonly invocationId?: string
  /** Only this bad or worse, as in syslog(3). */
  readonly priority?: number
  /** From behind this line on, in the direction of reading. */
  readonly cursor?: string
}

export interface LogPageQuery extends LogQuery {
  readonly limit: number
  /** The latest first. */
  readonly reverse: boolean
}

export interface LogFollowQuery extends LogQuery {
  /** Begins with so many of the lines that are there; without it and without `sinceMs` with none. */
  readonly lines?: number
}

export interface LogPage {
  /** No more than asked for; fewer where they are long, or hard to find. */
  readonly lines: readonly LogLine[]
  /** Where there are more, even if there were none so far; `null` at the end. */
  readonly nextCursor: string | null
  /** What a reader should know of these services. */
  readonly notes: readonly string[]
}

/** Lines that came together; without lines it says where the stream stands, empty when that is before any. */
export interface LogBatch {
  readonly lines: readonly LogLine[]
  readonly cursor: string
  /** Nothing comes behind these: the run is over, or the time that was asked for. */
  readonly last?: true
}

export interface ServiceLogs {
  /** @throws `service.not_found`, `request.invalid`, `cursor.invalid`, `cursor.gone`, `logs.unavailable` */
  page(query: LogPageQuery, signal?: AbortSignal): Promise<LogPage>
  /** The oldest first, until `signal` aborts, `untilMs` has passed, or the run is over. @throws the same, and `server.too_many_streams` */
  follow(query: LogFollowQuery, signal: AbortSignal): AsyncGenerator<LogBatch, void>
}

export interface ServiceLogsParts {
  readonly host: ServicesHost
  readonly journal: ServiceJournal
  readonly clock: Clock
  /** How long a page may take: what was found by then is shown. */
  readonly patienceMs: number
  /** At the same time. Default 100. */
  readonly mostStreams?: number
}

/** Messages of a page together, in characters. */
const longestPage = 4 << 20
/** A stream that has nothing to say says so. */
const silenceMs = 15_000
/** Lines that name their run may come that long before or after it. */
const runSlackMs = 60_000
/** What a program said last may reach the journal after systemd has told of its end. */
const lastWordsMs = 500

interface Prepared {
  readonly units: UnitNames
  readonly reading: JournalReading
  readonly sieve: Sieve
  readonly notes: readonly string[]
}

/** When a stream ends. */
interface Coming {
  readonly signal: AbortSignal
  readonly isOver: () => Promise<boolean>
  /** Epoch milliseconds; Infinity for never. */
  readonly untilMs: number
  /** Of one run, which systemd tells the end of. */
  readonly ofRun: boolean
}

export function createServiceLogs({ host, journal, clock, patienceMs, mostStreams = 100 }: ServiceLogsParts): ServiceLogs {
  let streams = 0

  /** What to read, and what of it is wanted. */
  async function prepare({ names, scope, invocationId, priority, cursor, ...filter }: LogQuery, reverse: boolean, signal: AbortSignal): Promise<Prepared> {
    if (cursor !== undefined) await refuseGone(cursor, signal)
    const chosen = await chooseUnits(host, names, scope, journal, signal)
    const window = invocationId === undefined ? undefined : await findRun(journal, invocationId, signal)
    const { units, notes } = window === undefined ? chosen : onlyThatOf(window, chosen, names, scope)
    const narrow = narrowed(filter, window)
    const sieve = createSieve(narrow, reverse, (line) => line.cursor !== cursor && (invocationId === undefined || isOfRun(line, invocationId, window)))
    const { sinceMs, untilMs } = narrow
    return { sieve, units, notes, reading: { source: { kind: 'units', units }, reverse, ...given({ priority, cursor, sinceMs, untilMs }) } }
  }

  async function refuseGone(cursor: string, signal: AbortSignal): Promise<void> {
    if (await journal.holds(cursor, signal) || signal.aborted) return
    throw new TaskflowsError('cursor.gone', 'the line of the cursor is not in the journal of this host any more, or never was', { hint: 'journald removes old lines (journalctl --disk-usage). Start again without a cursor, or with since.' })
  }

  /** The line from which on there are so many; `undefined`: from the first on. */
  async function lineBefore(count: number, query: LogQuery, signal: AbortSignal): Promise<string | undefined> {
    const { reading, sieve } = await prepare(query, true, signal)
    let found = 0
    for await (const batch of journal.read(reading, signal)) {
      const wanted = sieve.sift(batch)
      if (found + wanted.length >= count) return wanted[count - found - 1]!.cursor
      found += wanted.length
      if (batch.some(sieve.isBeyond)) break
    }
    return undefined
  }

  /** Where a stream begins: behind a line, or with so many of the last ones. */
  async function beginning({ source, cursor, sinceMs, untilMs }: JournalReading, behind: string | undefined, lines: number | undefined, query: LogQuery, signal: AbortSignal): Promise<Pick<JournalReading, 'cursor' | 'lines'>> {
    if (behind !== undefined || lines === undefined) return given({ cursor: behind })
    const isWhole = cursor === undefined && sinceMs === undefined && untilMs === undefined && query.grep === undefined && query.invocationId === undefined
    return isWhole && journal.counts(source) ? { lines } : given({ cursor: await lineBefore(lines, query, signal) })
  }

  async function* following({ lines, ...query }: LogFollowQuery, signal: AbortSignal): AsyncGenerator<LogBatch, void> {
    // Told apart from silence: a journal that cannot be read fails here, before the stream begins.
    const last = await journal.last(signal) ?? undefined
    const fromNow = query.cursor === undefined && lines === undefined && query.sinceMs === undefined
    const behind = fromNow ? last : query.cursor
    const { reading, sieve, units } = await prepare(query, false, signal)
    const start = await beginning(reading, behind, lines, query, signal)
    yield { lines: [], cursor: behind ?? '' }
    const { untilMs = Infinity, invocationId } = query
    const isOver = async () => untilMs <= clock.now() || (invocationId !== undefined && !(await isRunning(host, invocationId, units)))
    if (await isOver()) return yield* rest({ ...reading, ...start }, behind, sieve, signal)
    const cursor = yield* coming({ ...reading, ...start }, behind, sieve, { signal, isOver, untilMs, ofRun: invocationId !== undefined })
    if (cursor === undefined) return
    await clock.sleep(lastWordsMs, signal)
    yield* rest({ ...reading, ...(cursor === '' ? start : { cursor }) }, cursor, sieve, signal)
  }

  /** What comes until it is over. @returns the cursor of the last that came, empty for none; `undefined` when there is no more to be had */
  async function* coming(reading: JournalReading, behind: string | undefined, sieve: Sieve, { signal, isOver, untilMs, ofRun }: Coming): AsyncGenerator<LogBatch, string | undefined> {
    const late = new AbortController()
    using _ = untilMs === Infinity ? undefined : clock.timer(untilMs - clock.now(), () => late.abort())
    let cursor = behind ?? ''
    for await (const batch of atIntervals(journal.read({ ...reading, follow: true }, AbortSignal.any([signal, late.signal])), silenceMs, clock)) {
      const wanted = sieve.sift(batch ?? []).filter((line) => line.cursor !== behind)
      cursor = batch?.at(-1)?.cursor ?? cursor
      if (wanted.length > 0 || batch === undefined) yield { lines: wanted, cursor }
      const mayBeOver = ofRun && (batch === undefined || batch.some(({ bySystemd }) => bySystemd))
      if (batch?.some(sieve.isBeyond) || (mayBeOver && await isOver())) return cursor
    }
    return late.signal.aborted ? cursor : undefined
  }

  /** What is there by now behind a line, and nothing that comes. */
  async function* rest(reading: JournalReading, behind: string | undefined, sieve: Sieve, signal: AbortSignal): AsyncGenerator<LogBatch, void> {
    let cursor = behind ?? ''
    for await (const batch of journal.read(reading, signal)) {
      const wanted = sieve.sift(batch).filter((line) => line.cursor !== behind)
      cursor = batch.at(-1)?.cursor ?? cursor
      if (wanted.length > 0) yield { lines: wanted, cursor }
      if (batch.some(sieve.isBeyond)) break
    }
    if (!signal.aborted) yield { lines: [], cursor, last: true }
  }

  return {
    async page({ limit, reverse, ...query }, signal) {
      const patience = new AbortController()
      using _ = clock.timer(patienceMs, () => patience.abort())
      const until = signal ? AbortSignal.any([signal, patience.signal]) : patience.signal
      const { reading, sieve, notes } = await prepare(query, reverse, until)
      const page = logPage(limit, longestPage, sieve)
      for await (const batch of journal.read(reading, until)) if (page.take(batch)) break
      if (page.full) return { lines: page.lines, nextCursor: page.lines.at(-1)!.cursor, notes }
      if (!patience.signal.aborted) return { lines: page.lines, nextCursor: null, notes }
      if (page.scanned === null) throw late(patienceMs)
      return { lines: page.lines, nextCursor: page.scanned, notes }
    },

    async *follow(query, signal) {
      if (streams >= mostStreams) throw new TaskflowsError('server.too_many_streams', `${mostStreams} streams of logs are open`, { details: { retry_after_seconds: 10 } })
      streams += 1
      const left = new AbortController()
      try {
        yield* following(query, AbortSignal.any([signal, left.signal]))
      } finally {
        streams -= 1
        left.abort()
      }
    },
  }
}

/** Of many units one is found at once. It may be one that is no more, where names mean any service. */
function onlyThatOf({ unit, scope }: RunWindow, chosen: ChosenUnits, names: readonly string[], wanted: ServiceScope | undefined): ChosenUnits {
  const only = { user: [], system: [], [scope]: [unit] }
  if (chosen.units[scope].some((pattern) => matchesGlob(unit, pattern))) return { ...chosen, units: only }
  const service = serviceOfUnit(unit)
  return service === undefined || !names.includes('*') || (wanted ?? scope) !== scope ? chosen : { units: only, notes: [noteOnRemoved(service)] }
}

function narrowed({ sinceMs = -Infinity, untilMs = Infinity, grep }: LineFilter, window: RunWindow | undefined): LineFilter {
  const since = Math.max(sinceMs, window === undefined ? -Infinity : window.from - runSlackMs)
  const until = Math.min(untilMs, window === undefined ? Infinity : window.until + runSlackMs)
  return { ...given({ grep }), ...(since > -Infinity && { sinceMs: since }), ...(until < Infinity && { untilMs: until }) }
}

function late(patienceMs: number): TaskflowsError {
  return new TaskflowsError('logs.unavailable', `the journal cannot be read: it did not answer within ${patienceMs / 1000} s`, { hint: 'TASKFLOWS_JOURNALCTL_TIMEOUT_SECONDS gives it longer.' })
}

/** Without what is not given. */
function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> }
}
