/**
 * The partitions of the tables that only grow: a week each, made 30 days ahead.
 *
 * `jobs`, `attempts` and `runs` are cut by the time inside the id, `events` by
 * their own time. There is no default partition: a row that fits nowhere is an
 * error, not a table that can never be split again.
 */
import { firstIdAt } from '../ids.ts'
import { type Database, quoteIdentifier } from './database.ts'

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
  const thisMonday = Math.floor((nowMs - firstMonday) / weekMs) * weekMs + firstMonday
  const partitions: Partition[] = []
  for (let monday = thisMonday - weekMs; monday <= nowMs + aheadMs; monday += weekMs) {
    const day = new Date(monday).toISOString().slice(0, 10).replaceAll('-', '')
    const ids = { from: firstIdAt(monday), to: firstIdAt(monday + weekMs) }
    const times = { from: new Date(monday).toISOString(), to: new Date(monday + weekMs).toISOString() }
    partitions.push(
      { table: 'jobs', name: `jobs_${day}`, ...ids },
      { table: 'attempts', name: `attempts_${day}`, ...ids },
      { table: 'runs', name: `runs_${day}`, ...ids },
      { table: 'events', name: `events_${day}`, ...times },
    )
  }
  return partitions
}

/** Makes the partitions that are missing. Safe to call from many processes at once. */
export async function ensurePartitions(database: Database, nowMs: number): Promise<void> {
  const wanted = partitionsAround(nowMs)
  const there = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = any($2::text[])`,
    [database.schema, wanted.map(({ name }) => name)])
  const missing = wanted.filter(({ name }) => !there.some((found) => found.name === name))
  if (missing.length === 0) return
  await database.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 1))`, [`taskflows partitions ${database.schema}`])
    for (const { table, name, from, to } of missing) {
      // Attaching takes a weaker lock on the parent than creating in place, so readers and writers go on.
      await tx.query(`create table if not exists taskflows.${quoteIdentifier(name)} (like taskflows.${table} including defaults including indexes including storage)`)
      const [attached] = await tx.query<{ attached: boolean }>(`select relispartition as attached from pg_class where oid = to_regclass($1)`, [`${quoteIdentifier(database.schema)}.${quoteIdentifier(name)}`])
      if (!attached!.attached) await tx.query(`alter table taskflows.${table} attach partition taskflows.${quoteIdentifier(name)} for values from ('${from}') to ('${to}')`)
    }
  })
}
