/**
 * A lease of its own for one job of a batch, so that a transaction of the user's
 * may hold the lock of that lease without any other job noticing.
 */
import { repeatable, statement } from '../../../kernel/database/database.ts'

/**
 * $1 lease of the batch  $2 job  $3 lease of its own  $4 seconds of lease
 *
 * Fenced like an end: a job whose lease is gone, or that was cancelled, gets
 * none. The lease of the batch stays, if need be empty, for its worker to close:
 * a worker takes a lease that vanishes for lost.
 */
export const takeOwnLease = repeatable('take-own-lease', `
with clock as materialized (
  select taskflows.now() as now
), locked as materialized (
  select * from taskflows.leases where id = $1::uuid for update
), mine as materialized (
  select l.worker_id, l.queue, l.claimed_at, l.awaited, u.attempt, u.spent
  from locked l, unnest(l.job_ids, l.attempts, l.spent) as u(id, attempt, spent)
  where u.id = $2::uuid and (l.cancelled is null or u.id <> all (l.cancelled))
), rest as materialized (
  select array_agg(u.id) as job_ids, array_agg(u.attempt) as attempts, array_agg(u.spent) as spent
  from locked l, unnest(l.job_ids, l.attempts, l.spent) as u(id, attempt, spent) where u.id <> $2::uuid
), own as (
  insert into taskflows.leases (id, worker_id, queue, claimed_at, expires_at, job_ids, attempts, spent, awaited)
  select $3::uuid, worker_id, queue, claimed_at, clock.now + $4::float8 * interval '1 second', array[$2::uuid], array[attempt], array[spent],
    case when $2::uuid = any (awaited) then array[$2::uuid] end
  from mine, clock
), shrunk as (
  update taskflows.leases l set job_ids = coalesce(rest.job_ids, '{}'), attempts = coalesce(rest.attempts, '{}'), spent = coalesce(rest.spent, '{}')
  from rest, mine where l.id = $1::uuid
)
select exists (select from mine) or exists (select from taskflows.leases where id = $3::uuid) as taken,
  exists (select from locked where $2::uuid = any (cancelled)) as cancelled`)

/** $1 lease. Locks it, unless somebody else has it: a transaction that may end the attempt. */
export const lockOwnLease = statement('lock-own-lease', `select id from taskflows.leases where id = $1::uuid for update skip locked`)

/** $1 lease  $2 job  $3 attempt. One snapshot: of a transaction that ended the attempt it shows both effects or neither. */
export const lookAtOwnLease = repeatable('look-at-own-lease', `
select exists (select from taskflows.leases where id = $1::uuid) as there,
  (select outcome::text from taskflows.attempts where job_id = $2::uuid and attempt = $3::smallint) as outcome`)
