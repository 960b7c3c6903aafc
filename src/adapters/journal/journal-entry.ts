/** One entry of journalctl's JSON (systemd.journal-fields(7), journal JSON format): one of our records, or a line of a unit. Pure. */
import type { LogRecord } from '../../kernel/observe/read-record.ts'

export interface JournalEntry {
  /** When journald took it, in epoch milliseconds. */
  readonly at: number
  readonly host: string | null
  readonly record: LogRecord
}

/** `undefined` for messages that are no JSON object. */
export function parseEntry(line: string): JournalEntry | undefined {
  const entry = parseObject(line)
  const record = parseObject(messageOf(entry?.['MESSAGE']))
  if (entry === undefined || record === undefined) return undefined
  const [host, micros] = [entry['_HOSTNAME'], Number(entry['__REALTIME_TIMESTAMP'])]
  return { at: micros / 1000, host: typeof host === 'string' ? host : null, record }
}

/** What a unit wrote, or systemd about it. */
export interface UnitEntry {
  /** Epoch milliseconds. */
  readonly at: number
  readonly host: string | null
  /** `taskflows-web.service`. */
  readonly unit: string | null
  readonly pid: number | null
  /** As in syslog(3): 0 is the worst, 7 for debugging. */
  readonly priority: number
  readonly message: string
}

/** `undefined` for lines that are no entry. */
export function parseUnitEntry(line: string): UnitEntry | undefined {
  const entry = parseObject(line)
  if (entry === undefined) return undefined
  const text = (...names: string[]) => names.map((name) => entry[name]).find((value) => typeof value === 'string') as string | undefined ?? null
  const pid = Number(text('_PID'))
  return {
    at: Number(entry['__REALTIME_TIMESTAMP']) / 1000,
    host: text('_HOSTNAME'),
    // Of a line about a unit that systemd wrote itself the first two name the unit, the others would name systemd.
    unit: text('USER_UNIT', 'UNIT', '_SYSTEMD_USER_UNIT', '_SYSTEMD_UNIT'),
    pid: pid > 0 ? pid : null,
    priority: Number(text('PRIORITY') ?? 6),
    message: messageOf(entry['MESSAGE']),
  }
}

/** What is not printable text comes as a list of bytes. */
function messageOf(message: unknown): string {
  if (typeof message === 'string') return message
  return Array.isArray(message) && message.every(Number.isInteger) ? Buffer.from(message as number[]).toString('utf8') : ''
}

function parseObject(text: string): LogRecord | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as LogRecord
  } catch {
    return undefined
  }
}
