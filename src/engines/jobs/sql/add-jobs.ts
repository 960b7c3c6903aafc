/**
 * Adds jobs that may run at once: the request, the claimable row, one event for
 * all, one notification per queue. All or none, and it locks nothing that exists.
 *
 *   $1 ids  $2 payloads (a JSON array)  $3 names  $4 queues  $5 tenants  $6 priorities  $7 policies
 *   $8 correlation ids  $9 traceparents  $10 awaited  $11 actor  $12 longest payload kept in the claimable row
 *   $13 unique keys, which are already theirs (unique-keys.ts)
 *
 * The tag, the turn within a priority, is the arrival: one value for the whole
 * statement, so that the order within it is the order of the ids.
 */
import { statement } from '../../../kernel/database/database.ts'
import { each } from './columns.ts'

const adding = (keyed: boolean) => `
with clock as materialized (
  select taskflows.now() as now
), source as materialized (
  select u.id, u.payload,
    ${each('$3', 'text', 'u.name')} as name,
    ${each('$4', 'text', 'u.queue')} as queue,
    ${each('$5', 'text', 'u.tenant_id')} as tenant_id,
    ${each('$6', 'smallint', 'u.priority')} as priority,
    (${each('$7', 'text', 'u.policy')})::json as policy,
    ${each('$8', 'text', 'u.correlation_id')} as correlation_id,
    ${each('$9', 'text', 'u.traceparent')} as traceparent,
    ${each('$10', 'boolean', 'u.awaited')} as awaited${keyed ? ', u.unique_key' : ''}
  from rows from (
    unnest($1::uuid[]), json_array_elements($2::json), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::smallint[]),
    unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::boolean[])${keyed ? ', unnest($13::text[])' : ''}
  ) as u(id, payload, name, queue, tenant_id, priority, policy, correlation_id, traceparent, awaited${keyed ? ', unique_key' : ''})
), request as (
  insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, policy, correlation_id, traceparent, created_at, created_by${keyed ? ', unique_key' : ''})
  select id, tenant_id, queue, name, priority, payload, policy, correlation_id, traceparent, clock.now, $11${keyed ? ', unique_key' : ''}
  from source, clock
), claimable as (
  insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload, policy, correlation_id, traceparent)
  select id, queue, -priority::integer, (extract(epoch from clock.now) * 1000000)::bigint, tenant_id, name, 1, 0, awaited,
    case when pg_column_size(payload) <= $12::integer then payload end, policy, correlation_id, traceparent
  from source, clock
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, actor)
  select clock.now, 'jobs.added', $1::uuid[], $5::text[], $3::text[], $8::text[], $11 from clock
)
select clock.now, (select count(pg_notify('taskflows_ready', queue)) from (select distinct queue from unnest($4::text[]) as q(queue)) as queues)
from clock`

export const addJobs = statement('add-jobs', adding(false))
/** A statement of its own, so that jobs without a key do not carry the column. */
export const addKeyedJobs = statement('add-keyed-jobs', adding(true))
