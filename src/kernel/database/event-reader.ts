/**
 * The statements that read the event log, from a position on. `event-log.ts`
 * makes pages of what they answer, `event-feed.ts` what goes on.
 *
 * A row may hold a batch of equal facts; it is unfolded here and nowhere else.
 */
import { createHash } from 'node:crypto'
import type { EventFilter, EventView } from '../events.ts'
import { isId, timeOfId } from '../ids.ts'
import type { Scope } from '../scope.ts'
import { type Database, repeatable } from './database.ts'
import { type Position, hasOpen, notACursor } from './event-position.ts'

/** A fact as the statement answers it. */
export interface EventRow {
  readonly xid: string
  readonly seq: number
  readonly place: number
  readonly at: number
  /** As it is stored: in the plural. */
  readonly type: string
  readonly subject: string | null
  readonly name: string | null
  readonly tenant: string | null
  readonly actor: string | null
  readonly correlation_id: string | null
  readonly data: string | null
  /** Whether it passes the filter. */
  readonly wanted: boolean
}

/** What the database says of now. */
export interface Present {
  /** Names the cluster and the set of tables, as snapshots mean nothing elsewhere. */
  readonly of: string
  readonly snapshot: string
  /** In days since the epoch. */
  readonly day: number
}

/** A filter as the statement takes it, with the scope in it. */
export interface Sieve {
  readonly type: string | null
  /** `jobs.`: what the types begin with. */
  readonly kind: string | null
  readonly subject: string | null
  /** The only tenant that may be seen. */
  readonly bound: string | null
  readonly tenant: string | null
  readonly correlationId: string | null
  readonly since: number | null
}

export interface EventReader {
  present(): Promise<Present>
  /**
   * The next `most` facts of the window that ends at `at.until`, wanted or not; fewer, and the window is over.
   * Types and times that are not wanted are left out.
   */
  look(at: Position, sieve: Sieve, most: number): Promise<EventRow[]>
}

const readPresent = repeatable('read-present', `
select i.id || ' ' || (select oid from pg_database where datname = current_database()) || ' ' || (select system_identifier from pg_control_system()) as identity,
  pg_current_snapshot()::text as snapshot, floor(extract(epoch from taskflows.now()) / 86400)::integer as day
from taskflows.installation i`)

/**
 * What was not visible in the shown snapshot is what was open in it (few
 * transactions, by their numbers) and what came after it (a range). So one that
 * stays open for an hour does not make every look go through that hour.
 */
const window = (transactions: string) => `(
    select e.* from taskflows.events e
    where ${transactions} and pg_visible_in_snapshot(e.xid, $2::pg_snapshot) and (e.seq <> $4::bigint or $5::integer < coalesce(cardinality(e.ids), 1))
      and ($6::text is null or e.type = $6) and ($7::text is null or starts_with(e.type, $7))
      and e.at >= to_timestamp($12::float8 / 1000)
    order by e.xid, e.seq limit $13::integer + 1
  )`

const openOnes = window('e.xid = any (array(select pg_snapshot_xip($1::pg_snapshot))) and (e.xid, e.seq) >= ($3::xid8, $4::bigint)')

/** One bound from below, because an index scan starts at one of several that it cannot compare. */
const first = `coalesce(pg_snapshot_xmax($1::pg_snapshot), '0')`
const laterOnes = window(`(e.xid, e.seq) >= (greatest(${first}, $3::xid8), case when $3::xid8 >= ${first} then $4::bigint else 0 end) and e.xid < pg_snapshot_xmax($2::pg_snapshot)`)

/**
 * $1 shown snapshot, or null  $2 snapshot to read up to  $3 $4 $5 the last fact looked at  $6 type, or null  $7 kind (`jobs.`), or null
 * $8 subject  $9 tenant that may be seen  $10 tenant asked for  $11 correlation id  $12 since (epoch milliseconds)  $13 how many
 * $14 $15 the last fact shown, by the order of version 0.1
 *
 * Looks at as many rows as hold that many facts, unfolds them, and only then
 * filters by what differs within a batch: the answer is what was looked at.
 */
