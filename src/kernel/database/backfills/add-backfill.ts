/** Writes down what is to be made up for. */
import type { NewBackfill } from '../../backfills.ts'
import { type Queryable, statement } from '../database.ts'

/** $1 id  $2 host  $3 account  $4 scope  $5 service  $6 origin  $7 first  $8 last (epoch milliseconds)  $9 most at the same time  $10 again  $11 who  $12 when */
const insertBackfill = statement('insert-backfill', `
insert into taskflows.service_backfills (id, host, account, scope, service, origin, first_at, last_at, max_parallel, again, state, created_by, created_at)
values ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8 / 1000), to_timestamp($8::float8 / 1000), $9, $10, 'running', $11, to_timestamp($12::float8 / 1000))`)

/** $1 id  $2 slots (epoch milliseconds) */
const insertSlots = statement('insert-backfill-slots', `
insert into taskflows.service_backfill_slots (backfill, slot, state)
select $1, to_timestamp(slot / 1000), 'waiting' from unnest($2::float8[]) as u(slot)`)

/**
 * $1 host  $2 account  $3 scope  $4 service
 *
 * Two servers may find the same times missing in the same moment. No row is
 * there to be locked before the first catch-up, so it is their name.
 */
const lockCatchUps = statement('lock-catch-ups', `select pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'taskflows catch-up', $1::text, $2::text, $3::text, $4::text), 3))`)

/** $1 host  $2 account  $3 scope  $4 service  $5 slots (epoch milliseconds) */
const readUncaught = statement('read-uncaught-slots', `
select u.slot from unnest($5::float8[]) as u(slot)
where not exists (
  select from taskflows.service_backfills b join taskflows.service_backfill_slots s on s.backfill = b.id
  where b.host = $1 and b.account = $2 and b.scope = $3 and b.service = $4 and b.origin = 'catch_up' and s.slot = to_timestamp(u.slot / 1000)
) order by u.slot`)

export async function addBackfill(tx: Queryable, { id, host, scope, service, origin, first, last, slots, maxParallel, again, createdBy, createdAt }: NewBackfill, account: string): Promise<void> {
  await tx.query(insertBackfill, [id, host, account, scope, service, origin, first, last, maxParallel, again, createdBy, createdAt])
  await tx.query(insertSlots, [id, slots])
}

export async function addCatchUp(tx: Queryable, backfill: NewBackfill, account: string): Promise<number> {
  const { host, scope, service } = backfill
  await tx.query(lockCatchUps, [host, account, scope, service])
  const slots = (await tx.query<{ slot: number }>(readUncaught, [host, account, scope, service, backfill.slots])).map(({ slot }) => slot)
  if (slots.length > 0) await addBackfill(tx, { ...backfill, slots }, account)
  return slots.length
}
