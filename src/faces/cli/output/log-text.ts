/** A log record as people read it: time, level, event, fields; the stack of an error on lines of its own. */
import { eventOf, levelOf, type LogRecord } from '../../../kernel/observe/read-record.ts'
import type { LogLevel } from '../../../kernel/observe/log-level.ts'
import type { Paint, Style } from './style.ts'
import { localTime } from './time.ts'
import { visible, visibleLines } from './visible.ts'

const styles: Readonly<Record<LogLevel, Style>> = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red', critical: 'red' }

/** Said elsewhere, or the same in each line of a process. */
const unshown = new Set([
  'app', 'environment', 'hostname', 'severity', 'level_name', 'level', 'logger', 'timestamp', 'timestamp_ns', 'time', 'event', 'msg', 'event_fingerprint', 'context',
  'task_id', 'task_name', 'correlation_id', 'request_id', 'trace_id',
])

/**
 * @param name shown in front of the event, where lines of several tasks are mixed
 * @param timeText how a moment is written
 */
export function logText(record: LogRecord, at: number, paint: Paint, name?: string | null, timeText: (iso: string) => string = localTime): string {
  const level = levelOf(record)
  const head = `${paint('dim', timeText(new Date(at).toISOString()))} ${paint(styles[level], level.padEnd(5))} ${name ? `${paint('cyan', visible(name))} ` : ''}`
  return head + messageText(record, paint)
}

/** What the pattern of `--grep` is held against: the same, without time, level and colours. */
export function messageText(record: LogRecord, paint: Paint = (_style, text) => text): string {
  const fields = Object.entries({ ...record, ...(Object(record['context']) as LogRecord) }).filter(([name, value]) => !unshown.has(name) && value !== null && value !== undefined)
  const stacks = fields.flatMap(([, value]) => stackOf(value) ?? [])
  const shown = fields.map(([name, value]) => ` ${visible(name)}=${valueText(value)}`).join('')
  return [`${visible(eventOf(record))}${shown === '' ? '' : paint('dim', shown)}`, ...stacks.map((stack) => visibleLines(stack).replaceAll(/^/gm, '  '))].join('\n')
}

function valueText(value: unknown): string {
  const error = Object(value) as { readonly type?: unknown; readonly message?: unknown }
  if (stackOf(value) !== undefined) return visible(`${String(error.type ?? 'Error')}: ${String(error.message ?? '')}`)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return visible(typeof value === 'string' && (text === '' || /[\s"=]/.test(text)) ? JSON.stringify(text) : text)
}

function stackOf(value: unknown): string | undefined {
  const { stack } = Object(value) as { readonly stack?: unknown }
  return typeof stack === 'string' ? stack : undefined
}
