/**
 * Reads log records from journald through journalctl(1): those of every account
 * that the caller may see, the latest first or as they come.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { TaskflowsError } from '../../kernel/errors.ts'
import { type JournalEntry, parseEntry } from './journal-entry.ts'

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

/** @param late why an abort is an error; without it an abort is the end */
async function* entriesOf(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<JournalEntry> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const complaint = text(child.stderr).catch(() => '')
  const problemAtEnd = new Promise<string | undefined>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'there is no journalctl on this machine' : error.message))
    // It also ends with 1 when nothing matches, and then has nothing to complain about.
    child.on('close', (code) => void complaint.then((said) => resolve(code === 0 || said.trim() === '' ? undefined : said.trim())))
  })
  const stop = () => { child.kill() }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
      const entry = parseEntry(line)
      if (entry) yield entry
    }
    const problem = signal.aborted ? late : await problemAtEnd
    if (problem !== undefined) throw new TaskflowsError('logs.unavailable', `the journal cannot be read: ${problem}`)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
