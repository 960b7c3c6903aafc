/**
 * From the wire's words to the engines': durations and instants to
 * milliseconds, tenants by what the caller is bound to. The shapes were checked
 * before; what a schema cannot say is checked here.
 */
import type { z } from 'zod'
import type { Caller } from '../access/roles.ts'
import { Instant } from '../contract/operation.ts'
import type { NewJob as NewJobWire, NewJobInBatch, ReportedRun as ReportedRunWire } from '../contract/index.ts'
import type { JobPolicy, NewJob } from '../engines/jobs/index.ts'
import { jobLimits } from '../engines/jobs/vocabulary.ts'
import { parseDuration } from '../kernel/duration.ts'
import { TaskflowsError, invalidFields } from '../kernel/errors.ts'
import { problemOfJson } from '../kernel/plain-json.ts'
import type { ReportedRun } from '../kernel/runs.ts'
import type { Call } from './context.ts'
import { describe } from './refusals.ts'

type Wire = z.output<typeof NewJobWire> | z.output<typeof NewJobInBatch>

/** The longest delay, and the longest look back: ten years. */
const longestMs = 10 * 366 * 86_400_000

/** @param at where the job stands in the request, for messages: `items[3].` */
export function readNewJob(wire: Wire, call: Call, at = ''): NewJob {
  const { name, payload = {}, queue, priority, delay, run_at: runAt, after } = wire
  refuseUnstorable(`${at}payload`, payload)
  const correlationId = wire.correlation_id ?? call.correlationId
  const tenant = readTenant(wire.tenant_id, call.caller, at)
  return {
    name,
    payload,
    ...(queue !== undefined && { queue }),
    ...(tenant !== undefined && { tenant }),
    ...(priority !== undefined && { priority }),
    ...(delay !== undefined && { delayMs: readDuration(`${at}delay`, delay, longestMs) }),
    ...(runAt !== undefined && { runAt: Date.parse(runAt) }),
    ...(after !== undefined && { after }),
    ...(wire.unique_key !== undefined && { uniqueKey: wire.unique_key }),
    ...(correlationId !== undefined && { correlationId }),
    ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
    policy: readPolicy(wire, at),
  }
}

/** Jobs of one request, which may name earlier ones by their position. */
export function readNewJobs(items: readonly z.output<typeof NewJobInBatch>[], call: Call): NewJob[] {
  return items.map((item, position) => {
    refuseLaterPositions(item.after ?? [], position)
    return readNewJob(item, call, `items[${position}].`)
  })
}

function refuseLaterPositions(after: readonly (string | number)[], position: number): void {
  const at = after.findIndex((parent) => typeof parent === 'number' && parent >= position)
  if (at < 0) return
  throw invalidFields([{ path: `items[${position}].after[${at}]`, message: `expected the position of an earlier item, below ${position}, got ${after[at]}` }])
}

function readPolicy(wire: Wire, at: string): JobPolicy {
  const { max_attempts: maxAttempts, timeout, retry } = wire
  return {
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(timeout !== undefined && { timeoutMs: readTimeSpan(`${at}timeout`, timeout, jobLimits.timeoutSeconds * 1000) }),
    ...(retry !== undefined && {
      retry: {
        ...(retry.strategy !== undefined && { strategy: retry.strategy }),
        ...(retry.base_delay_seconds !== undefined && { baseDelaySeconds: retry.base_delay_seconds }),
        ...(retry.max_delay_seconds !== undefined && { maxDelaySeconds: retry.max_delay_seconds }),
        ...(retry.jitter !== undefined && { jitter: retry.jitter }),
      },
    }),
  }
}

/** Milliseconds. */
export function readDuration(path: string, input: number | string, mostMs = longestMs): number {
  const ms = parseDuration(input)
  if (ms === undefined) throw invalidFields([{ path, message: `expected seconds, or text such as 5m or 1h 30min, got ${describe(input)}` }])
  if (ms > mostMs) throw invalidFields([{ path, message: `expected at most ${Math.floor(mostMs / 86_400_000)} days, got ${describe(input)}` }])
  return ms
}

/** Milliseconds, more than none. */
export function readTimeSpan(path: string, input: number | string, mostMs = longestMs): number {
  const ms = readDuration(path, input, mostMs)
  if (ms > 0) return ms
  throw invalidFields([{ path, message: `expected more than nothing, got ${describe(input)}` }])
}

/** Epoch milliseconds, from an instant or from how long ago. */
export function readSince(since: string, nowMs: number): number {
  if (Instant.safeParse(since).success) return Date.parse(since)
  const ago = parseDuration(since.replace(/\s+ago$/, ''))
  if (ago !== undefined) return nowMs - Math.min(ago, longestMs)
  throw invalidFields([{ path: 'since', message: `expected an instant such as 2030-01-31T08:00:00Z, or how long ago such as 1h, got ${describe(since)}` }])
}

/** The tenant that is meant; `undefined` leaves it to the scope. For a bound caller there is no other than its own. */
export function readTenant(asked: string | undefined, caller: Caller, at = ''): string | undefined {
  if (caller.tenant === null || asked === undefined || asked === caller.tenant) return asked
  throw new TaskflowsError('tenant.not_found', `there is no tenant ${describe(asked)}`, {
    details: { field: `${at}tenant_id` }, hint: `This caller is bound to the tenant ${JSON.stringify(caller.tenant)}: leave tenant_id out.`,
  })
}

/** What a schema cannot say of a reported run: that it has an end unless it runs, and not before its start. */
export function readReportedRuns(items: readonly z.output<typeof ReportedRunWire>[], caller: Caller): ReportedRun[] {
  return items.map((item, position) => readReportedRun(item, caller, `items[${position}].`))
}

function readReportedRun(wire: z.output<typeof ReportedRunWire>, caller: Caller, at: string): ReportedRun {
  const { id, name, state, attempt = null, host = null, exit_code: exitCode = null, error_type: errorType = null, error_message: errorMessage = null } = wire
  const [startedAt, endedAt] = [Date.parse(wire.started_at), wire.ended_at === undefined ? null : Date.parse(wire.ended_at)]
  if ((state === 'running') !== (endedAt === null)) throw invalidFields([{ path: `${at}ended_at`, message: state === 'running' ? 'is for runs that have ended' : `is required of a run that has ${state}` }])
  if (endedAt !== null && endedAt < startedAt) throw invalidFields([{ path: `${at}ended_at`, message: `expected at or after started_at, got ${describe(wire.ended_at)}` }])
  const tenant = readTenant(wire.tenant_id, caller, at)
  return {
    id, name, state, attempt, host, startedAt, endedAt, exitCode, errorType, errorMessage,
    ...(tenant !== undefined && { tenant }),
    ...(wire.correlation_id !== undefined && { correlationId: wire.correlation_id }),
    ...(wire.error_types !== undefined && { errorTypes: wire.error_types }),
  }
}

function refuseUnstorable(path: string, payload: unknown): void {
  const message = problemOfJson(payload, jobLimits.payloadBytes)
  if (message !== undefined) throw invalidFields([{ path, message }])
}
