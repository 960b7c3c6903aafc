/**
 * Puts a backup in place of whatever is there, in one transaction: until its commit, and when anything goes wrong,
 * everything is as it was.
 *
 * The tables are made by the migrations that the backup came from, filled, and then brought to the version of this
 * program. What spoke for the old world ends: workers are marked as stopped and their leases as expired, so the
 * rescuer settles what they had; the installation has a new name, so cursors of the event log answer 410.
 */
import { TaskflowsError } from '../../errors.ts'
import type { CopySession } from '../copy-session.ts'
import { quoteIdentifier } from '../database.ts'
import { type Migration, appliedMigrations, applyMigration, createLedger, lockMigrations, migrationsLock, missingMigrations } from '../migrate.ts'
import { makePartitions, partitionsAround, partitionsOfWeek } from '../partitions.ts'
import { type Kind, namesOf, tablesToCopy } from './contents.ts'
import { type BackupEnd, type BackupHeader, type BackupTable, damaged, readBackup } from './format.ts'

export interface RestoreOptions {
  readonly migrations: readonly Migration[]
  /** Epoch milliseconds. */
  readonly nowMs: number
  /** A table begins. */
  readonly onTable?: (table: BackupTable) => void
}

/** @throws `backup.invalid`, `backup.too_new`, `database.too_new`, `database.migration_changed`, `database.busy`, having changed nothing */
export async function restoreBackup(session: CopySession, bytes: AsyncIterable<Buffer>, { migrations, nowMs, onTable = () => {} }: RestoreOptions): Promise<{ readonly header: BackupHeader; readonly end: BackupEnd }> {
  try {
    await session.query('begin')
    await session.query(`set local lock_timeout = '10s'`)
    const restored = await readBackup(bytes, {
      header: async (header) => {
        refuseForeign(header, migrations)
        await session.query(lockMigrations, [migrationsLock(session.schema)])
        await dropOurs(session, migrations)
        await makeSchemaOf(session, header, migrations, nowMs)
      },
      table: async (table, rows) => {
        onTable(table)
        const columns = table.columns.map(quoteIdentifier).join(', ')
        return session.copyIn(`copy taskflows.${quoteIdentifier(table.name)} (${columns}) from stdin`, rows)
      },
    })
    await finish(session, restored.end, migrations)
    await session.query('commit')
    // Without statistics PostgreSQL plans claims for small tables.
    for (const { name } of restored.header.tables) await session.query(`analyze taskflows.${quoteIdentifier(name)}`)
    return restored
  } catch (error) {
    await session.query('rollback').catch(() => {})
    throw explained(error)
  }
}

/** The migrations that made the tables of the backup must be those of this program. */
function refuseForeign({ migrations: theirs, taskflows_version }: BackupHeader, migrations: readonly Migration[]): void {
  for (const { version, name, checksum } of theirs) {
    const known = migrations.find((migration) => migration.version === version)
    if (!known) {
      throw new TaskflowsError('backup.too_new', `the backup is of schema version ${version} (taskflows ${taskflows_version}), and this program knows ${migrations.at(-1)!.version}`)
    }
    if (known.checksum !== checksum) throw new TaskflowsError('database.migration_changed', `the backup was made with another text of migration ${name} than the one in this program`)
  }
}

/**
 * Without `cascade`: when something that is not ours depends on our tables, the restore fails, and names it.
 * Privileges that were given on the tables go with them.
 */
async function dropOurs(session: CopySession, migrations: readonly Migration[]): Promise<void> {
  const applied = await appliedMigrations(session, session.schema)
  if (!applied) return
  missingMigrations(applied, migrations)
  const known = (version: number) => migrations.some((migration) => migration.version === version)
  const unknown = applied.find(({ version }) => !known(version))
  if (unknown) throw new TaskflowsError('database.too_new', `the database has migration ${unknown.name}, which this program does not know, so it cannot replace it`)
  const drop = async (kind: Kind, more: readonly string[] = []): Promise<void> => {
    const names = [...namesOf(kind, migrations), ...more].map((name) => `taskflows.${quoteIdentifier(name)}`)
    if (names.length > 0) await session.query(`drop ${kind} if exists ${names.join(', ')}`)
  }
  await drop('view')
  await drop('function')
  await drop('table', ['migrations'])
  await drop('sequence')
  await drop('type')
}

/** The tables as they were, with partitions for what they held. */
async function makeSchemaOf(session: CopySession, header: BackupHeader, migrations: readonly Migration[], nowMs: number): Promise<void> {
  await createLedger(session, session.schema)
  for (const migration of migrations.filter(({ version }) => header.migrations.some((theirs) => theirs.version === version))) await applyMigration(session, migration)
  const tables = await tablesToCopy(session, session.schema, migrations)
  for (const { name, columns } of header.tables) {
    const made = tables.find((table) => table.name === name)
    if (!made || columns.some((column) => !made.columns.includes(column))) throw damaged(`it has a table ${name} (${columns.join(', ')}), which its migrations do not make`)
  }
  const partitions = [...header.weeks.flatMap((week) => partitionsOfWeek(mondayOf(week))), ...partitionsAround(nowMs)]
  const unique = [...new Map(partitions.map((partition) => [partition.name, partition])).values()]
  await makePartitions(session, session.schema, unique.filter(({ table }) => tables.some(({ name }) => name === table)))
}

function mondayOf(week: string): number {
  const day = new Date(`${week.slice(0, 4)}-${week.slice(4, 6)}-${week.slice(6)}T00:00:00Z`)
  if (day.getUTCDay() !== 1) throw damaged(`${week} is no Monday`)
  return day.getTime()
}

async function finish(session: CopySession, { sequences }: BackupEnd, migrations: readonly Migration[]): Promise<void> {
  for (const [name, value] of Object.entries(sequences)) await session.query(`select setval($1::regclass, $2)`, [`${quoteIdentifier(session.schema)}.${quoteIdentifier(name)}`, value])
  await session.query(`update taskflows.workers set stopped_at = seen_at where stopped_at is null`)
  await session.query(`update taskflows.leases set expires_at = least(expires_at, taskflows.now())`)
  for (const migration of missingMigrations((await appliedMigrations(session, session.schema))!, migrations)) await applyMigration(session, migration)
}

/** What PostgreSQL says of rows that it cannot take (classes 22 and 23) is the fault of the backup. */
function explained(error: unknown): unknown {
  const { code, message, detail } = error as { code?: unknown; message?: string; detail?: string }
  if (error instanceof TaskflowsError || typeof code !== 'string') return error
  if (code === '55P03') return new TaskflowsError('database.busy', 'the tables are held by other connections', { cause: error })
  if (code === '2BP01') return new TaskflowsError('database.not_empty', `something that is not ours depends on our tables: ${detail ?? message}`, { cause: error, hint: 'Drop it first; nothing was changed.' })
  return /^2[23]/.test(code) ? damaged(message!, error) : error
}
