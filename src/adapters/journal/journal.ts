/**
 * Reads log records from journald through journalctl(1): those of every account
 * that the caller may see, the latest first or as they come.
 */
import { type JournalEntry, parseEntry } from './journal-entry.ts'
import { journalLines } from './journalctl.ts'

export interface JournalQuery {
  /** Only messages that hold this text; upper and lower case count as the same. */
  readonly holding: string
  /** Epoch milliseconds. */
  readonly sinceMs?: number
  readonly untilMs?: number
}

export interface Journal {
  /** The latest first. @throws `logs.unavailable` when the journal does not answer in time, or refuses */
  read(query: JournalQuery): AsyncGenerator<JournalEntry>
  /** What there is in the order in which it came, and then what comes, until `signal` aborts. @throws `logs.unavailable` */
  follow(query: JournalQuery, signal: AbortSignal): AsyncGenerator<JournalEntry>
}

export interface JournalOptions {
  /** How long a reading may take. */
  readonly timeoutMs: number
  readonly program?: string
}

export function createJournal({ timeoutMs, program = 'journalctl' }: JournalOptions): Journal {
  return {
    read: (query) => entriesOf(program, ['--reverse', ...filters(query)], AbortSignal.timeout(timeoutMs), `it did not answer within ${timeoutMs / 1000} s`),
    follow: (query, signal) => entriesOf(program, ['--follow', '--no-tail', ...filters(query)], signal),
  }
}

/** `--all`: journalctl leaves out what is longer than 4096 bytes otherwise. */
function filters({ holding, sinceMs, untilMs }: JournalQuery): string[] {
  return [
    '--output=json', '--all', '--quiet', '--no-pager', '--output-fields=MESSAGE,_HOSTNAME', `--grep=${quoted(holding)}`, '--case-sensitive=false',
    ...(sinceMs === undefined ? [] : [`--since=@${Math.floor(sinceMs / 1000)}`]),
    ...(untilMs === undefined ? [] : [`--until=@${Math.ceil(untilMs / 1000)}`]),
  ]
}

/** As a regular expression that means the text itself (pcre2syntax(3)). */
function quoted(words: string): string {
  return words.replaceAll(/[\\^$.[\]|()?*+{}]/g, '\\$&')
}

async function* entriesOf(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<JournalEntry> {
  for await (const line of journalLines(program, args, signal, late)) {
    const entry = parseEntry(line)
    if (entry) yield entry
  }
}
