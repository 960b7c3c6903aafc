/**
 * Ends the held jobs whose parent did not succeed: CANCELLED, naming the parent.
 * Their own children are told in turn.
 *
 *   $1 how many at most
 */
import { statement } from '../../../kernel/database/database.ts'

export const cancelOrphans = statement('cancel-orphans', `
with clock as materialized (
  select taskflows.now() as now
), orphans as materialized (
  select id from taskflows.held, clock where reason = 'parent_failed' and waiting = 0 and until <= clock.now
  order by until limit $1::integer for update of held skip locked
), gone as (
  delete from taskflows.held h using orphans where h.id = orphans.id returning h.id, h.attempt, h.awaited, h.blamed_on, h.tenant_id
), edges as (
  delete from taskflows.dependencies d using gone where d.child_id = gone.id
), recorded as (
  insert into taskflows.attempts (job_id, attempt, outcome, final, ended_at, error_type, error_message, decision)
  select id, attempt, 'cancelled', 'CANCELLED', clock.now, 'ParentFailed', 'job ' || blamed_on || ', which had to succeed first, did not', 'parent_failed' from gone, clock
), told as (
  insert into taskflows.awaited_ends (job_id, state) select id, 'CANCELLED' from gone where awaited
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, data)
  select clock.now, 'jobs.cancelled', array_agg(g.id), array_agg(g.tenant_id), array_agg(j.name), array_agg(j.correlation_id),
    json_agg(json_build_object('reason', 'parent_failed', 'parent', g.blamed_on))
  from clock, gone g join taskflows.jobs j on j.id = g.id group by clock.now
)
select count(*) as cancelled from gone`)
