/**
 * Lines by the name that a program logs under. journald finds out the unit of a line when it reads it, and cannot when the
 * process is gone by then: the last words of a program that fails at once have its SyslogIdentifier= and no unit.
 */
import { parseUnitEntry } from './journal-entry.ts'
import { journalLines } from './journalctl.ts'

export interface IdentifiedLines {
  readonly identifier: string
  /** Whose process wrote them; anybody's without it. */
  readonly uid?: number
  /** Epoch milliseconds. */
  readonly from: number
  readonly until: number
  /** The last of them. */
  readonly count: number
}

/** Messages, the oldest first. @throws `logs.unavailable` */
export async function readIdentifiedLines({ identifier, uid, from, until, count }: IdentifiedLines, signal: AbortSignal, program = 'journalctl'): Promise<string[]> {
  const found: string[] = []
  const args = [
    '--output=json', '--all', '--quiet', '--no-pager', '--reverse', '--output-fields=MESSAGE,_PID', `--since=@${Math.floor(from / 1000)}`, `--until=@${Math.floor(until / 1000) + 1}`,
    `SYSLOG_IDENTIFIER=${identifier}`, ...(uid === undefined ? [] : [`_UID=${uid}`]),
  ]
  for await (const line of journalLines(program, args, signal)) {
    const entry = parseUnitEntry(line)
    if (entry === undefined || entry.at < from || entry.at > until) continue
    found.push(entry.message)
    if (found.length >= count) break
  }
  return found.toReversed()
}
