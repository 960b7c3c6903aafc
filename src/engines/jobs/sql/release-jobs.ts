/**
 * Gives claimed jobs back that were not finished: the same attempt, at the same
 * turn. They leave the lease, so the worker can no longer end them.
 *
 *   $1 lease  $2 job ids  $3 their tags  $4 whether nothing of the lease is left  $5 longest payload kept inline
 */
import { repeatable } from '../../../kernel/database/database.ts'

export const releaseJobs = repeatable('release-jobs', `
with clock as materialized (
  select taskflows.now() as now
), locked as materialized (
  select id, job_ids, attempts, spent, awaited, cancelled from taskflows.leases where id = $1::uuid for update
), kept as materialized (
  select array_agg(u.id) as job_ids, array_agg(u.attempt) as attempts, array_agg(u.spent) as spent
  from locked l, unnest(l.job_ids, l.attempts, l.spent) as u(id, attempt, spent) where u.id <> all ($2::uuid[])
), back as materialized (
  select u.id, u.attempt, u.spent, coalesce(u.id = any (l.awaited), false) as awaited, t.tag
  from locked l, unnest(l.job_ids, l.attempts, l.spent) as u(id, attempt, spent)
  join unnest($2::uuid[], $3::bigint[]) as t(id, tag) on t.id = u.id
  where l.cancelled is null or u.id <> all (l.cancelled)
), shrunk as (
  update taskflows.leases l set job_ids = kept.job_ids, attempts = kept.attempts, spent = kept.spent
  from kept where l.id = $1::uuid and not $4::boolean and kept.job_ids is not null
), closed as (
  delete from taskflows.leases using kept where id = $1::uuid and ($4::boolean or kept.job_ids is null)
), claimable as (
  insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload, policy, correlation_id, traceparent)
  select j.id, j.queue, -j.priority::integer, b.tag, j.tenant_id, j.name, b.attempt, b.spent, b.awaited,
    case when pg_column_size(j.payload) <= $5::integer then j.payload end, j.policy, j.correlation_id, j.traceparent
  from back b join taskflows.jobs j on j.id = b.id
  returning id, queue, tenant_id, name, correlation_id
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations)
  select clock.now, 'jobs.released', array_agg(id), array_agg(tenant_id), array_agg(name), array_agg(correlation_id) from claimable, clock group by clock.now
)
select (select count(*) from claimable), (select count(pg_notify('taskflows_ready', queue)) from (select distinct queue from claimable) as queues)`)

/** $1 lease. The jobs it holds. */
export const leasedJobs = repeatable('leased-jobs', `select unnest(job_ids) as id from taskflows.leases where id = $1::uuid`)
