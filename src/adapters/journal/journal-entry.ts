/** One entry of journalctl's JSON (systemd.journal-fields(7), journal JSON format), as far as it holds one of our records. Pure. */
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
