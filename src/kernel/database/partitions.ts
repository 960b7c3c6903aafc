/**
 * The partitions of the tables that only grow: a week each, made 30 days ahead.
 *
 * `jobs`, `attempts` and `runs` are cut by the time inside the id, `events` by
 * their own time. There is no default partition: a row that fits nowhere is an
 * error, not a table that can never be split again.
 */
import { firstIdAt } from '../ids.ts'
import { type Database, type Queryable, quoteIdentifier } from './database.ts'

const dayMs = 86_400_000
const weekMs = 7 * dayMs
/** 1970-01-05, the first Monday of the epoch. */
const firstMonday = 4 * dayMs
const aheadMs = 30 * dayMs

export interface Partition {
  readonly table: 'jobs' | 'attempts' | 'runs' | 'events'
  /** `jobs_20261116`: the Monday (UTC) it starts with. */
  readonly name: string
  readonly from: string
  readonly to: string
}

/** The partitions that must exist at `nowMs`: last week's (for clocks that are behind) to those 30 days ahead. */
export function partitionsAround(nowMs: number): Partition[] {
  const partitions: Partition[] = []
  for (let monday = mondayOf(nowMs) - weekMs; monday <= nowMs + aheadMs; monday += weekMs) partitions.push(...partitionsOfWeek(monday))
  return partitions
}

/** Those of runs that were kept back since `fromMs` before they were reported. */
export function runPartitionsSince(fromMs: number, nowMs: number): Partition[] {
  const partitions: Partition[] = []
  for (let monday = mondayOf(fromMs); monday <= nowMs; monday += weekMs) partitions.push(...partitionsOfWeek(monday).filter(({ table }) => table === 'runs'))
  return partitions
}

function mondayOf(ms: number): number {
  return Math.floor((ms - firstMonday) / weekMs) * weekMs + firstMonday
}

/** One of each table, for the week that starts at `monday` (epoch milliseconds, 0:00 UTC). */
export function partitionsOfWeek(monday: number): Partition[] {
  const day = new Date(monday).toISOString().slice(0, 10).replaceAll('-', '')
  const ids = { from: firstIdAt(monday), to: firstIdAt(monday + weekMs) }
  const times = { from: new Date(monday).toISOString(), to: new Date(monday + weekMs).toISOString() }
  return [
    { table: 'jobs', name: `jobs_${day}`, ...ids },
    { table: 'attempts', name: `attempts_${day}`, ...ids },
    { table: 'runs', name: `runs_${day}`, ...ids },
    { table: 'events', name: `events_${day}`, ...times },
  ]
}

/** Makes the partitions that are missing, and `more`. Safe to call from many processes at once. */
export async function ensurePartitions(database: Database, nowMs: number, more: readonly Partition[] = []): Promise<void> {
  const around = partitionsAround(nowMs)
  const wanted = [...around, ...more.filter(({ name }) => !around.some((known) => known.name === name))]
  const there = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = any($2::text[])`,
    [database.schema, wanted.map(({ name }) => name)])
  const missing = wanted.filter(({ name }) => !there.some((found) => found.name === name))
  if (missing.length > 0) await database.transaction((tx) => makePartitions(tx, database.schema, missing))
}

/** Makes those that are missing, in a transaction of the caller. */
export async function makePartitions(tx: Pick<Queryable, 'query'>, schema: string, partitions: readonly Partition[]): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 1))`, [`taskflows partitions ${schema}`])
  for (const { table, name, from, to } of partitions) {
    // Attaching takes a weaker lock on the parent than creating in place, so readers and writers go on.
    await tx.query(`create table if not exists taskflows.${quoteIdentifier(name)} (like taskflows.${table} including defaults including indexes including storage)`)
    const [attached] = await tx.query<{ attached: boolean }>(`select relispartition as attached from pg_class where oid = to_regclass($1)`, [`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`])
    if (!attached!.attached) await tx.query(`alter table taskflows.${table} attach partition taskflows.${quoteIdentifier(name)} for values from ('${from}') to ('${to}')`)
  }
}
