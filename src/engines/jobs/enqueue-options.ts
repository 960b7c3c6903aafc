/**
 * What `enqueue` is told, checked before anything is sent: from the words of
 * TypeScript to the arguments of the SQL function.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts'
import { type DurationInput, parseDuration } from '../../kernel/duration.ts'
import { type TaskflowsError, invalidFields } from '../../kernel/errors.ts'
import { problemOfJson } from '../../kernel/plain-json.ts'
import { isPrintable, jobLimits } from './limits.ts'

export interface EnqueueOptions {
  /** Where it waits, 1 to 64 characters. Default `default`. */
  readonly queue?: string
  /** For whom, 1 to 64 characters. Default `default`. */
  readonly tenant?: string
  /** Higher runs first, from -32768 to 32767. Default 0. */
  readonly priority?: number
  /** Not before this long from now, by the database's clock: seconds, or text such as `'5m'`. Ten years at most. */
  readonly delay?: DurationInput
  /** Not before this moment: a Date, a Temporal.Instant, or ISO 8601 text with an offset. Not together with `delay`. */
  readonly runAt?: Date | { readonly epochMilliseconds: number } | string
  /** All tries, the first included, from 1 to 100. Default: what the task says, else 3. */
  readonly maxAttempts?: number
  /** Time-out of one attempt: seconds, or text such as `'5m'`. 30 days at most. Default: what the task says, else none. */
  readonly timeout?: DurationInput
  /** How long to wait between tries. What is left out comes from the task, then from the defaults. */
  readonly retry?: Partial<Omit<RetryPolicy, 'maxAttempts'>>
  /** Ties it to what caused it, 1 to 128 characters. Default: its own id. */
  readonly correlationId?: string
  /** W3C trace context. */
  readonly traceparent?: string
  /**
   * While an unfinished job of this tenant and name holds the key, no other is added: `created` is false and `id` is
   * that job's. Other transactions that ask for a key that this one took wait until it ends.
   */
  readonly uniqueKey?: string
  /**
   * Whether the commit wakes the scheduler. PostgreSQL lets commits with notifications through one at a time; `false`
   * spares a busy database that, and the job is found within 2 s. Default true.
   */
  readonly notify?: boolean
  /** The schema of taskflows' tables. Default `taskflows`. */
  readonly schema?: string
}

/** The arguments of the SQL function, and how a parameter becomes one. */
export const casts = {
  name: 'text', payload: 'json', queue: 'text', tenant_id: 'text', priority: 'integer', delay: 'float8', run_at: 'timestamptz', max_attempts: 'integer', timeout: 'float8',
  retry: 'json', correlation_id: 'text', traceparent: 'text', unique_key: 'text', notify: 'boolean',
} as const

export type Argument = keyof typeof casts

interface Sent extends Partial<Record<Argument, unknown>> {
  readonly schema: string
}

/** @throws `request.invalid` */
export function readOptions(options: EnqueueOptions): Sent {
  const {
    queue, tenant, priority, delay, runAt, maxAttempts, timeout, retry, correlationId, traceparent, uniqueKey, notify, schema = 'taskflows', ...unknown
  } = options
  for (const name of Object.keys(unknown)) throw refused(name, 'is not an option of enqueue')
  if (delay !== undefined && runAt !== undefined) throw refused('runAt', 'expected delay or runAt, not both')
  return {
    schema: readText('schema', schema, 63),
    ...(queue !== undefined && { queue: readText('queue', queue, jobLimits.queue) }),
    ...(tenant !== undefined && { tenant_id: readText('tenant', tenant, jobLimits.tenant) }),
    ...(priority !== undefined && { priority: readWhole('priority', priority, jobLimits.priorityMin, jobLimits.priorityMax) }),
    ...(delay !== undefined && { delay: readDuration('delay', delay, 0, longestDelayMs) }),
    ...(runAt !== undefined && { run_at: readInstant('runAt', runAt) }),
    ...(maxAttempts !== undefined && { max_attempts: readWhole('maxAttempts', maxAttempts, 1, jobLimits.maxAttempts) }),
    ...(timeout !== undefined && { timeout: readDuration('timeout', timeout, 1, jobLimits.timeoutSeconds * 1000) }),
    ...(retry !== undefined && { retry: readRetry(retry) }),
    ...(correlationId !== undefined && { correlation_id: readText('correlationId', correlationId, jobLimits.correlationId) }),
    ...(traceparent !== undefined && { traceparent: readTraceparent(traceparent) }),
    ...(uniqueKey !== undefined && { unique_key: readText('uniqueKey', uniqueKey, jobLimits.uniqueKey) }),
    ...(notify !== undefined && { notify: readBoolean('notify', notify) }),
  }
}

