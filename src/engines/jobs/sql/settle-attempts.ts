/**
 * Records attempts that did not succeed: a job that tries again moves to
 * `held`, any other has ended. One whose worker was lost had its turn already: it
 * is claimable at once, before all others of its priority.
 *
 *   $1 leases touched  $2 job ids  $3 their leases  $4 attempts  $5 started (epoch milliseconds, or null)  $6 ended
 *   $7 outcomes  $8 final states (null: it tries again)  $9 error types  $10 error messages  $11 decisions
 *   $12 delays (milliseconds)  $13 tenants  $14 names  $15 queues  $16 spent  $17 leases to close
 *   $18 correlation ids (null: the job's own id)  $19 longest payload kept inline
 *
 * Fenced like `step`: what was cancelled, or whose lease is gone, is left out.
 */
import { statement } from '../../../kernel/database/database.ts'

export const settleAttempts = statement('settle-attempts', `
with clock as materialized (
  select taskflows.now() as now
), locked as materialized (
  select id, worker_id, awaited, cancelled from taskflows.leases where id = any($1::uuid[]) order by id for update
), done as materialized (
  select d.*, l.worker_id, coalesce(d.job_id = any (l.awaited), false) as awaited,
    case when d.final is null then 'jobs.retried' else 'jobs.' || lower(d.final::text) end as type
  from unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::float8[], $6::float8[], $7::taskflows.attempt_outcome[], $8::taskflows.final_state[],
    $9::text[], $10::text[], $11::text[], $12::float8[], $13::text[], $14::text[], $15::text[], $16::smallint[], $18::text[])
    as d(job_id, lease_id, attempt, started, ended, outcome, final, error_type, error_message, decision, delay, tenant_id, name, queue, spent, correlation)
  join locked l on l.id = d.lease_id
  where l.cancelled is null or d.job_id <> all (l.cancelled)
), recorded as (
  insert into taskflows.attempts (job_id, attempt, outcome, final, worker_id, started_at, ended_at, error_type, error_message, decision)
  select job_id, attempt, outcome, final, worker_id, to_timestamp(started / 1000), to_timestamp(ended / 1000), error_type, error_message, decision from done
), again as (
  insert into taskflows.held (id, queue, tenant_id, reason, until, attempt, spent, awaited)
  select job_id, queue, tenant_id, 'retry', clock.now + delay * interval '1 millisecond', attempt + 1, spent, awaited
  from done, clock where final is null and outcome <> 'lost'
), first as (
  insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload, policy, correlation_id, traceparent)
  select j.id, j.queue, -j.priority, 0, j.tenant_id, j.name, d.attempt + 1, d.spent, d.awaited,
    case when pg_column_size(j.payload) <= $19::integer then j.payload end, j.policy, j.correlation_id, j.traceparent
  from done d join taskflows.jobs j on j.id = d.job_id
  where d.final is null and d.outcome = 'lost'
  returning queue
), told as (
  insert into taskflows.awaited_ends (job_id, state) select job_id, final from done where final is not null and awaited
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, data)
  select clock.now, type, array_agg(job_id), array_agg(tenant_id), array_agg(name), array_agg(correlation),
    json_agg(json_build_object('attempt', attempt, 'outcome', outcome, 'error_type', error_type, 'error_message', error_message, 'decision', decision))
  from done, clock group by clock.now, type
), closed as (
  delete from taskflows.leases where id = any($17::uuid[])
)
select json_build_object(
    'lost', array(select unnest($1::uuid[]) except select id from locked),
    'cancelled', array(select id || ' ' || unnest(cancelled) from locked)
  ), pg_notify('taskflows_held', ''), (select count(pg_notify('taskflows_ready', queue)) from (select distinct queue from first) as queues)`)