const readEvents = (name: string, windows: readonly string[]) => repeatable(name, `
with rows as materialized (
  select e.*, coalesce(cardinality(e.ids), 1) - (case when e.seq = $4::bigint then $5::integer else 0 end) as facts
  from (
    ${windows.join(' union all ')}
  ) as e
  order by e.xid, e.seq limit $13::integer + 1
), page as materialized (
  select * from (
    select rows.*, sum(facts) over (order by xid, seq) - facts as before, row_number() over (order by xid, seq) as number from rows
  ) as counted where before < $13::integer and number <= $13::integer
), unfolded as materialized (
  select p.xid, p.seq, u.place::integer as place, p.at, p.type, p.actor, u.id::text as subject,
    case when cardinality(p.tenants) = 1 then p.tenants[1] else p.tenants[u.place] end as tenant,
    case when cardinality(p.names) = 1 then p.names[1] else p.names[u.place] end as name,
    coalesce(case when cardinality(p.correlations) = 1 then p.correlations[1] else p.correlations[u.place] end, u.id::text) as correlation_id,
    case when json_typeof(p.data) = 'array' then p.data -> (u.place - 1)::integer else p.data end as data
  from page p, unnest(p.ids) with ordinality as u(id, place)
  union all
  select p.xid, p.seq, 1, p.at, p.type, p.actor, p.subject, p.tenants[1], p.names[1], p.correlations[1], p.data from page p where p.ids is null
), looked as materialized (
  select * from unfolded where (xid, seq, place) > ($3::xid8, $4::bigint, $5::integer) order by xid, seq, place limit $13::integer
)
select l.xid, l.seq, l.place, l.at, l.type, l.actor, l.subject, l.tenant, l.name, l.correlation_id, l.data,
  ($8::text is null or l.subject = $8) and ($9::text is null or l.tenant = $9) and ($10::text is null or l.tenant = $10)
    and ($11::text is null or l.correlation_id = $11) and (l.seq, l.place) > ($14::bigint, $15::integer) as wanted
from looked l order by l.xid, l.seq, l.place`)

const readLater = readEvents('read-events-later', [laterOnes])
const readOpenAndLater = readEvents('read-events', [openOnes, laterOnes])

export function createEventReader(database: Database): EventReader {
  return {
    present: async () => {
      const [now] = await database.query<{ identity: string; snapshot: string; day: number }>(readPresent)
      return { of: createHash('sha256').update(now!.identity).digest('base64url').slice(0, 16), snapshot: now!.snapshot, day: now!.day }
    },
    look: (at, sieve, most) => database.query<EventRow>(hasOpen(at.seen) ? readOpenAndLater : readLater, [
      at.seen, at.until, at.xid, at.seq, at.place, sieve.type, sieve.kind, sieve.subject, sieve.bound, sieve.tenant, sieve.correlationId,
      Math.max(sieve.since ?? 0, (at.floor - clocksDifferByDays) * dayMs), most, at.passed?.seq ?? 0, at.passed?.place ?? 0,
    ]),
  }
}

const dayMs = 86_400_000
/** A clock that is set back does not make facts disappear. */
const clocksDifferByDays = 1

export const everything: Sieve = { type: null, kind: null, subject: null, bound: null, tenant: null, correlationId: null, since: null }

export function sieveOf(scope: Scope, { type, subject, tenant, correlationId, since }: EventFilter): Sieve {
  return {
    ...storedType(type), bound: scope.tenant,
    subject: subject ?? null, tenant: tenant ?? null, correlationId: correlationId ?? null, since: sinceOf(since ?? null, subject ?? null),
  }
}

/** Nothing is told of a job before it exists, and its id says when that was; a day allows for clocks that differ. */
function sinceOf(since: number | null, subject: string | null): number | null {
  const made = subject !== null && isId(subject) && subject[14] === '7' ? timeOfId(subject) - clocksDifferByDays * dayMs : null
  return since === null ? made : Math.max(since, made ?? 0)
}

/** Facts are stored per batch under a plural type, and shown one by one under the singular. */
function storedType(type: string | undefined): Pick<Sieve, 'type' | 'kind'> {
  if (type === undefined || type === '*') return { type: null, kind: null }
  const plural = type.replace(/^(\w+?)s?\./, '$1s.')
  return plural.endsWith('.*') ? { type: null, kind: plural.slice(0, -1) } : { type: plural, kind: null }
}

/** What the statement does, for rows that were read without a filter. */
export function passes(row: EventRow, { type, kind, subject, bound, tenant, correlationId, since }: Sieve): boolean {
  return (type === null || row.type === type) && (kind === null || row.type.startsWith(kind))
    && (subject === null || row.subject === subject) && (bound === null || row.tenant === bound) && (tenant === null || row.tenant === tenant)
    && (correlationId === null || row.correlation_id === correlationId) && (since === null || row.at >= since)
}

export function viewOf(row: EventRow): EventView {
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

/** The place of a fact in the window. */
export function placeOf(window: Position, { xid, seq, place }: EventRow): Position {
  return { ...window, xid, seq, place }
}

/** Whether facts that are looked at may not be wanted. */
export function leavesOut({ subject, bound, tenant, correlationId }: Sieve): boolean {
  return [subject, bound, tenant, correlationId].some((value) => value !== null)
}

/** What PostgreSQL cannot read as a snapshot (22P02) or a number (22003) came from the cursor: everything else has passed our checks. */
export function cursorFault(error: unknown, cursor: string | undefined): unknown {
  return cursor !== undefined && ['22P02', '22003'].includes(String((error as { code?: unknown }).code)) ? notACursor(cursor) : error
}
