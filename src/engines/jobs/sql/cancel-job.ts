/**
 * The parts of cancelling one job, in one transaction. A job moves only forwards
 * from `held` over `ready` to a lease while somebody looks for it in that order,
 * and back by a retry; the caller (change-jobs.ts) looks again when it slipped through.
 */
import { statement } from '../../../kernel/database/database.ts'

/** $1 job. Takes it out of what waits. */
export const takeHeld = statement('take-held', `delete from taskflows.held where id = $1::uuid returning attempt, awaited`)
export const takeReady = statement('take-ready', `delete from taskflows.ready where id = $1::uuid returning attempt, awaited`)

/** $1 job. Locks the lease that holds its unfinished attempt: what completes it waits, and then finds it cancelled. */
export const lockLease = statement('lock-lease', `
select id, worker_id, claimed_at, attempts[array_position(job_ids, $1::uuid)] as attempt, coalesce($1::uuid = any (awaited), false) as awaited
from taskflows.leases where $1::uuid = any (job_ids) and not coalesce($1::uuid = any (cancelled), false) for update`)

/** $1 lease  $2 job  $3 worker. The worker hears of it by this notification, or at its next beat. */
export const markCancelled = statement('mark-cancelled', `
with marked as (
  update taskflows.leases set cancelled = coalesce(cancelled, '{}') || $2::uuid where id = $1::uuid
)
select pg_notify('taskflows_cancel', $3::text)`)

/** $1 job  $2 attempt  $3 worker  $4 started (epoch milliseconds, or null)  $5 reason  $6 actor  $7 awaited. Writes its end. */
export const recordCancel = statement('record-cancel', `
with clock as materialized (
  select taskflows.now() as now
), recorded as (
  insert into taskflows.attempts (job_id, attempt, outcome, final, worker_id, started_at, ended_at, error_type, error_message, decision)
  select $1::uuid, $2::smallint, 'cancelled', 'CANCELLED', $3::uuid, to_timestamp($4::float8 / 1000), clock.now, 'Cancelled', $5, 'cancelled by ' || $6 from clock
), edges as (
  delete from taskflows.dependencies where child_id = $1::uuid
), told as (
  insert into taskflows.awaited_ends (job_id, state) select $1::uuid, 'CANCELLED' where $7::boolean
), fact as (
  insert into taskflows.events (at, type, ids, tenants, names, correlations, subject, actor, data)
  select clock.now, 'jobs.cancelled', array[j.id], array[j.tenant_id], array[j.name], array[j.correlation_id], j.id::text, $6,
    json_build_object('reason', $5::text, 'attempt', $2::smallint)
  from taskflows.jobs j, clock where j.id = $1::uuid
)
select pg_notify('taskflows_held', '') where $7::boolean`)
