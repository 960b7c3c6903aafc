/**
 * Runs a finished job again: its last end no longer decides, and it is claimable
 * with a budget that starts now. History stays.
 *
 *   $1 job  $2 actor  $3 longest payload kept inline
 *
 * The update of the deciding attempt is the fence: of two retries at the same
 * moment the second finds none, and answers no row. Else the answer is the attempt
 * that decided until now.
 */
import { statement } from '../../../kernel/database/database.ts'

export const reviveJob = statement('revive-job', `
with clock as materialized (
  select taskflows.now() as now
), reopened as (
  update taskflows.attempts set final = null where job_id = $1::uuid and final is not null returning job_id, attempt
), claimable as (
  insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload, policy, correlation_id, traceparent)
  select j.id, j.queue, -j.priority::integer, (extract(epoch from clock.now) * 1000000)::bigint, j.tenant_id, j.name, r.attempt + 1, r.attempt,
    exists (select from taskflows.dependencies d where d.parent_id = j.id),
    case when pg_column_size(j.payload) <= $3::integer then j.payload end, j.policy, j.correlation_id, j.traceparent
  from clock, reopened r join taskflows.jobs j on j.id = r.job_id
  returning id, queue, tenant_id, name, correlation_id
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, subject, actor, data)
  select clock.now, 'jobs.revived', array[id], array[tenant_id], array[name], array[correlation_id], id::text, $2, '{}' from claimable, clock
)
select r.attempt, pg_notify('taskflows_ready', c.queue) from claimable c, reopened r`)
