/**
 * Keeps the leases of a worker that it says it holds, and the worker itself, alive.
 *
 *   $1 worker  $2 leases  $3 seconds of lease
 *
 * SKIP LOCKED: a row that is being completed or cancelled right now is not waited
 * for; the next beat renews it. Answers the leases that are gone and the jobs
 * that were cancelled under the others, as `LEASE JOB`: a job that was retried
 * since runs under another lease.
 */
import { repeatable } from '../../../kernel/database/database.ts'

export const renewLeases = repeatable('renew-leases', `
with clock as materialized (
  select taskflows.now() as now
), alive as (
  update taskflows.workers set seen_at = clock.now from clock where id = $1::uuid
), free as materialized (
  select id from taskflows.leases where id = any($2::uuid[]) order by id for update skip locked
), renewed as (
  update taskflows.leases l set expires_at = clock.now + $3::float8 * interval '1 second' from free, clock where l.id = free.id
)
select array(select unnest($2::uuid[]) except select id from taskflows.leases where id = any($2::uuid[])) as lost,
  array(select id || ' ' || unnest(cancelled) from taskflows.leases where id = any($2::uuid[])) as cancelled`)
