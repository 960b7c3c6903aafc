/**
 * Adds jobs that must wait: for a time, for parents, or both.
 *
 *   $1 ids  $2 payloads (a JSON array)  $3 names  $4 queues  $5 tenants  $6 priorities  $7 policies
 *   $8 correlation ids  $9 traceparents  $10 awaited  $11 actor
 *   $12 run-at (epoch milliseconds, or null)  $13 delays (milliseconds, or null)
 *   $14 parents (an array literal each, or null)  $15 how many of them have not succeeded yet
 *   $16 unique keys, which are already theirs (unique-keys.ts), or null
 *
 * Runs in the transaction that has marked those parents (add-waiting-jobs.ts), so that none can end unseen.
 */
import { statement } from '../../../kernel/database/database.ts'

export const holdJobs = statement('hold-jobs', `
with clock as materialized (
  select taskflows.now() as now
), source as materialized (
  select u.*, case
      when u.run_at is not null then to_timestamp(u.run_at / 1000)
      when u.delay is not null then clock.now + u.delay * interval '1 millisecond'
    end as due
  from clock, rows from (
    unnest($1::uuid[]), json_array_elements($2::json), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::smallint[]),
    unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::boolean[]), unnest($12::float8[]), unnest($13::float8[]), unnest($14::text[]), unnest($15::integer[]), unnest($16::text[])
  ) as u(id, payload, name, queue, tenant_id, priority, policy, correlation_id, traceparent, awaited, run_at, delay, parents, waiting, unique_key)
), request as (
  insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, policy, scheduled_at, parents, correlation_id, traceparent, created_at, created_by, unique_key)
  select id, tenant_id, queue, name, priority, payload, policy::json, due, parents::uuid[], correlation_id, traceparent, clock.now, $11, unique_key
  from source, clock
), waiting as (
  insert into taskflows.held (id, queue, tenant_id, reason, until, waiting, attempt, spent, awaited)
  select id, queue, tenant_id, case when waiting > 0 then 'parents' else 'delayed' end, coalesce(due, clock.now), waiting, 1, 0, awaited
  from source, clock
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, actor)
  select clock.now, 'jobs.added', array_agg(id), array_agg(tenant_id), array_agg(name), array_agg(correlation_id), $11 from source, clock group by clock.now
)
select clock.now, pg_notify('taskflows_held', '') from clock`)
