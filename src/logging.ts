/**
 * The face `taskflows/logging`: one log for a whole program, as JSON lines with the same fields everywhere.
 * `docs/guides/logging.md` shows it.
 */
export { clearLogContext as clearRequestContext } from './kernel/observe/log-context.ts'
export type { LogLevel } from './kernel/observe/log-level.ts'
export type { LogMethod, Logger } from './kernel/observe/logger.ts'
export type { LoggingOptions, LokiOptions } from './kernel/observe/logging-options.ts'
export { type RequestContext, generateRequestId, setRequestContext, withRequestContext } from './kernel/observe/request-context.ts'
export { configureLogging, configureLogging as configureLokiLogging, flushLogging, getLogger, getLogger as getStructLogger } from './process-log.ts'
