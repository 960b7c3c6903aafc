/**
 * One run out of whichever table knows it: `attempts` and `leases` with the job
 * in `jobs`, `runs`, or `service_runs`. Lists and single reads share these columns.
 */
import type { Run, RunKind, RunState, ServiceFacts } from '../../runs.ts'
import type { RunPosition } from './run-cursor.ts'

const noFacts = 'null::json as facts'

/**
 * The columns of one run, in four tables. What an attempt does not know of itself its job does. `placed_at` is its place among those
 * that ended, which is its end where that is known.
 */
export const attemptColumns = `'job' as kind, a.job_id as id, a.attempt::integer as ordinal, a.outcome::text as state, a.started_at, a.ended_at, a.ended_at as placed_at,
  a.worker_id, null::text as host, null::integer as exit_code, a.error_type, a.error_message, null::integer as tries,
  null::text as name, null::text as tenant_id, null::text as correlation_id, ${noFacts}`
export const leaseColumns = `'job' as kind, u.id, u.attempt::integer as ordinal, 'running' as state, l.claimed_at as started_at, null::timestamptz as ended_at, null::timestamptz as placed_at,
  l.worker_id, null::text as host, null::integer as exit_code, null::text as error_type, null::text as error_message, null::integer as tries,
  null::text as name, null::text as tenant_id, null::text as correlation_id, ${noFacts}`
export const reportColumns = `r.kind, r.id, 0 as ordinal, r.state, r.started_at, r.ended_at, r.ended_at as placed_at,
  null::uuid as worker_id, r.host, r.exit_code, r.error_type, r.error_message, r.attempt::integer as tries,
  r.name, r.tenant_id, coalesce(r.correlation_id, r.id::text) as correlation_id, ${noFacts}`
/** When it ended; of one whose end was not seen, when it began; of one that never began, when it should have. */
export const servicePlace = 'coalesce(s.ended_at, s.started_at, s.slot)'
export const serviceColumns = `'service' as kind, s.id, 0 as ordinal, s.state, s.started_at, s.ended_at, case when s.state <> 'running' then ${servicePlace} end as placed_at,
  null::uuid as worker_id, s.host, s.exit_code, null::text as error_type, null::text as error_message, null::integer as tries,
  s.service as name, null::text as tenant_id, replace(s.id::text, '-', '') as correlation_id,
  json_build_object('scope', s.scope, 'result', s.result, 'exitSignal', s.exit_signal, 'cpuSeconds', s.cpu_seconds, 'memoryPeakBytes', s.memory_peak_bytes,
    'slot', extract(epoch from s.slot) * 1000, 'reason', s.reason) as facts`

/** Attempts that a worker has right now: a batch stays in its lease until all of it has ended. */
export const underLease = `taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt)
  where not coalesce(u.id = any (l.cancelled), false) and not exists (select from taskflows.attempts e where e.job_id = u.id and e.attempt = u.attempt)`

/** What filters look at, in a row of `runView`. */
export const ofRun = {
  name: 'coalesce(j.name, c.name)',
  tenant: 'coalesce(j.tenant_id, c.tenant_id)',
  correlation: 'coalesce(j.correlation_id, c.correlation_id, c.id::text)',
} as const

/** A relation of such rows as complete runs; conditions and order follow it. */
export const runView = (rows: string): string => `
select c.kind, c.id, c.ordinal, ${ofRun.name} as name, ${ofRun.tenant} as tenant_id, ${ofRun.correlation} as correlation_id, c.state,
  case when c.kind = 'job' then c.ordinal else c.tries end as attempt, coalesce(c.host, w.name, c.worker_id::text) as host,
  c.started_at, c.ended_at, (extract(epoch from c.placed_at) * 1000000)::bigint as placed_us, c.exit_code, c.error_type, c.error_message, c.facts
from ${rows} as c
left join taskflows.jobs j on c.kind = 'job' and j.id = c.id
left join taskflows.workers w on w.id = c.worker_id`

export interface RunRecord {
  kind: RunKind
  id: string
  ordinal: number
  name: string
  tenant_id: string | null
  correlation_id: string
  state: RunState
  attempt: number | null
  host: string | null
  started_at: number | null
  ended_at: number | null
  placed_us: number | null
  exit_code: number | null
  error_type: string | null
  error_message: string | null
  /** JSON of `ServiceFacts`. */
  facts: string | null
}

export function runOf(row: RunRecord): Run {
  const isAttempt = row.kind === 'job'
  const service = row.facts === null ? null : JSON.parse(row.facts) as ServiceFacts
  return {
    id: isAttempt ? `${row.id}.${row.ordinal}` : service !== null ? row.id.replaceAll('-', '') : row.id,
    kind: row.kind,
    name: row.name,
    subject: isAttempt ? row.id : service !== null ? `${row.host}/${service.scope}/${row.name}` : null,
    tenant: row.tenant_id,
    state: row.state,
    attempt: row.attempt,
    host: row.host,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    exitCode: row.exit_code,
    errorType: row.error_type,
    errorMessage: row.error_message,
    correlationId: row.correlation_id,
    service,
  }
}

export function positionOf({ placed_us: endedUs, id, ordinal }: RunRecord): RunPosition {
  return { endedUs, id, ordinal }
}
