/** Loggers of users as the log of a run, and the log that a running function gets. */
import type { Log } from '../../kernel/observe/log.ts'
import { describeValue } from './check-options.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- loggers disagree about their arguments
type Line = (...args: any[]) => unknown

/** pino, bunyan and those of `taskflows/logging` take fields, then text; console and winston text, then fields. Both kinds do. */
export interface AnyLogger {
  readonly debug: Line
  readonly info: Line
  readonly warn: Line
  readonly error: Line
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/** @throws TypeError unless it has the four methods */
export function readLogger(logger: unknown): Log {
  const missing = typeof logger === 'object' && logger !== null ? levels.find((level) => typeof (logger as Record<string, unknown>)[level] !== 'function') : levels[0]
  if (missing !== undefined) throw new TypeError(`Expected \`logger\` to have the methods ${levels.join(', ')}, such as pino or console, got ${describeValue(logger)}`)
  // Loggers that take the text first have a method `log`; those that take fields first have none.
  return typeof (logger as { log?: unknown }).log === 'function' ? textFirst(logger as AnyLogger) : (logger as Log)
}

function textFirst(logger: AnyLogger): Log {
  return withLines((level) => (fields, message) => logger[level](message, fields))
}

/** A log whose lines carry `ids` besides their own fields. A line may also be text alone. */
export function logWith(log: () => Log, ids: object): Log {
  return withLines((level) => (fields: object | string, message) => {
    if (typeof fields === 'string') log()[level](ids, fields)
    else log()[level]({ ...ids, ...fields }, message)
  })
}

function withLines(line: (level: (typeof levels)[number]) => Log['info']): Log {
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
