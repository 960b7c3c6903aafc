/**
 * What a backup holds, and what a restore replaces: the objects that our migrations make, and nothing else that
 * somebody may keep in the same schema.
 */
import type { Queryable } from '../database.ts'
import type { Migration } from '../migrate.ts'
import type { BackupTable } from './format.ts'

/**
 * What belongs to one set of tables in one cluster, and is made anew: the name of the installation, so that cursors
 * of the event log end; the ledger of migrations; nonces, which are over after minutes.
 */
const notKept = new Set(['installation', 'migrations', 'nonces'])

export type Kind = 'table' | 'view' | 'sequence' | 'type' | 'function'
const creation = /^\s*create (?:or replace |unlogged )?(?<kind>table|view|sequence|type|function)\s+taskflows\.(?<name>\w+)/gm

/** The names that the migrations create, of one kind. */
export function namesOf(kind: Kind, migrations: readonly Migration[]): string[] {
  const found = migrations.flatMap(({ sql }) => [...sql.matchAll(creation)])
  return [...new Set(found.filter(({ groups }) => groups!['kind'] === kind).map(({ groups }) => groups!['name']!))]
}

/**
 * The tables of a backup with the columns to copy. A transaction id (`xid8`) means nothing in another cluster: readers
 * of the event log would wait for it for ever, so the default fills it, and the order is kept by `seq`.
 */
export function tablesToCopy(session: Pick<Queryable, 'query'>, schema: string, migrations: readonly Migration[]): Promise<BackupTable[]> {
  const names = namesOf('table', migrations).filter((name) => !notKept.has(name))
  return session.query<BackupTable>(`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = $1 and c.relname = any($2::text[]) and c.relkind in ('r', 'p')
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.atttypid <> 'xid8'::regtype
    group by c.relname order by array_position($2::text[], c.relname::text)`, [schema, names])
}

/** The Mondays for which any table has a partition, as `20261116`. */
export async function weeksOf(session: Pick<Queryable, 'query'>, schema: string): Promise<string[]> {
  const rows = await session.query<{ week: string }>(`
    select distinct right(c.relname, 8) as week from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind = 'r' and c.relname ~ '_\\d{8}$' order by 1`, [schema])
  return rows.map(({ week }) => week)
}
