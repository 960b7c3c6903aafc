/** `tf db ...`: the care of the database itself, so none of these asks a server. */
import type { BackupReport, DatabaseStatus, MigrationReport, RestoreReport } from '../../../care-of-database.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { confirm } from '../confirm.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { type Column, formatTable } from '../output/table.ts'
import { localTime, shortTime } from '../output/time.ts'
import { visible } from '../output/visible.ts'

type Status = DatabaseStatus & { readonly embedded: boolean }

export const status: RunCommand = async ({ config, talk, output: outputFor }) => {
  refuseServer(config)
  const { databaseStatus } = await import('../../../care-of-database.ts')
  const found = await databaseStatus(config, { onProgress: talk.progress })
  const output = outputFor(false)
  await output.item(found, { name: found.database, text: () => statusText(found, output.paint) })
}

export const migrate: RunCommand = async ({ config, talk, values, output }) => {
  refuseServer(config)
  const { migrateDatabase } = await import('../../../care-of-database.ts')
  const report = await migrateDatabase(config, { dryRun: values['dryRun'] === true, onProgress: talk.progress })
  await output(false).item(report, { name: String(report.schema_version ?? ''), text: () => migrationText(report) })
}

export const backup: RunCommand = async ({ config, talk, values, output }) => {
  refuseServer(config)
  const file = values['file'] as string
  if (file === '-' && process.stdout.isTTY) throw new TaskflowsError('cli.usage', 'FILE: expected a path, because - would write compressed data to this terminal')
  const { backupDatabase } = await import('../../../care-of-database.ts')
  using interruption = onInterruption()
  const { signal } = interruption
  const report = await backupDatabase(config, file, { onProgress: talk.progress, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  if (!report) {
    talk.warn(`${signal.reason}: nothing was written`)
    return interruptedExitCode
  }
  if (file === '-') talk.note(backupText(report))
  else await output(false).item(report, { name: file, text: () => backupText(report) })
}

export const restore: RunCommand = async ({ config, talk, values, globals, output }) => {
  refuseServer(config)
  const file = values['file'] as string
  const confirmReplacing = async (what: string): Promise<void> => {
    talk.progress('')
    // Elsewhere a question without a terminal answers itself; this one takes everything away.
    if (!globals.yes && (file === '-' || !process.stdin.isTTY)) throw new TaskflowsError('database.not_empty', `the database holds ${what}`)
    await confirm(`The database holds ${what}. Replace everything by the backup?`, globals)
  }
  const { restoreDatabase } = await import('../../../care-of-database.ts')
  const report = await restoreDatabase(config, file, { onProgress: talk.progress, confirmReplacing })
  await output(false).item(report, { name: file, text: () => restoreText(report) })
}

function refuseServer({ server }: Invocation['config']): void {
  if (server !== null) {
    throw new TaskflowsError('cli.usage', `tf db works on a database, not through a server: expected no --server and no TASKFLOWS_SERVER, got ${JSON.stringify(server)}`, {
      hint: 'Name the database with TASKFLOWS_DATABASE_URL, or run it on the machine of the server.',
    })
  }
}

const states: Readonly<Record<Status['state'], string>> = {
  missing: 'no tables yet; tf db migrate, or the first tf serve, makes them',
  behind: 'tf db migrate, or the next tf serve, brings it up to date',
  current: 'up to date',
  ahead: 'newer than this program, which still runs with it',
  too_new: 'newer than this program, which does not run with it: upgrade taskflows on this machine',
}

function statusText(found: Status, paint: Parameters<typeof formatTable>[2]['paint']): string {
  const { postgres_version, embedded, database, schema, schema_version, program_schema_version, state, runs_with, oldest_job_at, connections } = found
  const facts = [
    ['database', `${visible(database)}, schema ${visible(schema)}, PostgreSQL ${postgres_version}${embedded ? ', embedded' : ''}`],
    ['schema', `version ${schema_version ?? 'none'}, this program brings ${program_schema_version}: ${states[state]}`],
    ...(runs_with === null ? [] : [['runs with', `programs that bring version ${runs_with} or newer`]]),
    ['oldest job', oldest_job_at === null ? 'none' : localTime(oldest_job_at)],
    ['connections', `${connections.open} of ${connections.limit}: ${found.clients.map(clientText).join(', ') || 'only this one'}`],
  ].map(([name, text]) => `${paint('bold', name!.padEnd(11))}  ${text}`)
  const tables = found.tables.length === 0 ? [] : ['', ...formatTable(found.tables, tableColumns, { paint })]
  return [...facts, '', ...formatTable(found.migrations, migrationColumns, { paint }), ...tables].join('\n')
}

function clientText({ application, address, connections, transaction_seconds }: Status['clients'][number]): string {
  const open = transaction_seconds !== null && transaction_seconds >= 1 ? ` (a transaction is open for ${Math.round(transaction_seconds)} s)` : ''
  return `${connections} ${visible(application) || 'unnamed'} from ${address ?? 'this machine'}${open}`
}

const migrationColumns: readonly Column<Status['migrations'][number]>[] = [
  { header: 'MIGRATION', value: ({ name }) => name },
  { header: 'APPLIED', value: ({ applied_at }) => (applied_at === null ? 'not yet' : shortTime(applied_at, Date.now())) },
  { header: 'RUNS WITH', value: ({ runs_with }) => runs_with, align: 'right' },
]

const tableColumns: readonly Column<Status['tables'][number]>[] = [
  { header: 'TABLE', value: ({ name }) => name },
  { header: 'ROWS (ABOUT)', value: ({ rows }) => rows, align: 'right' },
  { header: 'SIZE', value: ({ bytes }) => sizeText(bytes), align: 'right' },
  { header: 'PARTITIONS', value: ({ partitions }) => (partitions === null ? null : `${partitions.count}, ${partitions.first} to ${partitions.last}`) },
]

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]!}`
}

function migrationText({ schema_version, applied, pending }: MigrationReport): string {
  if (pending.length > 0) return [`The schema is at version ${schema_version ?? 'none'}; to be applied:`, ...pending.map((name) => `  ${name}`)].join('\n')
  if (applied.length === 0) return `Nothing to do: the schema is at version ${schema_version}`
  return [...applied.map(({ name, seconds }) => `${name} applied in ${seconds.toFixed(2)} s`), `The schema is at version ${schema_version}`].join('\n')
}

function backupText({ file, bytes, rows, seconds }: BackupReport): string {
  const written = bytes === null ? 'Backup written' : `Backup written to ${visible(file)}, ${sizeText(bytes)}`
  return `${written}: ${rowsText(rows)}, in ${seconds.toFixed(1)} s`
}

function restoreText({ made_at, rows, seconds }: RestoreReport): string {
  return `The backup of ${localTime(made_at)} is restored: ${rowsText(rows)}, in ${seconds.toFixed(1)} s`
}

function rowsText(rows: Readonly<Record<string, number>>): string {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  return `${rows['jobs'] ?? 0} jobs, ${total} rows`
}
