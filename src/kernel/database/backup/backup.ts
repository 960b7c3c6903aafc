/** Reads everything that is ours, as it was at one moment, while everything goes on. */
import { TaskflowsError } from '../../errors.ts'
import type { CopySession } from '../copy-session.ts'
import { quoteIdentifier } from '../database.ts'
import { type Migration, appliedMigrations, migrationsLock } from '../migrate.ts'
import { tablesToCopy, weeksOf } from './contents.ts'
import { type BackupEnd, type BackupHeader, type BackupTable, writeBackup } from './format.ts'

export interface BackupOptions {
  readonly migrations: readonly Migration[]
  /** Of this package. */
  readonly version: string
  /** Epoch milliseconds. */
  readonly nowMs: number
  /** A table begins. */
  readonly onTable?: (table: BackupTable) => void
}

/**
 * The text of a backup. The session is used up by it.
 *
 * One snapshot serves all tables. It blocks nobody but migrations, and they it; as any long transaction it keeps
 * vacuum from removing rows meanwhile.
 * @throws `database.too_new`, `database.empty`
 */
export async function* backupText(session: CopySession, { migrations, version, nowMs, onTable = () => {} }: BackupOptions): AsyncGenerator<Buffer, BackupEnd> {
  const { schema } = session
  // Before the transaction: its snapshot must be younger than the last migration.
  await session.query(`select pg_advisory_lock_shared(hashtextextended($1, 0))`, [migrationsLock(schema)])
  await session.query(`begin isolation level repeatable read read only`)
  const header: BackupHeader = {
    made_at: new Date(nowMs).toISOString(),
    taskflows_version: version,
    postgres_version: await serverVersion(session),
    migrations: await knownMigrations(session, migrations),
    weeks: await weeksOf(session, schema),
    tables: await tablesToCopy(session, schema, migrations),
  }
  const end = yield* writeBackup({
    header,
    rowsOf: (table) => {
      onTable(table)
      return session.copyOut(`copy (select ${table.columns.map(quoteIdentifier).join(', ')} from taskflows.${quoteIdentifier(table.name)}) to stdout`)
    },
    sequences: () => lastValues(session),
  })
  await session.query('commit')
  return end
}

async function serverVersion(session: CopySession): Promise<string> {
  const [row] = await session.query<{ version: string }>(`select current_setting('server_version') as version`)
  return row!.version
}

/** Of what a newer program has added we would leave out tables without a word. */
async function knownMigrations(session: CopySession, migrations: readonly Migration[]): Promise<BackupHeader['migrations']> {
  const applied = await appliedMigrations(session, session.schema)
  if (!applied || applied.length === 0) throw new TaskflowsError('database.empty', `there are no tables of taskflows in the schema ${session.schema}`)
  const unknown = applied.find(({ version }) => !migrations.some((migration) => migration.version === version))
  if (unknown) throw new TaskflowsError('database.too_new', `the database has migration ${unknown.name}, which this program does not know, so it cannot tell what to back up`)
  return applied.map(({ version, name, checksum }) => ({ version, name, checksum }))
}

async function lastValues(session: CopySession): Promise<Record<string, number>> {
  const rows = await session.query<{ name: string; value: number | null }>(`select sequencename as name, last_value as value from pg_sequences where schemaname = $1`, [session.schema])
  return Object.fromEntries(rows.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])))
}
