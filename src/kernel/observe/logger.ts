/**
 * The logger that people call. It may be called in any way and at any time, and
 * never throws. `log-record.ts` gives lines their form; whoever calls
 * `createLogger` says where they go.
 */
import { messageOf } from '../errors.ts'
import { type LogLevel, leastNumber, levelNumbers } from './log-level.ts'
import type { LogEntry } from './log-record.ts'
import { isError } from './log-value.ts'

export interface LogMethod {
  /** What happened, a fixed text such as `user_logged_in`, and what is to be known of it. An `Error` becomes the field `error`. */
  (event: string, fields?: object): void
  /** In pino's order. */
  (fields: object, event?: string): void
}

export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  readonly critical: LogMethod
  /** The same as `critical`. */
  readonly fatal: LogMethod
  /** A logger of the same name whose lines have these fields, too. */
  child(fields: object): Logger
  /** Whether a line of this level would be written, before something costly is gathered for it. */
  isLevelEnabled(level: LogLevel): boolean
}

/** Where lines go, and from which level on. */
export interface LogSink {
  /** Of `levelNumbers`. */
  readonly least: number
  write(entry: LogEntry): void
}

/** @param sink asked at each call: it may change */
export function createLogger(name: string, sink: () => LogSink, bindings: object = {}): Logger {
  const method = (level: LogLevel): LogMethod => {
    const number = levelNumbers[level]
    return (first: unknown, second?: unknown, ...rest: unknown[]) => {
      const { least, write } = sink()
      if (number < least) return
      try {
        write({ level, logger: name, bindings, ...readArguments(first, second, rest) })
      } catch (error) {
        writeAnyway(write, { level, logger: name, bindings: {}, event: textOf(typeof first === 'string' ? first : second), fields: { log_error: error } })
      }
    }
  }
  const critical = method('critical')
  return {
    debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error'), critical, fatal: critical,
    child: (fields) => createLogger(name, sink, { ...bindings, ...asFields(fields) }),
    isLevelEnabled: (level) => leastNumber(level) >= sink().least,
  }
}

function writeAnyway(write: LogSink['write'], entry: LogEntry): void {
  try {
    write(entry)
  } catch {
    // There is nowhere left to say so, and what the program does matters more than its log.
  }
}

function readArguments(first: unknown, second: unknown, rest: readonly unknown[]): Pick<LogEntry, 'event' | 'fields'> {
  const fieldsFirst = typeof first === 'object' && first !== null
  const fields = asFields(fieldsFirst ? first : second)
  const event = fieldsFirst ? eventOf(first, second) : textOf(first)
  return { event, fields: rest.length === 0 ? fields : { ...fields, further: rest } }
}

/** An error alone says what happened by itself. */
function eventOf(fields: object, event: unknown): string {
  if (event !== undefined) return textOf(event)
  return isError(fields) ? messageOf(fields) : ''
}

const none = {}

function asFields(value: unknown): object {
  if (value === undefined || value === null) return none
  if (isError(value)) return { error: value }
  return isRecord(value) ? value : { value }
}

/** What has fields, rather than being one value. */
function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return false
  return !('toJSON' in value && typeof value.toJSON === 'function')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return value === undefined ? '' : String(value)
  } catch {
    return '[unreadable]'
  }
}
