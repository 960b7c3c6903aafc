/** What there is to know of a database before one upgrades, backs up or worries: the answer of `tf db status`. */
import type { Queryable } from './database.ts'
import { type Migration, appliedMigrations } from './migrate.ts'

export interface MigrationStatus {
  readonly version: number
  readonly name: string
  /** ISO 8601; null: it is still to be applied. */
  readonly applied_at: string | null
  /** The lowest version of code that works with the schema after it. */
  readonly runs_with: number
  /** Whether this program has it. */
  readonly known: boolean
}

export interface TableStatus {
  readonly name: string
  /** As PostgreSQL estimates; null where it has never looked. */
  readonly rows: number | null
  /** With indexes, of all partitions. */
  readonly bytes: number
  /** Weeks, by their Mondays (`2026-11-16`); null where the table has none. */
  readonly partitions: { readonly count: number; readonly first: string; readonly last: string } | null
}

export interface ClientStatus {
  readonly application: string
  /** Null: the same machine. */
  readonly address: string | null
  readonly connections: number
  /** Of the longest transaction that is open, in seconds; null: none is. */
  readonly transaction_seconds: number | null
}

export interface DatabaseStatus {
  readonly postgres_version: string
  readonly database: string
  readonly schema: string
  /** Null: there is none yet. */
  readonly schema_version: number | null
  /** The newest that this program brings. */
  readonly program_schema_version: number
  /**
   * `missing`: no tables yet. `behind`: tf db migrate has something to do. `ahead`: newer, and this program still runs
   * with it. `too_new`: this program does not.
   */
  readonly state: 'missing' | 'behind' | 'current' | 'ahead' | 'too_new'
  /** Programs that bring at least this version may run. */
  readonly runs_with: number | null
  readonly migrations: readonly MigrationStatus[]
  readonly tables: readonly TableStatus[]
  /** ISO 8601. */
  readonly oldest_job_at: string | null
  readonly connections: { readonly open: number; readonly limit: number }
  readonly clients: readonly ClientStatus[]
}

export async function readStatus(database: Pick<Queryable, 'query'> & { readonly schema: string }, migrations: readonly Migration[]): Promise<DatabaseStatus> {
  const { schema } = database
  const applied = await appliedMigrations(database, schema)
  const [server] = await database.query<{ version: string; database: string; open: number; limit: number }>(`
    select current_setting('server_version') as version, current_database() as database,
      (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as open, current_setting('max_connections')::integer as "limit"`)
  const statuses = migrationStatuses(applied ?? [], migrations)
  const newestApplied = applied?.at(-1)?.version ?? null
  const newestKnown = migrations.at(-1)!.version
  const runsWith = applied && applied.length > 0 ? Math.max(...applied.map(({ runs_with }) => runs_with)) : null
  return {
    postgres_version: server!.version,
    database: server!.database,
    schema,
    schema_version: newestApplied,
    program_schema_version: newestKnown,
    state: stateOf(statuses, runsWith, newestKnown),
    runs_with: runsWith,
    migrations: statuses,
    tables: await readTables(database),
    oldest_job_at: newestApplied === null ? null : await readOldestJob(database),
    connections: { open: server!.open, limit: server!.limit },
    clients: await readClients(database),
  }
}

function migrationStatuses(applied: NonNullable<Awaited<ReturnType<typeof appliedMigrations>>>, migrations: readonly Migration[]): MigrationStatus[] {
  const known = (version: number) => migrations.some((migration) => migration.version === version)
  const done = applied.map(({ version, name, applied_at, runs_with }) => ({ version, name, applied_at: new Date(applied_at).toISOString(), runs_with, known: known(version) }))
  const missing = migrations.filter(({ version }) => !applied.some((row) => row.version === version))
  return [...done, ...missing.map(({ version, name, runsWith }) => ({ version, name, applied_at: null, runs_with: runsWith, known: true }))].toSorted((one, other) => one.version - other.version)
}

function stateOf(migrations: readonly MigrationStatus[], runsWith: number | null, newestKnown: number): DatabaseStatus['state'] {
  if (runsWith === null) return 'missing'
  if (runsWith > newestKnown) return 'too_new'
  if (migrations.some(({ applied_at }) => applied_at === null)) return 'behind'
  return migrations.every(({ known }) => known) ? 'current' : 'ahead'
}

/** A partitioned table itself holds nothing. */
function readTables(database: Pick<Queryable, 'query'> & { readonly schema: string }): Promise<TableStatus[]> {
  return database.query<{ name: string; rows: number | null; bytes: number; count: number; first: string; last: string }>(`
    with tables as (
      select c.oid, c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
    ), parts as (
      select t.relname as name, t.relkind, c.relname, c.reltuples, pg_total_relation_size(c.oid) as bytes
      from tables t left join pg_inherits i on i.inhparent = t.oid join pg_class c on c.oid = coalesce(i.inhrelid, t.oid)
    )
    select name, sum(reltuples) filter (where reltuples >= 0)::bigint as rows, sum(bytes)::bigint as bytes,
      count(*) filter (where relkind = 'p' and relname <> name)::integer as count, min(right(relname, 8)) as first, max(right(relname, 8)) as last
    from parts group by name order by bytes desc, name`, [database.schema])
    .then((rows) => rows.map(({ count, first, last, ...table }) => ({ ...table, partitions: count === 0 ? null : { count, first: dayOf(first), last: dayOf(last) } })))
}

function dayOf(week: string): string {
  return `${week.slice(0, 4)}-${week.slice(4, 6)}-${week.slice(6)}`
}

async function readOldestJob(database: Pick<Queryable, 'query'>): Promise<string | null> {
  const [row] = await database.query<{ at: number }>(`select created_at as at from taskflows.jobs order by id limit 1`)
  return row ? new Date(row.at).toISOString() : null
}

/** Programs connected to this database, this one left out. */
export function readClients(database: Pick<Queryable, 'query'>): Promise<ClientStatus[]> {
  return database.query<ClientStatus>(`
    select coalesce(application_name, '') as application, host(client_addr) as address, count(*)::integer as connections,
      extract(epoch from clock_timestamp() - min(xact_start))::float8 as transaction_seconds
    from pg_stat_activity where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()
    group by 1, 2 order by 1, 2`)
}
