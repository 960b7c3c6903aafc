/**
 * The form of a log line, the same for every program that logs through us:
 *
 *   app environment hostname (labels)  severity level_name level  logger
 *   request_id trace_id task_id correlation_id  timestamp timestamp_ns
 *   event event_fingerprint  context { everything else }
 *
 * `docs/reference/logging.md` describes each field. `logger.ts` is what people call.
 */
import { hash } from 'node:crypto'
import { currentLogFields } from './log-context.ts'
import { createLogKeys } from './log-keys.ts'
import { type LogLevel, levelNumbers, logLevels } from './log-level.ts'
import { type LineId, type LogLine, lineIds } from './log-line.ts'
import { cutJson, cutText, jsonText } from './log-text.ts'
import { type LogClock, logClock } from './log-time.ts'
import { createValueEncoder } from './log-value.ts'

export interface RecordOptions {
  /** What each line begins with: `app`, `environment`, `hostname` and whatever else tells programs apart. */
  readonly labels: Readonly<Record<string, string | number>>
  /** UTF-16 code units that a string may have before it is cut. Default 1000. */
  readonly maxStringLength?: number
  /** Names of fields that hold secrets, besides those that everybody knows. */
  readonly redact?: readonly string[]
  /** Default: the one of the process. */
  readonly clock?: LogClock
}

export type RecordWriter = (entry: LogEntry) => LogLine

export interface LogEntry {
  readonly level: LogLevel
  readonly logger: string
  readonly event: string
  /** Of this line alone. */
  readonly fields: object
  /** Of the logger. */
  readonly bindings: object
}

/** The journal takes a longer line apart (`LineMax=` of journald.conf(5) is 48 KiB), and then it is no JSON. */
const maxLineBytes = 47_000
const maxIdLength = 256
const maxNameLength = 256
/** What one line may use for its context, in characters; a character is up to three bytes of UTF-8. */
const contextRoom = 40_000
const sureRoom = contextRoom / 5

export function createRecordWriter({ labels, maxStringLength = 1000, redact = [], clock = logClock }: RecordOptions): RecordWriter {
  const keyOf = createLogKeys(redact)
  const values = createValueEncoder(keyOf, maxStringLength)
  const events = createEventCache(maxStringLength)
  const heads = headsOf(labels)

  /** Appends the fields of one source to the context, but for those that an earlier source has. */
  function collect(parts: readonly object[], ids: Partial<Record<LineId, string>>): string {
    let context = ''
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at]!
      for (const name of Object.keys(part)) {
        if (at > 0 && isIn(parts, at, name)) continue
        const key = keyOf(name)
        if (key.id) {
          const id = idText((part as Record<string, unknown>)[name])
          if (id !== undefined) ids[key.id] = id
          continue
        }
        if (!values.hasRoom()) return `${context}${context === '' ? '' : ','}"...":"[cut]"`
        const value = values.field(part, name, key)
        if (value !== undefined) context += `${context === '' ? '' : ','}${key.json}${value}`
      }
    }
    return context
  }

  function write(entry: LogEntry, room: number): LogLine {
    const { level, logger, fields, bindings } = entry
    const ids: Partial<Record<LineId, string>> = {}
    const before = values.allow(room)
    const context = collect(currentLogFields([fields, bindings]), ids)
    values.allow(before)
    clock.tick()
    const timestampNs = clock.ns
    const text = `${heads[level]}${jsonText(cutText(logger, maxNameLength))}${idsText(ids)},"timestamp":"${clock.iso}","timestamp_ns":${timestampNs},${events(entry.event)},"context":{${context}}}`
    return { text, level, logger, timestampNs, ids }
  }

  return (entry) => {
    const line = write(entry, contextRoom)
    const fits = line.text.length * 3 <= maxLineBytes || Buffer.byteLength(line.text) <= maxLineBytes
    return fits ? line : write(entry, sureRoom)
  }
}

/** What lines of a level begin with, up to the name of the logger. */
function headsOf(labels: RecordOptions['labels']): Readonly<Record<LogLevel, string>> {
  const shared = Object.entries(labels).map(([name, value]) => `${jsonText(name)}:${typeof value === 'number' ? value : jsonText(cutText(value, maxNameLength))},`).join('')
  const headOf = (level: LogLevel) => `{${shared}"severity":"${level.toUpperCase()}","level_name":"${level}","level":${levelNumbers[level]},"logger":`
  return Object.fromEntries(logLevels.map((level) => [level, headOf(level)])) as Record<LogLevel, string>
}

function isIn(parts: readonly object[], end: number, name: string): boolean {
  for (let at = 0; at < end; at += 1) if (Object.hasOwn(parts[at]!, name)) return true
  return false
}

function idText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? cutText(String(value), maxIdLength) : undefined
}

function idsText(ids: Readonly<Partial<Record<LineId, string>>>): string {
  let json = ''
  for (const name of lineIds) {
    const id = ids[name]
    if (id !== undefined) json += `,"${name}":${jsonText(id)}`
  }
  return json
}

/** Events are mostly the same few sentences, and a digest of one costs more than the rest of its line. */
const mostEvents = 1_000
const maxEventLength = 4_000

/** `"event":"...","event_fingerprint":"..."`: the fingerprint is the start of the MD5 of the whole text, so that equal events can be counted. */
function createEventCache(maxStringLength: number): (event: string) => string {
  const known = new Map<string, string>()
  return (event) => {
    const kept = known.get(event)
    if (kept !== undefined) return kept
    const json = `"event":${cutJson(event, maxStringLength, maxEventLength)},"event_fingerprint":"${hash('md5', event).slice(0, 8)}"`
    if (known.size >= mostEvents) known.clear()
    // A long text is hardly said twice.
    if (event.length <= maxNameLength) known.set(event, json)
    return json
  }
}
