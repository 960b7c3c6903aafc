/**
 * What servers write while they make up for times. A server has a backfill for a few seconds and keeps it as long as it comes
 * back in time; one that was killed does not, and another goes on. The rows of slots say what was asked of systemd: a row is
 * `running` before the start is asked for, so that nobody who comes later asks without looking first.
 */
import { repeatable, statement } from '../database.ts'

/** Long enough for a busy machine, short enough for a successor. */
export const heldSeconds = 15

/**
 * $1 holder  $2 host  $3 account  $4 scopes  $5 seconds
 *
 * Of each service the oldest: its template and the names of its units are those
 * of one backfill at a time. SKIP LOCKED, since who waits for another server's
 * claim would find it taken.
 */
export const holdBackfills = repeatable('hold-backfills', `
with due as materialized (
  select b.id from taskflows.service_backfills b
  where b.ended_at is null and b.host = $2 and b.scope = any($4) and b.account = case b.scope when 'user' then $3 else '' end
    and (b.holder = $1 or b.holder is null or b.held_until < taskflows.now())
    and not exists (
      select from taskflows.service_backfills e
      where e.ended_at is null and e.host = b.host and e.account = b.account and e.scope = b.scope and e.service = b.service and e.id < b.id
    )
  order by b.id for update skip locked
)
update taskflows.service_backfills b set holder = $1, held_until = taskflows.now() + $5::float8 * interval '1 s'
from due where b.id = due.id returning b.id`)

/** $1 holder */
export const releaseBackfills = repeatable('release-backfills', `
update taskflows.service_backfills set holder = null, held_until = null where holder = $1 and ended_at is null`)

/**
 * $1 id  $2 holder  $3 when, by the clock of the host whose journal is asked later (epoch milliseconds)
 *
 * Fenced by the holder's row, which also makes those who take the next one at
 * the same time wait for each other.
 */
export const nextSlot = statement('next-backfill-slot', `
with held as materialized (
  select id from taskflows.service_backfills where id = $1 and holder = $2 and state = 'running' for update
), due as materialized (
  select s.backfill, s.slot from taskflows.service_backfill_slots s join held on held.id = s.backfill
  where s.state = 'waiting' order by s.slot limit 1 for update of s
)
update taskflows.service_backfill_slots s set state = 'running', started_at = to_timestamp($3::float8 / 1000)
from due where s.backfill = due.backfill and s.slot = due.slot returning s.slot`)

/** $1 id  $2 slot (epoch milliseconds)  $3 state  $4 reason */
export const settleSlot = repeatable('settle-backfill-slot', `
update taskflows.service_backfill_slots set state = $3, reason = $4, ended_at = taskflows.now()
where backfill = $1 and slot = to_timestamp($2::float8 / 1000) and state = 'running'`)

/** $1 id  $2 slot (epoch milliseconds)  */
export const putSlotBack = repeatable('put-backfill-slot-back', `
update taskflows.service_backfill_slots s set started_at = null, state = case b.state when 'running' then 'waiting' else 'cancelled' end
from taskflows.service_backfills b
where b.id = $1 and s.backfill = b.id and s.slot = to_timestamp($2::float8 / 1000) and s.state = 'running'`)

/** $1 id */
export const cancelBackfill = repeatable('cancel-backfill', `
with found as (
  update taskflows.service_backfills set state = 'cancelling' where id = $1 and ended_at is null returning id
), dropped as (
  update taskflows.service_backfill_slots s set state = 'cancelled' from found where s.backfill = found.id and s.state = 'waiting'
)
select id from found`)

/**
 * $1 id  $2 holder  $3 why before its time, or null
 *
 * Only when nothing of it runs, and nothing waits that is still wanted.
 */
export const endBackfill = statement('end-backfill', `
with ended as (
  update taskflows.service_backfills b
  set state = case when b.state = 'cancelling' or $3::text is not null then 'cancelled' else 'done' end, reason = $3, ended_at = taskflows.now(), holder = null, held_until = null
  where b.id = $1 and b.holder = $2 and b.ended_at is null and not exists (
    select from taskflows.service_backfill_slots s
    where s.backfill = b.id and (s.state = 'running' or s.state = 'waiting' and b.state = 'running' and $3::text is null)
  )
  returning b.id
), dropped as (
  update taskflows.service_backfill_slots s set state = 'cancelled' from ended where s.backfill = ended.id and s.state = 'waiting'
)
select id from ended`)
