/**
 * Log records as they are read back, from a journal or a file. Pure. Other
 * programs and other versions write records, too, so nothing is taken for granted.
 */
import { type Run, type RunState, runStates } from '../runs.ts'
import { type LogLevel, readLevel } from './log-level.ts'

export type LogRecord = Readonly<Record<string, unknown>>

/** A field wherever it stands: what has no place of its own is under `context`. */
export function fieldOf(record: LogRecord, name: string): unknown {
  return record[name] ?? (Object(record['context']) as LogRecord)[name]
}

export function textOf(record: LogRecord, name: string): string | null {
  const value = fieldOf(record, name)
  return typeof value === 'string' ? value : null
}

export function levelOf(record: LogRecord): LogLevel {
  const word = textOf(record, 'level_name') ?? textOf(record, 'severity') ?? textOf(record, 'level')
  const level = word === null ? undefined : readLevel(word)
  return level === undefined || level === 'silent' ? 'info' : level
}

export function eventOf(record: LogRecord): string {
  return textOf(record, 'event') ?? textOf(record, 'msg') ?? ''
}

/** Epoch milliseconds; `undefined` when the record does not say. */
export function timeOf(record: LogRecord): number | undefined {
  const ms = Date.parse(textOf(record, 'timestamp') ?? textOf(record, 'time') ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/** The record that a task leaves when it has ended; `tf history` lives off it where there is no server. */
export const taskFinished = 'task finished'

/**
 * The run that a record tells the end of.
 * @param from what whoever kept the record knows besides
 */
export function runOfRecord(record: LogRecord, from: { readonly at: number; readonly host: string | null }): Run | undefined {
  const [id, name, outcome] = [textOf(record, 'task_id'), textOf(record, 'task_name'), textOf(record, 'outcome')]
  if (eventOf(record) !== taskFinished || id === null || name === null || !isState(outcome)) return undefined
  const [startedAt, attempts] = [fieldOf(record, 'started_at'), fieldOf(record, 'attempts')]
  return {
    id, name, kind: 'task', subject: null, service: null, tenant: 'default', state: outcome,
    attempt: typeof attempts === 'number' ? attempts : null,
    host: textOf(record, 'hostname') ?? from.host,
    startedAt: typeof startedAt === 'number' ? startedAt : null,
    endedAt: endOf(record) ?? timeOf(record) ?? from.at,
    exitCode: null,
    errorType: textOf(record, 'error_type'),
    errorMessage: textOf(record, 'error_message'),
    correlationId: textOf(record, 'correlation_id') ?? id,
  }
}

/** More exact than the time of the line, which is written a little later. */
function endOf(record: LogRecord): number | undefined {
  const [startedAt, durationMs] = [fieldOf(record, 'started_at'), fieldOf(record, 'duration_ms')]
  return typeof startedAt === 'number' && typeof durationMs === 'number' ? Math.round(startedAt + durationMs) : undefined
}

function isState(text: string | null): text is RunState {
  return (runStates as readonly (string | null)[]).includes(text)
}
