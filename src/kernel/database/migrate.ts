/**
 * Brings a database to the schema of this code.
 *
 * Migrations are numbered SQL files, applied in order, each in a transaction of
 * its own, under an advisory lock so that servers that start together do not
 * race. The checksum of each is kept: a file that changed after it was applied
 * is refused. Each states in its head from which version older code may keep
 * running (`-- runs-with: 1`; the version itself when nothing is said), so that
 * old and new code can work side by side during an upgrade.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { TaskflowsError } from '../errors.ts'
import { type Database, type Queryable, quoteIdentifier } from './database.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /** The lowest code version that can work with the schema after this migration. */
  readonly runsWith: number
}

/** The oldest PostgreSQL whose features our SQL uses. */
export const oldestPostgres = 15

export function readMigrations(directory = new URL('../../migrations/', import.meta.url)): Migration[] {
  return readdirSync(directory)
    .filter((file) => /^\d{4}-.+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, directory), 'utf8')
      const version = Number(file.slice(0, 4))
      const runsWith = Number(/^-- runs-with: (\d+)$/m.exec(sql)?.[1] ?? version)
      return { version, name: file.replace(/\.sql$/, ''), sql, checksum: createHash('sha256').update(sql).digest('hex'), runsWith }
    })
}

interface Applied {
  version: number
  checksum: string
  runs_with: number
}

/**
 * Applies what is missing and returns the version of the schema.
 * @throws `database.unsupported`, `database.too_new`, `database.migration_changed`
 */
export async function migrate(database: Database, migrations: readonly Migration[] = readMigrations()): Promise<number> {
  await refuseOldServer(database)
  // The common start: everything is there. It takes no lock and writes nothing.
  const before = await appliedMigrations(database)
  if (before && missing(before, migrations).length === 0) return newest(before)
  await createLedger(database)
  for (const migration of migrations) await applyOnce(database, migration, migrations)
  return newest((await appliedMigrations(database))!)
}

/** The version of the schema, or `null` when there is none. */
export async function schemaVersion(database: Queryable, schema: string): Promise<number | null> {
  const applied = await appliedMigrations(database, schema)
  return applied ? newest(applied) : null
}

async function refuseOldServer(database: Queryable): Promise<void> {
  const [row] = await database.query<{ server_version: string; server_version_num: string }>(
    `select current_setting('server_version') as server_version, current_setting('server_version_num') as server_version_num`)
  if (Math.floor(Number(row!.server_version_num) / 10_000) >= oldestPostgres) return
  throw new TaskflowsError('database.unsupported', `the database is PostgreSQL ${row!.server_version}, and taskflows needs ${oldestPostgres} or newer`)
}

async function appliedMigrations(database: Queryable & { readonly schema?: string }, schema = database.schema ?? 'taskflows'): Promise<Applied[] | null> {
  const [found] = await database.query<{ found: string | null }>(`select to_regclass($1)::text as found`, [`${quoteIdentifier(schema)}.migrations`])
  if (!found?.found) return null
  return database.query<Applied>(`select version, checksum, runs_with from taskflows.migrations order by version`)
}

/** The migrations still to apply, after checking that the applied ones are those of this code. */
function missing(applied: readonly Applied[], migrations: readonly Migration[]): Migration[] {
  const newestKnown = migrations.at(-1)?.version ?? 0
  for (const { version, checksum, runs_with } of applied) {
    const known = migrations.find((migration) => migration.version === version)
    if (known && known.checksum !== checksum) {
      throw new TaskflowsError('database.migration_changed', `migration ${known.name} was applied with another text than the one in this program`, {
        details: { version, applied: checksum, expected: known.checksum }, hint: 'Install the version of taskflows that created this database, or restore the file.',
      })
    }
    if (!known && runs_with > newestKnown) {
      throw new TaskflowsError('database.too_new', `the database is at schema version ${newest(applied)}, which needs code of version ${runs_with} or newer, and this program knows ${newestKnown}`, {
        details: { schema_version: newest(applied), needs: runs_with, knows: newestKnown },
      })
    }
  }
  return migrations.filter(({ version }) => !applied.some((row) => row.version === version))
}

function newest(applied: readonly Applied[]): number {
  return applied.at(-1)?.version ?? 0
}

const lock = `select pg_advisory_xact_lock(hashtextextended($1, 0))`

async function createLedger(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query(lock, [`taskflows migrations ${database.schema}`])
    // Asked first, because "if not exists" needs the right to create even when it exists.
    const [found] = await tx.query<{ found: boolean }>(`select to_regnamespace($1) is not null as found`, [quoteIdentifier(database.schema)])
    if (!found!.found) await tx.query(`create schema ${quoteIdentifier(database.schema)}`)
    await tx.query(`create table if not exists taskflows.migrations (
      version integer primary key, name text not null, checksum text not null, runs_with integer not null,
      applied_at timestamptz not null default clock_timestamp())`)
  })
}

async function applyOnce(database: Database, migration: Migration, all: readonly Migration[]): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query(lock, [`taskflows migrations ${database.schema}`])
    // Another server may have applied it while this one waited for the lock.
    const applied = (await appliedMigrations(tx, database.schema))!
    if (!missing(applied, all).includes(migration)) return
    await tx.query(migration.sql)
    await tx.query(`insert into taskflows.migrations (version, name, checksum, runs_with) values ($1, $2, $3, $4)`,
      [migration.version, migration.name, migration.checksum, migration.runsWith])
  })
}
