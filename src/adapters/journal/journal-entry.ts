/** One entry of journalctl's JSON (systemd.journal-fields(7), journal JSON format): one of our records, or a line of a unit. Pure. */
import type { LogLine } from '../../engines/services/logs/service-journal.ts'
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

/**
 * A line of a unit; `undefined` for lines that are no entry.
 *
 * @param unitOf the unit of this account that has that name in its SyslogIdentifier=, for lines of which journald knows no
 *   unit: it looks a writer up when it reads, and a program that is gone by then has left it only that name
 */
export function parseUnitEntry(line: string, unitOf: (identifier: string) => string | undefined = () => undefined): LogLine | undefined {
  const entry = parseObject(line)
  const cursor = entry?.['__CURSOR']
  if (entry === undefined || typeof cursor !== 'string') return undefined
  const text = (...names: readonly string[]) => names.map((name) => entry[name]).find((value) => typeof value === 'string') as string | undefined ?? null
  const [ofUser, ofSystem] = [text(...userUnit), text(...systemUnit)]
  const bySystemd = text('USER_UNIT', 'UNIT') !== null
  const number = (name: string) => (text(name) === null ? null : Number(text(name)))
  const orphaned = ofUser === null && ofSystem === null && text('_TRANSPORT') === 'stdout' ? unitOf(text('SYSLOG_IDENTIFIER') ?? '') : undefined
  return {
    cursor,
    at: Number(entry['__REALTIME_TIMESTAMP']) / 1000,
    hostname: text('_HOSTNAME'),
    scope: orphaned !== undefined || (ofUser !== null && text('UNIT') === null) ? 'user' : 'system',
    unit: text('USER_UNIT', 'UNIT') ?? ofUser ?? ofSystem ?? orphaned ?? null,
    pid: number('_PID'),
    // Root tells of others; what anybody else says of others is not to be believed.
    uid: number('_UID') === 0 ? number('COREDUMP_UID') ?? number('OBJECT_UID') ?? 0 : number('_UID'),
    priority: number('PRIORITY') ?? 6,
    message: messageOf(entry['MESSAGE']),
    // What systemd says has its own run beside that of which it speaks.
    invocationId: bySystemd ? text('USER_INVOCATION_ID', 'INVOCATION_ID') : text('_SYSTEMD_INVOCATION_ID'),
    bySystemd,
  }
}

/** Whom a line is about, before who wrote it: those of systemd, of coredumps and of journald name a unit of others. */
const userUnit = ['USER_UNIT', 'COREDUMP_USER_UNIT', 'OBJECT_SYSTEMD_USER_UNIT', '_SYSTEMD_USER_UNIT']
const systemUnit = ['UNIT', 'COREDUMP_UNIT', 'OBJECT_SYSTEMD_UNIT', '_SYSTEMD_UNIT']

/** What is not printable text comes as a list of bytes, and a field that is there twice as a list of both. */
function messageOf(message: unknown): string {
  if (typeof message === 'string') return message
  if (!Array.isArray(message)) return ''
  if (message.every(Number.isInteger)) return Buffer.from(message as number[]).toString('utf8')
  return message.map(messageOf).join('\n')
}

function parseObject(text: string): LogRecord | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as LogRecord
  } catch {
    return undefined
  }
}
