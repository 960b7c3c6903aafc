/**
 * Brings a database to the schema of this code.
 *
 * Migrations are numbered SQL files, applied in order, each in a transaction of
 * its own, under an advisory lock so that servers that start together do not
 * race. The checksum of each is kept: a file that changed after it was applied
 * is refused. Each states in its head from which version older code may keep
 * running (`-- runs-with: 1`; the version itself when nothing is said), so that
 * old and new code can work side by side during an upgrade.
 *
 * While older code works on, a migration never makes it wait for long, nor lose
 * a deadlock: it asks for a lock for less than `deadlock_timeout` (1 s unless
 * configured), and when it does not get it, it lets go of all it has and starts again.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { TaskflowsError } from '../errors.ts'
import { packageFile } from '../package-files.ts'
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

export function readMigrations(): Migration[] {
  const directory = packageFile('migrations')
  return readdirSync(directory)
    .filter((file) => /^\d{4}-.+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(directory, file), 'utf8')
      const version = Number(file.slice(0, 4))
      const runsWith = Number(/^-- runs-with: (\d+)$/m.exec(sql)?.[1] ?? version)
      return { version, name: file.replace(/\.sql$/, ''), sql, checksum: createHash('sha256').update(sql).digest('hex'), runsWith }
    })
}

/** What reads and writes the ledger: a database, a transaction in one, or a session. */
export type Ledger = Pick<Queryable, 'query'>

export interface AppliedMigration {
  readonly version: number
  readonly name: string
  readonly checksum: string
  readonly runs_with: number
  /** Epoch milliseconds, by the database's clock. */
  readonly applied_at: number
}

export interface MigrateOptions {
  /** Told of each migration that this call applied, and how long it took in milliseconds. */
  readonly onApplied?: (migration: Migration, tookMs: number) => void
}

/**
 * Applies what is missing and returns the version of the schema.
 * @throws `database.unsupported`, `database.too_new`, `database.migration_changed`, `database.busy`
 */
export async function migrate(database: Database, migrations: readonly Migration[] = readMigrations(), { onApplied = () => {} }: MigrateOptions = {}): Promise<number> {
  await refuseOldServer(database)
  // The common start: everything is there. It takes no lock and writes nothing.
  const before = await appliedMigrations(database, database.schema)
  if (before && missingMigrations(before, migrations).length === 0) return newest(before)
  await database.transaction(async (tx) => {
    await tx.query(lockMigrations, [migrationsLock(database.schema)])
    await createLedger(tx, database.schema)
  })
  for (const migration of migrations) {
    const startedAt = systemClock.now()
    if (await applyOnce(database, migration, migrations)) onApplied(migration, systemClock.now() - startedAt)
  }
  return newest((await appliedMigrations(database, database.schema))!)
}

/** The version of the schema, or `null` when there is none. */
export async function schemaVersion(database: Ledger, schema: string): Promise<number | null> {
  const applied = await appliedMigrations(database, schema)
  return applied ? newest(applied) : null
}

async function refuseOldServer(database: Ledger): Promise<void> {
  const [row] = await database.query<{ server_version: string; server_version_num: string }>(
    `select current_setting('server_version') as server_version, current_setting('server_version_num') as server_version_num`)
  if (Math.floor(Number(row!.server_version_num) / 10_000) >= oldestPostgres) return
  throw new TaskflowsError('database.unsupported', `the database is PostgreSQL ${row!.server_version}, and taskflows needs ${oldestPostgres} or newer`)
}

/** What the ledger says, in order, or `null` when there is none. */
export async function appliedMigrations(database: Ledger, schema: string): Promise<AppliedMigration[] | null> {
  const [found] = await database.query<{ found: string | null }>(`select to_regclass($1)::text as found`, [`${quoteIdentifier(schema)}.migrations`])
  if (!found?.found) return null
  return database.query<AppliedMigration>(`select version, name, checksum, runs_with, applied_at from taskflows.migrations order by version`)
}

/**
 * The migrations still to apply, after checking that the applied ones are those of this code.
 * @throws `database.too_new`, `database.migration_changed`
 */
export function missingMigrations(applied: readonly AppliedMigration[], migrations: readonly Migration[]): Migration[] {
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

function newest(applied: readonly AppliedMigration[]): number {
  return applied.at(-1)?.version ?? 0
}

/** Whoever changes the schema holds it, and whoever needs it to stay as it is holds it shared. $1 `migrationsLock` */
export const lockMigrations = { text: `select pg_advisory_xact_lock(hashtextextended($1, 0))`, slow: true }

export function migrationsLock(schema: string): string {
  return `taskflows migrations ${schema}`
}

/** Makes the schema and the table of what was applied, where they are missing. */
export async function createLedger(tx: Ledger, schema: string): Promise<void> {
  // Asked first, because "if not exists" needs the right to create even when it exists.
  const [found] = await tx.query<{ found: boolean }>(`select to_regnamespace($1) is not null as found`, [quoteIdentifier(schema)])
  if (!found!.found) await tx.query(`create schema ${quoteIdentifier(schema)}`)
  await tx.query(`create table if not exists taskflows.migrations (
    version integer primary key, name text not null, checksum text not null, runs_with integer not null,
    applied_at timestamptz not null default clock_timestamp())`)
}

export async function applyMigration(tx: Ledger, { version, name, sql, checksum, runsWith }: Migration): Promise<void> {
  await tx.query({ text: sql, slow: true })
  await tx.query(`insert into taskflows.migrations (version, name, checksum, runs_with) values ($1, $2, $3, $4)`, [version, name, checksum, runsWith])
}

const lockTimeoutMs = 500
const pauseMs = 200
/** For how long locks are asked for again. */
const patienceMs = 60_000

/** Whether it was this call that applied it. */
async function applyOnce(database: Database, migration: Migration, all: readonly Migration[]): Promise<boolean> {
  const deadline = systemClock.now() + patienceMs
  for (;;) {
    try {
      return await tryToApply(database, migration, all)
    } catch (error) {
      if (!lockTimedOut(error)) throw error
      if (systemClock.now() > deadline) {
        throw new TaskflowsError('database.busy', `migration ${migration.name} did not get the locks it needs within ${patienceMs / 1000} s`, { details: { migration: migration.name }, cause: error })
      }
      await systemClock.sleep(pauseMs)
    }
  }
}

function tryToApply(database: Database, migration: Migration, all: readonly Migration[]): Promise<boolean> {
  return database.transaction(async (tx) => {
    await tx.query(lockMigrations, [migrationsLock(database.schema)])
    // Another server may have applied it while this one waited for the lock.
    const applied = (await appliedMigrations(tx, database.schema))!
    if (!missingMigrations(applied, all).includes(migration)) return false
    await tx.query(`set local lock_timeout = ${lockTimeoutMs}`)
    await tx.query(`set local statement_timeout = 0`)
    await applyMigration(tx, migration)
    return true
  })
}

/** 55P03: "canceling statement due to lock timeout". */
function lockTimedOut(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03'
}
