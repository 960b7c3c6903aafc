/**
 * The way of log lines to stderr: JSON for journald and pipes, short text for a
 * person at a terminal. Stdout belongs to data. `log-record.ts` makes the lines.
 */
import { fstatSync } from 'node:fs'
import { type LogLevel, isUrgent, leastNumber, syslogPriorities } from './log-level.ts'
import { type LogLine, hasLogTaps, tellLogTaps } from './log-line.ts'
import { type LogOutput, createLogOutput, writeWhole } from './log-output.ts'
import type { RecordWriter } from './log-record.ts'
import type { LogSink } from './logger.ts'
import { prettyLine } from './pretty-log.ts'

/** Lines of this form, from this level on, to `put` and to the taps of the process. */
export function createLogSink(level: LogLevel | 'silent', record: RecordWriter, put: (line: LogLine) => void): LogSink {
  return {
    least: leastNumber(level),
    write: (entry) => {
      const line = record(entry)
      put(line)
      if (hasLogTaps()) tellLogTaps(line)
    },
  }
}

export interface StderrOptions {
  /** For people. Default: when stderr is a terminal. */
  readonly pretty?: boolean | undefined
  readonly journalStream: string | null
}

/** What writes a line to stderr, in the form that whoever reads it there needs. */
export function stderrWriter({ pretty = process.stderr.isTTY, journalStream }: StderrOptions): (line: LogLine) => void {
  // Made for one look only: several loggers of a process share what they write through, or their lines would overtake each other.
  stderr ??= createLogOutput((batch) => writeWhole(2, batch), Date.now)
  const output = stderr
  if (pretty) {
    const colour = process.stderr.isTTY && process.stderr.hasColors()
    // At once, since the program's own words go there, too.
    return ({ text }) => output.write(`${prettyLine(text, { colour })}\n`, true)
  }
  const prefix = isJournal(journalStream) ? priorityPrefix : () => ''
  return ({ text, level }) => output.write(`${prefix(level)}${text}\n`, isUrgent(level))
}

let stderr: LogOutput | undefined

/** journald takes it off, and `journalctl -p err` finds the line by it (sd-daemon(3)). */
function priorityPrefix(level: LogLevel): string {
  return `<${syslogPriorities[level]}>`
}

/** systemd.exec(5): the variable is inherited by children whose stderr is another, so it is compared. */
export function isJournal(journalStream: string | null): boolean {
  if (journalStream === null) return false
  try {
    const { dev, ino } = fstatSync(2, { bigint: true })
    return journalStream === `${dev}:${ino}`
  } catch {
    return false
  }
}

/** Passes on what was not said within the last `quietMs`; a loop that fails each round says so once. */
export function withoutRepeats(say: (message: string) => void, now: () => number, quietMs = 10_000): (message: string) => void {
  const said = new Map<string, number>()
  return (message) => {
    const at = now()
    if (at - (said.get(message) ?? -Infinity) < quietMs) return
    if (said.size > 1000) said.clear()
    said.set(message, at)
    say(message)
  }
}
