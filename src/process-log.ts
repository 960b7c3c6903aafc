/**
 * The log of this process: composition root of `taskflows/logging`. It joins
 * the form of lines (`kernel/observe/`) with stderr, files and Loki.
 *
 * There is one per process, also when modules resolved several copies of this
 * package, so that what is configured in one place holds everywhere.
 */
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { createLogFiles } from './adapters/log-files/log-files.ts'
import { type LokiPush, createLokiPush } from './adapters/loki/loki-push.ts'
import { type Config, configOf, explainConfig } from './config.ts'
import { createLogSink, stderrWriter, withoutRepeats } from './kernel/observe/console-log.ts'
import { readLevel } from './kernel/observe/log-level.ts'
import { type LogLine, addLogTap } from './kernel/observe/log-line.ts'
import { flushLogOutputs } from './kernel/observe/log-output.ts'
import { createRecordWriter } from './kernel/observe/log-record.ts'
import { type LogSink, type Logger, createLogger } from './kernel/observe/logger.ts'
import { type LoggingOptions, type LokiOptions, checkLoggingOptions } from './kernel/observe/logging-options.ts'
import { familyOf } from './kernel/observe/metrics-text.ts'
import { prettyLine } from './kernel/observe/pretty-log.ts'
import { addMetrics } from './kernel/observe/process-metrics.ts'

interface Shared {
  sink: LogSink | undefined
  /** Hands over what waits, within so many milliseconds. Resolves to whether all of it went. */
  flush: (ms: number) => Promise<boolean>
  /** Ends what was configured before. */
  close: () => void
}

const key = Symbol.for('taskflows.process-log')
const shared: Shared = ((globalThis as Record<symbol, unknown>)[key] ??= { sink: undefined, flush: () => Promise.resolve(true), close: () => {} } satisfies Shared) as Shared

/** A logger of this name. It follows `configureLogging`, also a later one. */
export function getLogger(name: string): Logger {
  return createLogger(String(name), currentSink)
}

/** The product's own, with the configuration that a program has read already; unless the log was configured before. */
export function openLog(config: Config): Logger {
  if (!shared.sink) connect({}, config)
  return getLogger('taskflows')
}

/** Sets how all loggers of this process write, in place of what was set before. @throws TypeError naming what is wrong */
export function configureLogging(options: LoggingOptions = {}): void {
  checkLoggingOptions(options)
  connect(options, usableConfig())
}

/** Resolves when every line is where it belongs, or to `false` after `ms`. For programs that end with `process.exit`. */
export function flushLogging(ms = 5_000): Promise<boolean> {
  flushLogOutputs()
  return shared.flush(ms)
}

function currentSink(): LogSink {
  return shared.sink ?? connect({}, usableConfig())
}

/** The log works, with defaults, also where the configuration does not. */
function usableConfig(): Config {
  const explanation = explainConfig()
  return configOf({ ...explanation, problems: [] })
}

function connect(options: LoggingOptions, config: Config): LogSink {
  const labels = labelsOf(options, config)
  const { maxStringLength, redact } = options
  const record = createRecordWriter({ labels, ...(maxStringLength !== undefined && { maxStringLength }), ...(redact && { redact }) })
  const level = readLevel(options.level ?? options.logLevel ?? config.logLevel) ?? 'info'
  // What Loki refuses is thrown before anything has changed.
  const loki = openLoki(options, config, labels)
  shared.close()
  const untapFiles = config.fileDir === null ? () => {} : addLogTap(openFiles(config, labels.app))
  const untapLoki = loki ? addLogTap(loki.push) : () => {}
  const uncountLoki = loki ? addMetrics(() => [linesFamily(loki)]) : () => {}
  shared.close = () => {
    untapFiles()
    untapLoki()
    uncountLoki()
    void loki?.close()
  }
  shared.flush = (ms) => loki?.flush(ms) ?? Promise.resolve(true)
  return (shared.sink = createLogSink(level, record, writerOf(options, config)))
}

type Labels = Readonly<Record<string, string | number>> & { readonly app: string; readonly environment: string }

function labelsOf({ appName, environment, extraLabels = {}, includeHostname = true, includeProcessInfo = false }: LoggingOptions, config: Config): Labels {
  return {
    app: appName ?? config.appName ?? 'taskflows',
    environment: environment ?? config.environment,
    ...(includeHostname && { hostname: config.hostname ?? hostname() }),
    ...texts(extraLabels),
    ...(includeProcessInfo && { process_id: process.pid, process_name: process.title, thread_id: threadId }),
  }
}

function texts(values: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
}

function writerOf({ destination, pretty, enableConsoleRenderer }: LoggingOptions, { journalStream, noTerminal, fileDir }: Config): (line: LogLine) => void {
  const forPeople = pretty ?? enableConsoleRenderer
  if (destination) return ({ text }) => { destination.write(`${forPeople ? prettyLine(text, { colour: false }) : text}\n`) }
  if (noTerminal && fileDir !== null) return () => {}
  return stderrWriter({ pretty: forPeople, journalStream })
}

/** What the log says of itself. The same trouble each time is said once in a while. */
const quietMs = 600_000
const own = getLogger('taskflows.logging')

function openFiles({ fileDir, fileName, fileMaxBytes, maxRotations, singleFile }: Config, app: string): (line: LogLine) => void {
  return createLogFiles({
    directory: fileDir!, name: fileName ?? (singleFile ? app : null), maxBytes: fileMaxBytes, maxRotations,
    onTrouble: withoutRepeats((reason) => { process.stderr.write(`${reason}\n`) }, Date.now, quietMs),
  })
}

function openLoki({ loki, extraLabels = {} }: LoggingOptions, config: Config, { app, environment, hostname: host }: Labels) {
  if (!(loki ?? config.lokiPush)) return undefined
  const { url = config.lokiUrl, user = config.lokiUser ?? undefined, password = config.lokiPassword ?? undefined, labels = {}, ...rest }: LokiOptions = typeof loki === 'object' ? loki : {}
  endWithProcess()
  const put = withoutRepeats((message) => own.warn(message), Date.now, quietMs)
  return createLokiPush({
    url, user, password, ...rest,
    labels: { app, environment, ...(host !== undefined && { hostname: String(host) }), service_name: app, ...texts(extraLabels), ...labels },
    onTrouble: (what, reason) => put(`${troubles[what]}: ${reason}`),
  })
}

function linesFamily({ counts }: LokiPush) {
  return familyOf('taskflows_loki_lines_total', (['pushed', 'refused', 'dropped'] as const).map((outcome) => ({ labels: { outcome }, value: counts[outcome] })))
}

const troubles = { put_off: 'log lines wait for Loki', refused: 'Loki refuses log lines', dropped: 'log lines for Loki were dropped' } as const

let ending = false

/** A program that ends by itself gives Loki its last lines. It comes again after each work, and ends when none was left. */
function endWithProcess(): void {
  if (ending) return
  ending = true
  process.on('beforeExit', () => void flushAtEnd())
}

let flushedAtEnd = false

async function flushAtEnd(): Promise<void> {
  if (flushedAtEnd) return
  flushedAtEnd = true
  await flushLogging()
}