/** Ten years. */
const longestDelayMs = 10 * 366 * 86_400_000

function refused(path: string, message: string): TaskflowsError {
  return invalidFields([{ path, message }])
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
}

export function readName(name: unknown): string {
  return readText('name', name, jobLimits.name)
}

/** JSON text. */
export function readPayload(payload: unknown): string {
  const problem = problemOfJson(payload, jobLimits.payloadBytes)
  if (problem !== undefined) throw refused('payload', problem)
  return JSON.stringify(payload)
}

function readText(path: string, value: unknown, longest: number): string {
  const text = typeof value === 'string' ? value.trim() : ''
  if (text === '' || text.length > longest) throw refused(path, `expected 1 to ${longest} characters, got ${typeof value === 'string' ? text.length : shown(value)}`)
  if (!isPrintable(text)) throw refused(path, `must not hold control characters, got ${shown(text)}`)
  return text
}

function readWhole(path: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw refused(path, `expected a whole number from ${least} to ${most}, got ${shown(value)}`)
}

function readNumber(path: string, value: unknown, most: number): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value
  throw refused(path, `expected a number from 0 to ${most}, got ${shown(value)}`)
}

function readBoolean(path: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw refused(path, `expected true or false, got ${shown(value)}`)
}

function readOneOf(path: string, value: unknown, allowed: readonly string[]): string {
  if (allowed.includes(value as string)) return value as string
  throw refused(path, `expected one of ${allowed.join(', ')}, got ${shown(value)}`)
}

/** Milliseconds. */
function readDuration(path: string, value: DurationInput, leastMs: number, mostMs: number): number {
  const ms = typeof value === 'number' || typeof value === 'string' ? parseDuration(value) : undefined
  if (ms === undefined) throw refused(path, `expected seconds, or text such as 5m or 1h 30min, got ${shown(value)}`)
  if (ms < leastMs) throw refused(path, `expected more than nothing, got ${shown(value)}`)
  if (ms > mostMs) throw refused(path, `expected at most ${mostMs / 86_400_000} days, got ${shown(value)}`)
  return ms
}

const isoInstant = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/

/** ISO text. */
function readInstant(path: string, value: NonNullable<EnqueueOptions['runAt']>): string {
  const ms = typeof value === 'string' ? msOfText(value) : value instanceof Date ? value.getTime() : value?.epochMilliseconds
  const instant = new Date(ms ?? Number.NaN)
  if (Number.isNaN(instant.getTime()) || instant.getUTCFullYear() < 1970 || instant.getUTCFullYear() > 9999) {
    throw refused(path, `expected a Date, a Temporal.Instant or text such as 2030-01-31T08:00:00Z, got ${shown(value)}`)
  }
  return instant.toISOString()
}

/** `Date.parse` takes the 31st of February for a day in March. */
function msOfText(text: string): number | undefined {
  const day = isoInstant.exec(text)?.[1]
  if (day === undefined) return undefined
  const midnight = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day) ? Date.parse(text) : undefined
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: all-zero ids and version ff are invalid. */
const traceContext = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

function readTraceparent(value: unknown): string {
  if (typeof value === 'string' && traceContext.test(value)) return value
  throw refused('traceparent', `expected a W3C traceparent such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, got ${shown(value)}`)
}

/** JSON text, in the words of the wire. */
function readRetry(retry: NonNullable<EnqueueOptions['retry']>): string {
  if (typeof retry !== 'object' || retry === null) throw refused('retry', `expected an object, got ${shown(retry)}`)
  const { strategy, baseDelaySeconds, maxDelaySeconds, jitter, ...unknown } = retry
  for (const name of Object.keys(unknown)) throw refused(`retry.${name}`, name === 'maxAttempts' ? 'give it as maxAttempts, beside retry' : 'is not a field of a retry policy')
  return JSON.stringify({
    ...(strategy !== undefined && { strategy: readOneOf('retry.strategy', strategy, ['fixed', 'linear', 'exponential']) }),
    ...(baseDelaySeconds !== undefined && { base_delay_seconds: readNumber('retry.baseDelaySeconds', baseDelaySeconds, 86_400) }),
    ...(maxDelaySeconds !== undefined && { max_delay_seconds: readNumber('retry.maxDelaySeconds', maxDelaySeconds, 2_592_000) }),
    ...(jitter !== undefined && { jitter: readOneOf('retry.jitter', jitter, ['full', 'equal', 'none']) }),
  })
}
