/** What units wrote to journald, and systemd about them, through journalctl(1): fills the port `engines/services/logs/service-journal.ts`. */
import { TaskflowsError } from '../../kernel/errors.ts'
import { isGlob } from '../../kernel/glob.ts'
import type { JournalReading, LogSource, ServiceJournal } from '../../engines/services/logs/service-journal.ts'
import { parseUnitEntry } from './journal-entry.ts'
import { journalBatches } from './journalctl.ts'
import { createTurns } from './turns.ts'
import { hasPatterns, matcher, matchesOf, orphansOf, sifter } from './unit-matches.ts'

export interface UnitJournalOptions {
  /** Whose units those of the user scope are. */
  readonly uid: number
  readonly program?: string
  /** Readings at the same time; more wait for their turn. Those that follow do not count. Default 8. */
  readonly mostReadings?: number
}

export function createUnitJournal({ uid, program = 'journalctl', mostReadings = 8 }: UnitJournalOptions): ServiceJournal {
  const turn = createTurns(mostReadings)
  async function* readOnce(reading: JournalReading, signal: AbortSignal) {
    using _ = reading.follow ? undefined : await turn()
    const source = reading.follow ? reading.source : await withoutPatterns(reading.source, signal)
    const [belongs, orphans] = [sifter(source, uid), orphansOf(source)]
    for await (const lines of journalBatches(program, [...common, `--output-fields=${fields}`, ...flagsOf(reading), ...matchesOf(source, uid)], signal)) {
      yield lines.flatMap((line) => parseUnitEntry(line, orphans) ?? []).filter(belongs)
    }
  }
  async function* read(reading: JournalReading, signal: AbortSignal) {
    let last: string | undefined
    for (let failures = 0; ; failures += 1) {
      try {
        const rest = last === undefined ? reading : { ...withoutBeginning(reading), cursor: last }
        for await (const lines of readOnce(rest, signal)) {
          yield lines.filter(({ cursor }) => cursor !== last)
          last = lines.at(-1)?.cursor ?? last
        }
        return
      } catch (error) {
        if (failures === mostFailures || !(error instanceof TaskflowsError) || !underway.test(error.message)) throw error
      }
    }
  }
  /** Those that the journal has ever heard of. A stream looks at each line instead, since there may be more of them later. */
  const withoutPatterns = async (source: LogSource, signal: AbortSignal): Promise<LogSource> => {
    if (source.kind !== 'units' || !hasPatterns(source.units)) return source
    const [user, system] = await Promise.all([known('USER_UNIT', source.units.user, signal), known('UNIT', source.units.system, signal)])
    return { kind: 'units', units: { user, system } }
  }
  const known = async (field: string, names: readonly string[], signal: AbortSignal): Promise<string[]> => {
    const patterns = names.filter(isGlob)
    if (patterns.length === 0) return [...names]
    const found = names.filter((name) => !isGlob(name))
    const isOne = matcher(patterns)
    for await (const units of journalBatches(program, ['--quiet', '--no-pager', `--field=${field}`], signal)) found.push(...units.filter(isOne))
    return found
  }
  const one = async (args: readonly string[], signal: AbortSignal) => {
    using _ = await turn()
    for await (const [line] of journalBatches(program, [...common, '--output-fields=_PID', '--lines=1', ...args], signal)) return parseUnitEntry(line!)?.cursor
    return undefined
  }
  return {
    read,
    counts: (source) => matchesOf(source, uid).length > 0,
    last: async (signal) => (await one([], signal)) ?? null,
    holds: async (cursor, signal) => {
      const wanted = entryOf(cursor)
      if (wanted === undefined) throw new TaskflowsError('cursor.invalid', 'the cursor is none of the journal', { hint: 'Send next_cursor, or the cursor of a line, as it came.' })
      const found = await one([`--cursor=${cursor}`], signal)
      return found !== undefined && entryOf(found) === wanted
    },
  }
}

/** What journalctl says of a file that journald removes, or just begins, while it is read. The next reading goes by. */
const underway = /Bad message|No such file|Stale file/
const mostFailures = 3

/** It goes on from a line. */
function withoutBeginning({ lines: _lines, sinceMs: _since, untilMs: _until, ...reading }: JournalReading): JournalReading {
  return reading
}

/** `--all`: journalctl leaves out what is longer than 4096 bytes otherwise. */
const common = ['--output=json', '--all', '--quiet', '--no-pager']

const fields = [
  'MESSAGE', 'PRIORITY', '_TRANSPORT', 'SYSLOG_IDENTIFIER', '_PID', '_HOSTNAME', '_UID', '_SYSTEMD_UNIT', '_SYSTEMD_USER_UNIT', 'UNIT', 'USER_UNIT',
  'COREDUMP_UNIT', 'COREDUMP_USER_UNIT', 'COREDUMP_UID', 'OBJECT_SYSTEMD_UNIT', 'OBJECT_SYSTEMD_USER_UNIT', 'OBJECT_UID', '_SYSTEMD_INVOCATION_ID', 'INVOCATION_ID', 'USER_INVOCATION_ID',
].join(',')

/** journalctl takes a time or a cursor, not both. */
function flagsOf({ reverse, follow, cursor, lines, sinceMs, untilMs, priority }: JournalReading): string[] {
  return [
    ...(reverse ? ['--reverse'] : []),
    ...(follow ? ['--follow'] : []),
    ...(lines !== undefined ? [`--lines=${lines}`] : follow ? ['--no-tail'] : []),
    ...(cursor !== undefined ? [`--cursor=${cursor}`] : [
      ...(sinceMs === undefined ? [] : [`--since=@${Math.floor(sinceMs / 1000)}`]),
      ...(untilMs === undefined ? [] : [`--until=@${Math.floor(untilMs / 1000) + 1}`]),
    ]),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
  ]
}

/**
 * What of a cursor is the entry itself: boot, times and a hash of what it says (sd_journal_get_cursor(3)). The rest says in
 * which file it was, and changes when journald moves it from memory to the disk.
 */
function entryOf(cursor: string): string | undefined {
  return /^s=[0-9a-f]{32};i=[0-9a-f]{1,16};(b=[0-9a-f]{32};m=[0-9a-f]{1,16};t=[0-9a-f]{1,16};x=[0-9a-f]{1,16})$/.exec(cursor)?.[1]
}
