/** What `configureLogging` takes, and what is wrong with it. `process-log.ts` carries it out. */
import { nearest } from '../nearest.ts'
import { type LogLevel, logLevels, readLevel } from './log-level.ts'

export interface LokiOptions {
  /** Such as `http://localhost:3100`. Default: TASKFLOWS_LOKI_URL. */
  readonly url?: string
  /** For basic authentication. Default: LOKI_USER and LOKI_PASSWORD. */
  readonly user?: string
  readonly password?: string
  /** Sent as `X-Scope-OrgID`, where Loki has several tenants. */
  readonly tenant?: string
  /** Labels of the streams besides those of every line; `service_name` is `appName` unless it is said here. */
  readonly labels?: Readonly<Record<string, string>>
  /** Bytes of one batch before compression. Default 1 MiB. */
  readonly maxBatchBytes?: number
  /** How long a line may wait for others. Default 1000. */
  readonly maxBatchWaitMs?: number
  /** Bytes that may wait in memory while Loki is away; beyond, the oldest lines are dropped. Default 16 MiB. */
  readonly maxBufferBytes?: number
  /** Default true. */
  readonly gzip?: boolean
}

export interface LoggingOptions {
  /** Label `app`. Default: APP_NAME, else `taskflows`. */
  readonly appName?: string
  /** Label `environment`. Default: ENVIRONMENT, else `production`. */
  readonly environment?: string
  /** `debug`, `info`, `warn`, `error`, `critical` or `silent`, in any case. Default: TASKFLOWS_LOG_LEVEL, else `info`. */
  readonly level?: LogLevel | 'silent' | Uppercase<LogLevel> | (string & {})
  /** The same as `level`. */
  readonly logLevel?: LoggingOptions['level']
  /** Further fields at the top of each line, and labels at Loki: of few values each. */
  readonly extraLabels?: Readonly<Record<string, string | number | boolean>>
  /** UTF-16 code units that a string may have before it is cut. Default 1000. */
  readonly maxStringLength?: number
  /** Default true. */
  readonly includeHostname?: boolean
  /** Adds `process_id`, `process_name` and `thread_id`. Default false. */
  readonly includeProcessInfo?: boolean
  /** Short text for people instead of JSON. Default: when stderr is a terminal. */
  readonly pretty?: boolean
  /** The same as `pretty`. */
  readonly enableConsoleRenderer?: boolean
  /** Names of fields whose values must not be shown, besides `password`, `token` and the like. Case, `_` and `-` do not matter. */
  readonly redact?: readonly string[]
  /** Where lines go instead of stderr, each with its line break. What it throws is ignored. */
  readonly destination?: { write(text: string): unknown }
  /** Push lines to Loki as well. `true`: with what the settings say. Default: TASKFLOWS_LOKI_PUSH. */
  readonly loki?: boolean | LokiOptions
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isYesNo: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTable = (isValue: Check): Check => (value) => isObject(value) && Object.values(value as object).every(isValue)
const isLevel: Check = (value) => typeof value === 'string' && readLevel(value) !== undefined

const text = [isText, 'a text that is not empty'] as const
const yesNo = [isYesNo, 'true or false'] as const
const count = [isCount, 'a whole number from 1'] as const
const level = [isLevel, `one of ${[...logLevels, 'silent'].join(', ')}`] as const

type Rules<T> = { readonly [K in keyof Required<T>]: readonly [check: Check, expected: string] }

const rules: Rules<LoggingOptions> = {
  appName: text, environment: text, level, logLevel: level,
  extraLabels: [isTable((value) => isText(value) || isYesNo(value) || Number.isFinite(value)), 'an object of texts, numbers and booleans'],
  maxStringLength: count, includeHostname: yesNo, includeProcessInfo: yesNo, pretty: yesNo, enableConsoleRenderer: yesNo,
  redact: [(value) => Array.isArray(value) && value.every(isText), 'a list of names'],
  destination: [(value) => isObject(value) && typeof (value as { write?: unknown }).write === 'function', 'an object with a function `write`'],
  loki: [(value) => isYesNo(value) || isObject(value), 'true, false or an object'],
}

const lokiRules: Rules<LokiOptions> = {
  url: text, user: text, password: text, tenant: text, labels: [isTable(isText), 'an object of texts'],
  maxBatchBytes: count, maxBatchWaitMs: count, maxBufferBytes: count, gzip: yesNo,
}

/** Fields that lines have anyway. */
const taken: ReadonlySet<string> = new Set([
  'app', 'environment', 'hostname', 'severity', 'level_name', 'level', 'logger', 'request_id', 'trace_id', 'task_id', 'correlation_id',
  'timestamp', 'timestamp_ns', 'event', 'event_fingerprint', 'context', 'process_id', 'process_name', 'thread_id',
])

/** @throws TypeError naming the option, what was expected and what was found */
export function checkLoggingOptions(options: LoggingOptions): void {
  if (!isObject(options)) throw new TypeError(`Expected the options of logging to be an object, got ${shown(options)}`)
  checkAll(options, rules, '')
  if (isObject(options.loki)) checkAll(options.loki as LokiOptions, lokiRules, 'loki.')
  const twice = Object.keys(options.extraLabels ?? {}).find((name) => taken.has(name))
  if (twice !== undefined) throw new TypeError(`Expected \`extraLabels\` without \`${twice}\`, which each line has anyway`)
}

function checkAll<T extends object>(options: T, table: Rules<T>, prefix: string): void {
  const rows = table as unknown as Readonly<Record<string, readonly [Check, string]>>
  for (const [name, value] of Object.entries(options)) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined
    if (!row) throw new TypeError(`Expected options of logging, got \`${prefix}${name}\`${meant(name, Object.keys(rows), prefix)}`)
    const [check, expected] = row
    if (value !== undefined && !check(value)) throw new TypeError(`Expected \`${prefix}${name}\` to be ${expected}, got ${name === 'password' ? 'another value' : shown(value)}`)
  }
}

function meant(name: string, names: readonly string[], prefix: string): string {
  const near = nearest(name, names)
  return near === undefined ? '' : `: did you mean \`${prefix}${near}\`?`
}

function shown(value: unknown): string {
  return typeof value === 'function' ? 'a function' : typeof value === 'object' ? (value === null ? 'null' : 'an object') : typeof value === 'string' ? JSON.stringify(value) : String(value)
}
