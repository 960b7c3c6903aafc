/** Reads what is made up for, and how far that has come. */
import type { Backfill, MadeUpSlot, MadeUpState } from '../../backfills.ts'
import { repeatable } from '../database.ts'

const states = ['waiting', 'running', 'succeeded', 'failed', 'skipped', 'cancelled'] as const satisfies readonly MadeUpState[]

/** Of rows of `service_backfills` as `b`. */
export const backfillColumns = `b.id, b.host, b.scope, b.service, b.origin, b.first_at, b.last_at, b.max_parallel, b.again, b.state, b.reason, b.created_by, b.created_at, b.ended_at`

const withCounts = `
select ${backfillColumns}, ${states.map((state) => `c.${state}`).join(', ')}
from b cross join lateral (
  select ${states.map((state) => `count(*) filter (where s.state = '${state}') as ${state}`).join(', ')}
  from taskflows.service_backfill_slots s where s.backfill = b.id
) c order by b.id desc`

/** $1 host  $2 account  $3 scope  $4 service  $5 how many */
export const listBackfills = repeatable('list-backfills', `
with b as (
  select * from taskflows.service_backfills where host = $1 and account = $2 and scope = $3 and service = $4 order by id desc limit $5
)${withCounts}`)

/** $1 id  $2 host  $3 account of scope user */
export const getBackfill = repeatable('get-backfill', `
with b as (
  select * from taskflows.service_backfills where id = $1 and host = $2 and account = case scope when 'user' then $3 else '' end
)${withCounts}`)

/** $1 id  $2 the state, or all */
export const readBackfillSlots = repeatable('read-backfill-slots', `
select slot, state, started_at, ended_at, reason from taskflows.service_backfill_slots
where backfill = $1 and state = coalesce($2, state) order by slot`)

/** $1 host  $2 scope  $3 service  $4 first  $5 last (epoch milliseconds) */
export const readMadeUp = repeatable('read-made-up', `
select distinct slot from taskflows.service_runs
where host = $1 and scope = $2 and service = $3 and state = 'succeeded'
  and slot >= to_timestamp($4::float8 / 1000) and slot <= to_timestamp($5::float8 / 1000)`)

export interface BackfillRecord {
  id: string
  host: string
  scope: Backfill['scope']
  service: string
  origin: Backfill['origin']
  first_at: number
  last_at: number
  max_parallel: number
  again: boolean
  state: Backfill['state']
  reason: string | null
  created_by: string
  created_at: number
  ended_at: number | null
}

export type CountedRecord = BackfillRecord & Record<MadeUpState, number>

export function backfillOf(row: CountedRecord): Backfill {
  return {
    id: row.id, host: row.host, scope: row.scope, service: row.service, origin: row.origin, first: row.first_at, last: row.last_at, maxParallel: row.max_parallel, again: row.again,
    state: row.state, reason: row.reason, createdBy: row.created_by, createdAt: row.created_at, endedAt: row.ended_at,
    counts: Object.fromEntries(states.map((state) => [state, row[state]])) as Backfill['counts'],
  }
}

export interface SlotRecord {
  slot: number
  state: MadeUpState
  started_at: number | null
  ended_at: number | null
  reason: string | null
}

export function slotOf({ slot, state, started_at: startedAt, ended_at: endedAt, reason }: SlotRecord): MadeUpSlot {
  return { slot, state, startedAt, endedAt, reason }
}
