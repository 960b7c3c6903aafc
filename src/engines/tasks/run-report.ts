/**
 * A run as its process tells of it: to the server (`adapters/server-reports`) and
 * to the log of its home (`adapters/local-run-log`). The words and limits are
 * those of the operation `runs.report`. Pure.
 */
import type { RunEnd, RunFacts, RunOutcome } from './run.ts'

export interface RunReport {
  readonly id: string
  readonly name: string
  readonly state: 'running' | RunOutcome
  /** How many attempts it took. */
  readonly attempt?: number
  readonly host: string
  /** ISO 8601, as is `ended_at`. */
  readonly started_at: string
  readonly ended_at?: string
  readonly error_type?: string
  readonly error_message?: string
  /** Of each failed attempt in order, when there are more than the last one. */
  readonly error_types?: readonly string[]
  readonly correlation_id?: string
}

/** The most characters that the ledger keeps. */
const longest = { name: 255, errorType: 255, errorMessage: 4000, correlationId: 128 } as const
const mostErrorTypes = 100
const mostAttempts = 1000

/** @param end what became of it; a run without one is running */
export function reportOf(run: RunFacts, host: string, end?: RunEnd): RunReport {
  const told = { id: run.id, name: storable(run.name, longest.name), host: storable(host, longest.name), started_at: isoTime(run.startedAt), ...correlation(run) }
  if (end === undefined) return { ...told, state: 'running' }
  // A clock that was set back in the middle must not make an end before the start.
  const ended = { state: end.outcome, attempt: Math.min(Math.max(end.attempts, 1), mostAttempts), ended_at: isoTime(Math.max(end.endedAt, run.startedAt)) }
  if (end.outcome === 'succeeded') return { ...told, ...ended, ...typesOf(end, 1) }
  const { type, message } = describe(end.error)
  return { ...told, ...ended, error_type: type, error_message: message, ...typesOf(end, 2) }
}

/** @param least how many failed attempts are worth a list: one alone is `error_type` already */
function typesOf({ errors }: RunEnd, least: number): Pick<RunReport, 'error_types'> {
  return errors.length < least ? {} : { error_types: errors.slice(-mostErrorTypes).map((error) => describe(error).type) }
}

/** One that the ledger would refuse is left out: the run is worth more than its correlation. */
function correlation({ correlationId }: RunFacts): Pick<RunReport, 'correlation_id'> {
  const usable = correlationId.trim() !== '' && correlationId.length <= longest.correlationId && !/[\p{Cc}\p{Cs}]/u.test(correlationId)
  return usable ? { correlation_id: correlationId } : {}
}

/** Anything can be thrown, also what throws when it is looked at. */
function describe(error: unknown): { readonly type: string; readonly message: string } {
  try {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
    return { type: storable(String(name), longest.errorType), message: storable(String(message), longest.errorMessage) }
  } catch {
    return { type: 'Error', message: 'what was thrown cannot be read' }
  }
}

let second = NaN
let untilMilliseconds = ''

/** Of many runs in a moment most began and ended within one second, and making the text would be half of the work. */
function isoTime(ms: number): string {
  const milliseconds = Math.floor(ms) % 1000
  if (Math.floor(ms) - milliseconds !== second) {
    second = Math.floor(ms) - milliseconds
    untilMilliseconds = new Date(second).toISOString().slice(0, 20)
  }
  return `${untilMilliseconds}${String(milliseconds).padStart(3, '0')}Z`
}

/** PostgreSQL keeps neither U+0000 nor halves of a character. */
function storable(text: string, most: number): string {
  return text.slice(0, most).replaceAll('\0', '\uFFFD').toWellFormed()
}
