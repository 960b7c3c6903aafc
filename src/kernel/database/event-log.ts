/**
 * Reads the event log in the order in which facts were committed.
 *
 * The order of sequence numbers is not that of commits: a transaction that
 * commits late has a low number, and a reader that asks for "greater than the
 * last" never sees it. So a cursor is a snapshot, and the next page is what was
 * not visible in it: `xid >= pg_snapshot_xmin(c) and not pg_visible_in_snapshot(xid, c)`.
 *
 * A row may hold a batch of equal facts; it is unfolded here and nowhere else.
 */
import { createHash } from 'node:crypto'
import { TaskflowsError } from '../errors.ts'
import type { EventLog, EventQuery, EventView } from '../events.ts'
import type { Scope } from '../scope.ts'
import { type Database, repeatable } from './database.ts'

/**
 * Where a reader stands. Everything visible in `seen` was shown; of what is
 * visible in `until` and not in `seen`, everything up to (`seq`, `place`) was.
 */
interface Position {
  /** Of the database the snapshots belong to. */
  readonly of: string
  readonly seen: string | null
  readonly until: string | null
  readonly seq: number
  readonly place: number
}

interface EventRow {
  seq: number
  place: number
  at: number
  type: string
  subject: string | null
  name: string | null
  tenant: string | null
  actor: string | null
  correlation_id: string | null
  data: string | null
}

/** Names the cluster and the set of tables, as snapshots mean nothing elsewhere. */
const identity = repeatable('event-identity', `
select i.id || ' ' || (select oid from pg_database where datname = current_database()) || ' ' || (select system_identifier from pg_control_system()) as identity,
  pg_current_snapshot()::text as snapshot
from taskflows.installation i`)

/**
 * $1 shown snapshot, or null  $2 snapshot to read up to  $3 $4 the last one shown of these  $5 type, or null  $6 kind (`jobs.`), or null
 * $7 subject  $8 tenant that may be seen  $9 tenant asked for  $10 correlation id  $11 since (epoch milliseconds)  $12 how many
 *
 * The tenant is filtered after unfolding, since a batch may hold several tenants.
 */
const readEvents = repeatable('read-events', `
with page as (
  select e.seq, e.at, e.type, e.actor, e.correlation_id, e.data, e.subject, e.ids, e.tenants, e.names
  from taskflows.events e
  where pg_visible_in_snapshot(e.xid, $2::pg_snapshot)
    and ($1::pg_snapshot is null or (e.xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(e.xid, $1::pg_snapshot)))
    and e.seq >= $3::bigint
    and ($5::text is null or e.type = $5) and ($6::text is null or starts_with(e.type, $6))
    and ($11::float8 is null or e.at >= to_timestamp($11 / 1000))
    and ($7::text is null or e.subject = $7 or $7 = any (e.ids::text[]))
), facts as (
  select p.seq, u.place::integer, p.at, p.type, p.actor, p.correlation_id, u.id::text as subject,
    case when cardinality(p.tenants) = 1 then p.tenants[1] else p.tenants[u.place] end as tenant,
    case when cardinality(p.names) = 1 then p.names[1] else p.names[u.place] end as name,
    case when json_typeof(p.data) = 'array' then p.data -> (u.place - 1)::integer else p.data end as data
  from page p, unnest(p.ids) with ordinality as u(id, place)
  union all
  select p.seq, 1, p.at, p.type, p.actor, p.correlation_id, p.subject, p.tenants[1], p.names[1], p.data from page p where p.ids is null
)
select f.seq, f.place, f.at, f.type, f.subject, f.name, f.tenant, f.actor, f.correlation_id, f.data
from facts f
where (f.seq, f.place) > ($3::bigint, $4::integer)
  and ($7::text is null or f.subject = $7)
  and ($8::text is null or f.tenant = $8) and ($9::text is null or f.tenant = $9)
  and ($10::text is null or f.correlation_id = $10)
order by f.seq, f.place limit $12::integer`)

export function createEventLog(database: Database): EventLog {
  return {
    list: async (scope: Scope, query: EventQuery) => {
      const [now] = await database.query<{ identity: string; snapshot: string }>(identity)
      const of = createHash('sha256').update(now!.identity).digest('base64url').slice(0, 16)
      const from = query.cursor === undefined ? { of, seen: null, until: null, seq: 0, place: 0 } : readCursor(query.cursor, of)
      const until = from.until ?? now!.snapshot
      const [type, kind] = storedType(query.type)
      const rows = await database.query<EventRow>(readEvents, [
        from.seen, until, from.seq, from.place, type, kind, query.subject ?? null, scope.tenant, query.tenant ?? null,
        query.correlationId ?? null, query.since ?? null, query.limit + 1,
      ])
      const shown = rows.slice(0, query.limit)
      const last = shown.at(-1)
      const next: Position = rows.length > query.limit && last
        ? { of, seen: from.seen, until, seq: last.seq, place: last.place }
        : { of, seen: until, until: null, seq: 0, place: 0 }
      return { items: shown.map(viewOf), nextCursor: writeCursor(next) }
    },
  }
}

/** Facts are stored per batch under a plural type, and shown one by one under the singular. */
function storedType(type: string | undefined): [type: string | null, kind: string | null] {
  if (type === undefined || type === '*') return [null, null]
  const plural = type.replace(/^(\w+?)s?\./, '$1s.')
  return plural.endsWith('.*') ? [null, plural.slice(0, -1)] : [plural, null]
}

function viewOf(row: EventRow): EventView {
  return {
    id: `${row.seq}.${row.place}`,
    at: row.at,
    type: row.type.replace(/^(\w+)s\./, '$1.'),
    subject: row.subject,
    name: row.name,
    tenant: row.tenant,
    actor: row.actor,
    correlationId: row.correlation_id,
    data: row.data === null ? {} : (JSON.parse(row.data) as Record<string, unknown>),
  }
}

function writeCursor({ of, seen, until, seq, place }: Position): string {
  return Buffer.from(JSON.stringify([of, seen, until, seq, place])).toString('base64url')
}

const snapshotForm = /^\d+:\d+:(\d+(,\d+)*)?$/

/** @throws `cursor.invalid`, `cursor.gone` */
function readCursor(cursor: string, of: string): Position {
  const parts = parse(cursor)
  const [theirs, seen, until, seq, place] = parts
  const isSnapshot = (value: unknown): value is string | null => value === null || (typeof value === 'string' && snapshotForm.test(value))
  if (parts.length !== 5 || typeof theirs !== 'string' || !isSnapshot(seen) || !isSnapshot(until) || !Number.isSafeInteger(seq) || !Number.isSafeInteger(place)) {
    throw new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of the event log`)
  }
  if (theirs !== of) throw new TaskflowsError('cursor.gone', 'the cursor was made by another database than this one')
  return { of, seen, until, seq: seq as number, place: place as number }
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
