/**
 * Moves held jobs whose time has come to `ready`.
 *
 *   $1 how many at most  $2 longest payload kept inline
 *
 * SKIP LOCKED, so that any number of processes may do this at once. Answers how many were moved.
 */
import { repeatable, statement } from '../../../kernel/database/database.ts'

export const admitDue = statement('admit-due', `
with clock as materialized (
  select taskflows.now() as now
), due as materialized (
  select id from taskflows.held, clock
  where waiting = 0 and until <= clock.now and reason <> 'parent_failed' order by until limit $1::integer for update of held skip locked
), gone as (
  delete from taskflows.held h using due where h.id = due.id returning h.id, h.attempt, h.spent, h.awaited
), moved as (
  insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload, policy, correlation_id, traceparent)
  select j.id, j.queue, -j.priority::integer, (extract(epoch from clock.now) * 1000000)::bigint, j.tenant_id, j.name, g.attempt, g.spent, g.awaited,
    case when pg_column_size(j.payload) <= $2::integer then j.payload end, j.policy, j.correlation_id, j.traceparent
  from clock, gone g join taskflows.jobs j on j.id = g.id
  returning queue
)
select (select count(*) from moved) as moved,
  (select count(pg_notify('taskflows_ready', queue)) from (select distinct queue from moved) as queues) as notified`)

/** Whether there is anything to move on, and the milliseconds until there is (null: nothing waits for a time). Two index probes. */
export const lookAhead = repeatable('look-ahead', `
with clock as materialized (
  select taskflows.now() as now
)
select exists (select from taskflows.awaited_ends) or exists (select from taskflows.held, clock where waiting = 0 and until <= clock.now) as busy,
  (select extract(epoch from min(h.until) - clock.now)::float8 * 1000 from taskflows.held h, clock
    where h.waiting = 0 and h.until > clock.now group by clock.now) as next_ms`)
