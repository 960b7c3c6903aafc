/** What units wrote to journald, and systemd about them, through journalctl(1). */
import { type UnitEntry, parseUnitEntry } from './journal-entry.ts'
import { journalLines } from './journalctl.ts'

export type { UnitEntry } from './journal-entry.ts'

export interface UnitQuery {
  readonly scope: 'user' | 'system'
  /** Names of units, or patterns as journalctl takes them. */
  readonly units: readonly string[]
  /** Epoch milliseconds. */
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Only this bad or worse, as in syslog(3). */
  readonly priority?: number
}

export interface UnitJournal {
  /** The latest first. @throws `logs.unavailable` when the journal does not answer in time, or refuses */
  read(query: UnitQuery): AsyncGenerator<UnitEntry>
  /** What comes from `sinceMs` on, until `signal` aborts. @throws `logs.unavailable` */
  follow(query: UnitQuery, signal: AbortSignal): AsyncGenerator<UnitEntry>
}

/** @param timeoutMs how long a reading may take */
export function createUnitJournal({ timeoutMs, program = 'journalctl' }: { readonly timeoutMs: number; readonly program?: string }): UnitJournal {
  return {
    read: (query) => entriesOf(program, ['--reverse', ...filters(query)], AbortSignal.timeout(timeoutMs), `it did not answer within ${timeoutMs / 1000} s`),
    follow: (query, signal) => entriesOf(program, ['--follow', '--no-tail', ...filters(query)], signal),
  }
}

const fields = 'MESSAGE,PRIORITY,_PID,_HOSTNAME,_SYSTEMD_UNIT,_SYSTEMD_USER_UNIT,UNIT,USER_UNIT'

function filters({ scope, units, sinceMs, untilMs, priority }: UnitQuery): string[] {
  return [
    '--output=json', '--all', '--quiet', '--no-pager', `--output-fields=${fields}`,
    ...units.map((unit) => `${scope === 'user' ? '--user-unit' : '--unit'}=${unit}`),
    ...(sinceMs === undefined ? [] : [`--since=@${Math.floor(sinceMs / 1000)}`]),
    ...(untilMs === undefined ? [] : [`--until=@${Math.ceil(untilMs / 1000)}`]),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
  ]
}

async function* entriesOf(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<UnitEntry> {
  for await (const line of journalLines(program, args, signal, late)) {
    const entry = parseUnitEntry(line)
    if (entry) yield entry
  }
}
