/**
 * One attempt at a job: calls the handler and says how it ended. It knows
 * nothing of queues, leases or the database.
 */
import type { Clock } from '../../kernel/clock.ts'
import { formatDuration } from '../../kernel/duration.ts'
import { isThenable } from '../../kernel/is-thenable.ts'
import { NonRetryableError, type TaskDefinition, isWorthAnotherTry, withinRun } from '../tasks/index.ts'
import type { ClaimedJob } from './claimed-job.ts'
import { JobRun } from './job-run.ts'
import { type SqlClient, refusePool, requireSqlClient } from './sql-client.ts'
import { jobLimits } from './vocabulary.ts'

/** Why a handler is told to stop, as the `reason` of its AbortSignal. */
export class AttemptStopped extends Error {
  override readonly name = 'AttemptStopped'
  readonly why: 'timeout' | 'cancelled' | 'shutdown' | 'lease_lost'
  constructor(why: AttemptStopped['why'], message: string) {
    super(message)
    this.why = why
  }
}

export function jobCancelled(): AttemptStopped {
  return new AttemptStopped('cancelled', 'the job was cancelled')
}

export function leaseLost(): AttemptStopped {
  return new AttemptStopped('lease_lost', 'the lease was lost: the job runs elsewhere')
}

/** What a handler is given besides its payload. */
export interface JobContext {
  /** Fires when the attempt should stop: time-out, cancel, shutdown, a lost lease. Its `reason` is an AttemptStopped. */
  readonly signal: AbortSignal
  readonly job: {
    readonly id: string
    readonly name: string
    readonly queue: string
    readonly tenant: string
    /** From 1. */
    readonly attempt: number
    /** Give it to the jobs and requests that this one causes. */
    readonly correlationId: string
    readonly traceparent: string | null
  }
  /** The jobs that had to succeed first, in the order in which the request named them, with their payloads and results. */
  parents(): Promise<ParentResult[]>
  /**
   * Ends the attempt as a success inside the transaction that is open on `client`: the handler's effects and its success
   * are committed together, or not at all. Call it last, then commit, then return.
   *
   * A handler that returns although that transaction was not committed has failed (`TransactionNotCommitted`) and is
   * tried again. After a rollback it may be called again, in another transaction.
   *
   * @param client one connection to the database that holds taskflows' tables; never a Pool
   * @param result kept as the job's result, instead of what the handler returns: any JSON of up to 1 MiB
   * @throws AttemptStopped when the job was cancelled or its lease was lost, TypeError for a client that cannot be used:
   *   roll back, and let the error leave the handler
   */
  completeInTransaction(client: SqlClient, result?: unknown): Promise<void>
}

export interface ParentResult {
  readonly id: string
  readonly name: string
  readonly payload: unknown
  readonly result: unknown
}

interface Success {
  readonly kind: 'succeeded'
  /** JSON text. */
  readonly result: string | null
}

interface Failure {
  readonly kind: 'failed' | 'timed_out'
  readonly retryable: boolean
  readonly errorType: string
  readonly errorMessage: string
}

export type Ending =
  | Success
  | Failure
  /** It was taken away, or given back: there is nothing to record. */
  | { readonly kind: 'stopped'; readonly why: 'cancelled' | 'shutdown' | 'lease_lost' }

/** The end of a handler that returned, if its transaction turns out not to have been committed. */
export const notCommitted: Failure = {
  kind: 'failed', retryable: true, errorType: 'TransactionNotCommitted',
  errorMessage: 'the handler returned, but the transaction that was to complete the job was not committed',
}

export interface RunningAttempt {
  /** Tells the handler to stop. */
  stop(reason: AttemptStopped): void
  /** Whatever the handler still does, its end no longer counts. */
  abandon(): void
}

interface AttemptParts {
  readonly job: ClaimedJob
  readonly task: TaskDefinition
  /** Milliseconds, or `undefined` for none. */
  readonly timeoutMs: number | undefined
  readonly clock: Clock
  readonly parents: () => Promise<ParentResult[]>
  /** Ends the attempt in the transaction that is open there. `result` is JSON text. */
  readonly complete: (client: SqlClient, result: string | null) => Promise<void>
  /** Called once, possibly before `startAttempt` returns. */
  readonly onEnd: (ending: Ending) => void
}

