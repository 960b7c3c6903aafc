/** A line of a unit as people read it; one that is a log record of ours as such. */
import type { LogRecord } from '../../../kernel/observe/read-record.ts'
import type { LogLine } from '../../../service-logs.ts'
import { logText } from './log-text.ts'
import type { Paint } from './style.ts'
import { localTime } from './time.ts'
import { visible, visibleLines } from './visible.ts'

export interface ShownLine extends Pick<LogLine, 'at' | 'priority' | 'message'> {
  readonly service?: string | null
}

/**
 * @param named lines say of which service they are
 * @param timeText how a moment is written
 */
export function unitLineText({ at, service, priority, message }: ShownLine, paint: Paint, named: boolean, timeText: (iso: string) => string = localTime): string {
  const name = named ? service ?? null : null
  const record = recordOf(message)
  if (record) return logText(record, at, paint, name, timeText)
  const text = visibleLines(message)
  const shown = priority <= 3 ? paint('red', text) : priority === 4 ? paint('yellow', text) : text
  return `${paint('dim', timeText(new Date(at).toISOString()))} ${name ? `${paint('cyan', visible(name))} ` : ''}${shown}`
}

function recordOf(message: string): LogRecord | undefined {
  if (!message.startsWith('{"')) return undefined
  try {
    const record = JSON.parse(message) as LogRecord
    return 'level' in record || 'level_name' in record ? record : undefined
  } catch {
    return undefined
  }
}
