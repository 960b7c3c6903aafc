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
import { isId, timeOfId } from '../ids.ts'
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
  /** Whether it passes the filters. */
  wanted: boolean
}

/** Names the cluster and the set of tables, as snapshots mean nothing elsewhere. */
const identity = repeatable('event-identity', `
select i.id || ' ' || (select oid from pg_database where datname = current_database()) || ' ' || (select system_identifier from pg_control_system()) as identity,
  pg_current_snapshot()::text as snapshot
from taskflows.installation i`)

/**
 * $1 shown snapshot, or null  $2 snapshot to read up to  $3 $4 the last fact looked at  $5 type, or null  $6 kind (`jobs.`), or null
 * $7 subject  $8 tenant that may be seen  $9 tenant asked for  $10 correlation id  $11 since (epoch milliseconds)  $12 how many
 *
 * Looks at as many rows as hold that many facts, unfolds them, and only then
 * filters by what differs within a batch: the answer is what was looked at.
 */
const readEvents = repeatable('read-events', `
with rows as materialized (
  select e.*, coalesce(cardinality(e.ids), 1) - (case when e.seq = $3::bigint then $4::integer else 0 end) as facts
  from taskflows.events e
  where pg_visible_in_snapshot(e.xid, $2::pg_snapshot)
    and ($1::pg_snapshot is null or (e.xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(e.xid, $1::pg_snapshot)))
    and (e.seq > $3::bigint or (e.seq = $3::bigint and $4::integer < coalesce(cardinality(e.ids), 1)))
    and ($5::text is null or e.type = $5) and ($6::text is null or starts_with(e.type, $6))
    and ($11::float8 is null or e.at >= to_timestamp($11 / 1000))
  order by e.seq limit $12::integer + 1
), page as materialized (
  select * from (
    select rows.*, sum(facts) over (order by seq) - facts as before, row_number() over (order by seq) as number from rows
  ) as counted where before < $12::integer and number <= $12::integer
), unfolded as materialized (
  select p.seq, u.place::integer as place, p.at, p.type, p.actor, u.id::text as subject,
    case when cardinality(p.tenants) = 1 then p.tenants[1] else p.tenants[u.place] end as tenant,
    case when cardinality(p.names) = 1 then p.names[1] else p.names[u.place] end as name,
    coalesce(case when cardinality(p.correlations) = 1 then p.correlations[1] else p.correlations[u.place] end, u.id::text) as correlation_id,
    case when json_typeof(p.data) = 'array' then p.data -> (u.place - 1)::integer else p.data end as data
  from page p, unnest(p.ids) with ordinality as u(id, place)
  union all
  select p.seq, 1, p.at, p.type, p.actor, p.subject, p.tenants[1], p.names[1], p.correlations[1], p.data from page p where p.ids is null
), looked as materialized (
  select * from unfolded where (seq, place) > ($3::bigint, $4::integer) order by seq, place limit $12::integer
)
select l.seq, l.place, l.at, l.type, l.actor, l.subject, l.tenant, l.name, l.correlation_id, l.data,
  ($7::text is null or l.subject = $7) and ($8::text is null or l.tenant = $8) and ($9::text is null or l.tenant = $9)
    and ($10::text is null or l.correlation_id = $10) as wanted
from looked l order by l.seq, l.place`)

/** Looked at in one statement when most of it may be filtered out. */
const largestLook = 5_000
/** Statements for one page. A page that is not full then has a cursor all the same. */
const looksAtMost = 20

export function createEventLog(database: Database): EventLog {
  return {
    list: async (scope: Scope, query: EventQuery) => {
      const [now] = await database.query<{ identity: string; snapshot: string }>(identity)
      const of = createHash('sha256').update(now!.identity).digest('base64url').slice(0, 16)
      const start: Position = query.cursor === undefined ? { of, seen: null, until: null, seq: 0, place: 0 } : readCursor(query.cursor, of)
      let at: Position = { ...start, until: start.until ?? now!.snapshot }
      const filtered = [scope.tenant, query.subject, query.tenant, query.correlationId].some((value) => typeof value === 'string')
      const items: EventView[] = []
      for (let look = 0; look < looksAtMost; look += 1) {
        const most = filtered ? largestLook : query.limit - items.length
        const rows = await database.query<EventRow>(readEvents, parameters(at, scope, query, most)).catch((error: unknown) => { throw refusal(error, query.cursor) })
        for (const row of rows) {
          at = { ...at, seq: row.seq, place: row.place }
          if (row.wanted) items.push(viewOf(row))
          if (items.length === query.limit) break
        }
        if (items.length === query.limit) break
        if (rows.length < most) {
          // Everything up to the snapshot was looked at: from now on, what comes after it.
          at = { of, seen: at.until, until: null, seq: 0, place: 0 }
          break
        }
      }
      return { items, nextCursor: writeCursor(at) }
    },
  }
}

function parameters(at: Position, scope: Scope, query: EventQuery, most: number): unknown[] {
  const [type, kind] = storedType(query.type)
  return [at.seen, at.until, at.seq, at.place, type, kind, query.subject ?? null, scope.tenant, query.tenant ?? null, query.correlationId ?? null, sinceOf(query), most]
}

const dayMs = 86_400_000

/** Nothing is told of a job before it exists, and its id says when that was; a day allows for clocks that differ. */
function sinceOf({ since, subject }: EventQuery): number | null {
  const made = subject !== undefined && isId(subject) && subject[14] === '7' ? timeOfId(subject) - dayMs : null
  return since === undefined ? made : Math.max(since, made ?? 0)
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
    throw notOurs(cursor)
  }
  if (theirs !== of) throw new TaskflowsError('cursor.gone', 'the cursor was made by another database than this one')
  return { of, seen, until, seq: seq as number, place: place as number }
}

/** What PostgreSQL cannot read as a snapshot (22P02) or a number (22003) came from the cursor: everything else has passed our checks. */
function refusal(error: unknown, cursor: string | undefined): unknown {
  return cursor !== undefined && ['22P02', '22003'].includes(String((error as { code?: unknown }).code)) ? notOurs(cursor) : error
}

function notOurs(cursor: string): TaskflowsError {
  return new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of the event log`)
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