export function startAttempt({ job, task, timeoutMs, clock, parents, complete, onEnd }: AttemptParts): RunningAttempt {
  // Most handlers never look at their signal, and making one costs more than calling them.
  let controller: AbortController | undefined
  let stopped: AttemptStopped | undefined
  let ended = false
  /** A transaction is to end it, so returning does not. */
  let promised = false
  let timer: AbortController | undefined

  const end = (ending: Ending): void => {
    if (ended) return
    ended = true
    timer?.abort()
    onEnd(ending)
  }
  const stop = (reason: AttemptStopped): void => {
    if (ended || stopped) return
    stopped = reason
    controller?.abort(reason)
    // A handler that is only asked to hurry may still finish; in the other cases its end no longer counts.
    if (reason.why === 'timeout') end({ kind: 'timed_out', retryable: true, errorType: 'Timeout', errorMessage: reason.message })
    else if (reason.why !== 'shutdown') end({ kind: 'stopped', why: reason.why })
  }
  const context: JobContext = {
    get signal() {
      controller ??= new AbortController()
      if (stopped && !controller.signal.aborted) controller.abort(stopped)
      return controller.signal
    },
    job: {
      id: job.id, name: job.name, queue: job.lease.queue, tenant: job.tenant, attempt: job.attempt,
      correlationId: job.correlation ?? job.id, traceparent: job.traceparent,
    },
    parents,
    completeInTransaction: async (client, value) => {
      requireSqlClient(client)
      refusePool(client)
      const result = resultOf(value)
      promised = true
      if (ended) throw stopped ?? new TypeError('Expected completeInTransaction to be called, and awaited, before the handler returns')
      await complete(client, result)
    },
  }
  const succeed = (value: unknown): void => end(promised ? notCommitted : endingOf(value))
  const fail = (error: unknown): void => end(stopped?.why === 'shutdown' ? { kind: 'stopped', why: 'shutdown' } : failureOf(error, task))

  try {
    const returned: unknown = withinRun(new JobRun(context, clock.now()), task.fn, JSON.parse(job.payload), context)
    if (isThenable(returned)) returned.then(succeed, fail)
    else succeed(returned)
  } catch (error) {
    fail(error)
  }
  if (timeoutMs !== undefined && !ended) {
    timer = new AbortController()
    void clock.sleep(timeoutMs, timer.signal).then(() => stop(new AttemptStopped('timeout', `the attempt took longer than its time-out of ${formatDuration(timeoutMs)}`)))
  }
  return { stop, abandon: () => { ended = true } }
}

/** A result that cannot be kept fails the attempt for good: another try would return it again. */
function endingOf(value: unknown): Success | Failure {
  if (value === undefined) return { kind: 'succeeded', result: null }
  try {
    const result = JSON.stringify(value) as string | undefined
    if (result === undefined) return { kind: 'succeeded', result: null }
    if (result.length > jobLimits.payloadBytes || Buffer.byteLength(result) > jobLimits.payloadBytes) return badResult(`is ${Buffer.byteLength(result)} bytes of JSON, and at most ${jobLimits.payloadBytes} are kept`)
    if (holdsNul(result)) return badResult('holds the character U+0000, which PostgreSQL cannot keep')
    return { kind: 'succeeded', result }
  } catch (error) {
    return badResult(`cannot be written as JSON: ${describe(error).message}`)
  }
}

/** JSON text. @throws InvalidResult */
function resultOf(value: unknown): string | null {
  const ending = endingOf(value)
  if (ending.kind === 'succeeded') return ending.result
  throw new InvalidResult(ending.errorMessage)
}

class InvalidResult extends NonRetryableError {
  override readonly name = 'InvalidResult'
}

function badResult(what: string): Failure {
  return { kind: 'failed', retryable: false, errorType: 'InvalidResult', errorMessage: `the returned value ${what}` }
}

/** Whether JSON text escapes a U+0000: `\u0000` behind an even number of backslashes. */
export function holdsNul(json: string): boolean {
  return json.includes('\\u0000') && /(?<!\\)(?:\\\\)*\\u0000/.test(json)
}

/** Kept of an error's message, in characters. */
const longestMessage = 4000

function failureOf(error: unknown, { policy }: TaskDefinition): Ending {
  const { name, message } = describe(error)
  return {
    kind: 'failed',
    retryable: isWorthAnotherTry(error, policy.retryIf),
    errorType: keepable(name, 255),
    errorMessage: keepable(message, longestMessage),
  }
}

/** Anything can be thrown, also what throws when it is looked at. */
function describe(error: unknown): { name: string; message: string } {
  try {
    return error instanceof Error ? { name: String(error.name), message: String(error.message) } : { name: typeof error, message: String(error) }
  } catch {
    return { name: typeof error, message: 'what was thrown cannot be shown' }
  }
}

function keepable(text: string, longest: number): string {
  const clean = text.toWellFormed().replaceAll('\0', '\u{FFFD}')
  return clean.length > longest ? `${clean.slice(0, longest).toWellFormed()}…` : clean
}
