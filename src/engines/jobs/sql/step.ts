/**
 * The hot path in one statement: records the jobs that succeeded, closes the
 * leases that are done, and claims the next batch of one queue (claim.ts).
 *
 *   $1 to $9 the claim
 *   $10 leases touched  $11 job ids  $12 their leases  $13 attempts  $14 started  $15 ended (epoch milliseconds)
 *   $16 results (JSON text, or an empty array when there is none)  $17 tenants  $18 names  $19 leases to close
 *   $20 correlation ids (null: the job's own id)
 *
 * The fence: a lease row is locked before anything is recorded under it, in id
 * order like everywhere else, so a rescuer or a cancel either came first (the
 * row is gone, or names the job as cancelled, and that job is left out) or waits.
 *
 * The head of the answer: `lost`, the leases that are gone, `cancelled`, the jobs
 * that were taken away (`LEASE JOB`), and `now`.
 */
import { statement } from '../../../kernel/database/database.ts'
import { claimAnswer, claimParts } from './claim.ts'
import { each, together } from './columns.ts'

export const step = statement('step', `
with clock as materialized (
  select taskflows.now() as now
), locked as materialized (
  select id, worker_id, awaited, cancelled from taskflows.leases where id = any($10::uuid[]) order by id for update
), done as materialized (
  select d.job_id, d.attempt, d.started, d.ended, d.result, l.worker_id, l.awaited,
    ${each('$17', 'text', 'd.tenant_id')} as tenant_id, ${each('$18', 'text', 'd.name')} as name,
    ${each('$20', 'text', 'd.correlation')} as correlation
  from rows from (
    unnest($11::uuid[]), unnest($12::uuid[]), unnest($13::smallint[]), unnest($14::float8[]), unnest($15::float8[]),
    unnest($16::text[]), unnest($17::text[]), unnest($18::text[]), unnest($20::text[])
  ) as d(job_id, lease_id, attempt, started, ended, result, tenant_id, name, correlation)
  join locked l on l.id = ${each('$12', 'uuid', 'd.lease_id')}
  where l.cancelled is null or d.job_id <> all (l.cancelled)
), recorded as (
  insert into taskflows.attempts (job_id, attempt, outcome, final, worker_id, started_at, ended_at, result)
  select job_id, ${each('$13', 'smallint', 'attempt')}, 'succeeded', 'SUCCEEDED', worker_id, to_timestamp(started / 1000), to_timestamp(ended / 1000), result::json from done
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations)
  select clock.now, 'jobs.succeeded', array_agg(job_id), ${together('$17', 'text', 'tenant_id')}, ${together('$18', 'text', 'name')}, ${together('$20', 'text', 'correlation')}
  from done, clock group by clock.now
), told as (
  insert into taskflows.awaited_ends (job_id, state) select job_id, 'SUCCEEDED' from done where awaited is not null and job_id = any (awaited) returning job_id
), closed as (
  delete from taskflows.leases where id = any($19::uuid[])
), ${claimParts}
${claimAnswer(`
    'lost', array(select unnest($10::uuid[]) except select id from locked),
    'cancelled', array(select id || ' ' || unnest(cancelled) from locked),
    'bell', (select count(pg_notify('taskflows_held', '')) from (select from told limit 1) as any_told)`)}`)
