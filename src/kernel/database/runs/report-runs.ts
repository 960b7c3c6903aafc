/**
 * Runs that their own processes tell of. Telling twice is telling once: what is
 * known does not change, except that a run ends, once.
 */
import { type FieldProblem, invalidFields } from '../../errors.ts'
import { timeOfId } from '../../ids.ts'
import type { ReportedRun } from '../../runs.ts'
import type { Actor, Scope } from '../../scope.ts'
import { type Database, repeatable } from '../database.ts'
import { ensurePartitions, runPartitionsSince } from '../partitions.ts'

const dayMs = 86_400_000
/** How long a report may wait in the spool of its process. */
export const oldestReportMs = 30 * dayMs
/** By how much the clock of a reporter may be ahead. */
const aheadMs = dayMs

/**
 * $1 ids  $2 names  $3 tenants  $4 states  $5 attempts  $6 hosts  $7 started  $8 ended (epoch milliseconds)  $9 exit codes
 * $10 error types  $11 error messages  $12 correlation ids  $13 who tells  $14 the tenant that may be changed, or null
 *
 * Rows are inserted, and so locked, in the order of their ids: reports of the
 * same runs wait for each other and never in a circle. An id that exists in a
 * tenant out of sight is left alone, as if it had been told before: the answer
 * does not say that it exists.
 *
 * Only changes become events.
 */
const reportRun = repeatable('report-runs', `
with clock as materialized (
  select taskflows.now() as now
), told as (
  insert into taskflows.runs as r (id, kind, name, tenant_id, state, attempt, host, started_at, ended_at, exit_code, error_type, error_message, correlation_id, reported_by)
  select id, 'task', name, tenant_id, state, attempt, host, to_timestamp(started / 1000), to_timestamp(ended / 1000), exit_code, error_type, error_message, correlation_id, $13
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::float8[], $8::float8[], $9::integer[], $10::text[], $11::text[], $12::text[])
    as u(id, name, tenant_id, state, attempt, host, started, ended, exit_code, error_type, error_message, correlation_id)
  order by id
  on conflict (id) do update set
    state = excluded.state, attempt = coalesce(excluded.attempt, r.attempt), host = coalesce(excluded.host, r.host), started_at = excluded.started_at,
    ended_at = excluded.ended_at, exit_code = excluded.exit_code, error_type = excluded.error_type, error_message = excluded.error_message
  where r.ended_at is null and excluded.ended_at is not null and ($14::text is null or r.tenant_id = $14)
  returning id, name, tenant_id, state, attempt, host, exit_code, error_type, error_message, correlation_id
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, actor, data)
  select clock.now, 'tasks.' || case state when 'running' then 'started' else state end,
    array_agg(id order by id), array_agg(tenant_id order by id), array_agg(name order by id), array_agg(correlation_id order by id), $13,
    json_agg(json_build_object('attempt', attempt, 'host', host, 'exit_code', exit_code, 'error_type', error_type, 'error_message', error_message) order by id)
  from told, clock group by clock.now, state
)
select id from told where state <> 'running'`)

const noPartition = '23514'

/** @throws `request.invalid` for ids and times that no clock can have made */
export async function reportRuns(database: Database, scope: Scope, runs: readonly ReportedRun[], by: Actor): Promise<readonly ReportedRun[]> {
  const [clock] = await database.query<{ now: number }>(`select taskflows.now() as now`)
  refuseStrangeTimes(runs, clock!.now)
  const folded = foldReports(runs)
  const values = valuesOf(folded, scope, by)
  const keep = async () => new Set((await database.query<{ id: string }>(reportRun, values)).map(({ id }) => id))
  const ended = await keep().catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== noPartition) throw error
    await ensurePartitions(database, clock!.now, runPartitionsSince(clock!.now - oldestReportMs, clock!.now))
    return keep()
  })
  return folded.filter(({ id }) => ended.has(id))
}

/** The time inside an id decides in which partition the run lives, so it must be one that exists or may be made. */
function refuseStrangeTimes(runs: readonly ReportedRun[], nowMs: number): void {
  const strange = runs.flatMap(({ id, startedAt, endedAt }, at): FieldProblem[] => [
    ...problemOf(`items[${at}].id`, 'an id whose time is', timeOfId(id), nowMs - oldestReportMs, nowMs),
    ...problemOf(`items[${at}].started_at`, 'a time', startedAt, 0, nowMs),
    ...(endedAt === null ? [] : problemOf(`items[${at}].ended_at`, 'a time', endedAt, 0, nowMs)),
  ])
  if (strange.length > 0) throw invalidFields(strange.slice(0, 20))
}

function problemOf(path: string, what: string, ms: number, fromMs: number, nowMs: number): FieldProblem[] {
  if (ms >= fromMs && ms <= nowMs + aheadMs) return []
  const limits = ms < fromMs ? `at or after ${new Date(fromMs).toISOString()}` : `no more than a day ahead of ${new Date(nowMs).toISOString()}`
  return [{ path, message: `expected ${what} ${limits}, got ${new Date(ms).toISOString()}` }]
}

/** One report per run: of several in one request the first that tells of its end. */
export function foldReports(runs: readonly ReportedRun[]): ReportedRun[] {
  const folded = new Map<string, ReportedRun>()
  for (const run of runs) {
    const id = run.id.toLowerCase()
    const before = folded.get(id)
    if (before === undefined) folded.set(id, { ...run, id })
    else if (before.endedAt === null && run.endedAt !== null) folded.set(id, endOf(before, run))
  }
  return [...folded.values()]
}

/** As the statement changes a row: what a run is stays as it was told first. */
function endOf({ id, name, tenant, correlationId, attempt, host }: ReportedRun, end: ReportedRun): ReportedRun {
  const { tenant: _tenant, correlationId: _correlationId, ...facts } = end
  return {
    ...facts, id, name, attempt: end.attempt ?? attempt, host: end.host ?? host,
    ...(tenant !== undefined && { tenant }),
    ...(correlationId !== undefined && { correlationId }),
  }
}

function valuesOf(runs: readonly ReportedRun[], scope: Scope, by: Actor): unknown[] {
  return [
    runs.map(({ id }) => id), runs.map(({ name }) => name), runs.map(({ tenant }) => tenant ?? scope.tenant ?? 'default'),
    runs.map(({ state }) => state), runs.map(({ attempt }) => attempt), runs.map(({ host }) => host),
    runs.map(({ startedAt }) => startedAt), runs.map(({ endedAt }) => endedAt), runs.map(({ exitCode }) => exitCode),
    runs.map(({ errorType }) => errorType), runs.map(({ errorMessage }) => errorMessage), runs.map(({ correlationId }) => correlationId ?? null),
    by.name, scope.tenant,
  ]
}
