/**
 * What `tf db` does: status, migrations, backup and restore of the database that the configuration names. Part of the
 * composition root; `open-store.ts` opens the same database for work.
 */
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, pipeline as pipe } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createGzip } from 'node:zlib'
import { createEmbeddedPostgres } from './adapters/database/embedded/index.ts'
import { openCopySession } from './adapters/database/postgres/copy-session.ts'
import { type PostgresSource, createPostgres, urlSource } from './adapters/database/postgres/index.ts'
import type { Config } from './config.ts'
import { systemClock } from './kernel/clock.ts'
import { backupText } from './kernel/database/backup/backup.ts'
import { type BackupEnd, type BackupHeader, damaged, verifyBackup } from './kernel/database/backup/format.ts'
import { restoreBackup } from './kernel/database/backup/restore.ts'
import type { CopySession } from './kernel/database/copy-session.ts'
import { appliedMigrations, migrate, missingMigrations, readMigrations } from './kernel/database/migrate.ts'
import { ensurePartitions } from './kernel/database/partitions.ts'
import { type DatabaseStatus, readClients, readStatus } from './kernel/database/status.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { packageVersion } from './kernel/version.ts'

export type { DatabaseStatus } from './kernel/database/status.ts'

/** Told in words what is going on. */
type OnProgress = (text: string) => void

function sourceOf({ databaseUrl, home, postgresBin }: Config, stack: AsyncDisposableStack, onProgress: OnProgress): PostgresSource {
  return databaseUrl === null ? stack.use(createEmbeddedPostgres({ home, binaries: postgresBin, onProgress })) : urlSource(databaseUrl)
}

export async function databaseStatus(config: Config, { onProgress }: { readonly onProgress: OnProgress }): Promise<DatabaseStatus & { readonly embedded: boolean }> {
  await using stack = new AsyncDisposableStack()
  await using session = await openCopySession({ source: sourceOf(config, stack, onProgress), schema: config.databaseSchema })
  return { embedded: config.databaseUrl === null, ...(await readStatus(session, readMigrations())) }
}

export interface MigrationReport {
  readonly schema_version: number | null
  readonly applied: readonly { readonly name: string; readonly seconds: number }[]
  /** What a dry run left undone. */
  readonly pending: readonly string[]
}

/** @throws `database.too_new`, `database.migration_changed`, `database.busy` */
export async function migrateDatabase(config: Config, { dryRun, onProgress }: { readonly dryRun: boolean; readonly onProgress: OnProgress }): Promise<MigrationReport> {
  await using stack = new AsyncDisposableStack()
  const database = createPostgres({ source: sourceOf(config, stack, onProgress), schema: config.databaseSchema, max: 1 })
  stack.defer(() => database.close())
  const migrations = readMigrations()
  const before = (await appliedMigrations(database, config.databaseSchema)) ?? []
  const pending = missingMigrations(before, migrations).map(({ name }) => name)
  if (dryRun) return { schema_version: before.at(-1)?.version ?? null, applied: [], pending }
  if (pending.length > 0) onProgress(`migrating: ${pending.join(', ')}`)
  const applied: MigrationReport['applied'][number][] = []
  const version = await migrate(database, migrations, { onApplied: ({ name }, tookMs) => applied.push({ name, seconds: tookMs / 1000 }) })
  // So that programs can add jobs with SQL before the first server runs.
  await ensurePartitions(database, systemClock.now())
  return { schema_version: version, applied, pending: [] }
}

export interface BackupReport {
  /** `-` is standard output. */
  readonly file: string
  /** Null for standard output. */
  readonly bytes: number | null
  readonly rows: Readonly<Record<string, number>>
  readonly seconds: number
}

export interface BackupOptions {
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

/** Under this name until it is whole. */
const unfinished = (file: string) => `${file}.${randomBytes(4).toString('hex')}.unfinished`

/**
 * Writes a backup to a file of mode 0600 that takes its name when it is whole and on the disk, or to standard output.
 * @param file a path, or `-`
 * @throws `backup.unwritable`, `database.empty`, `database.too_new`
 */
export async function backupDatabase(config: Config, file: string, { onProgress, signal }: BackupOptions): Promise<BackupReport> {
  const startedAt = systemClock.now()
  await using stack = new AsyncDisposableStack()
  if (file !== '-') await refuseOddFile(file)
  const source = sourceOf(config, stack, onProgress)
  const session = stack.use(await openCopySession({ source, schema: config.databaseSchema, signal }))
  let end: BackupEnd | undefined
  const text = async function* (): AsyncGenerator<Buffer> {
    end = yield* backupText(session, { migrations: readMigrations(), version: packageVersion(), nowMs: systemClock.now(), onTable: ({ name }) => onProgress(`copying ${name}`) })
  }
  // Most of the gain for a fraction of the time, so that compressing keeps up with reading.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  if (file === '-') await pipeline(text, gzip, process.stdout, { signal, end: false })
  else await writeWhole(file, (path) => pipeline(text, gzip, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }), { signal }))
  return { file, bytes: file === '-' ? null : (await stat(file)).size, rows: end!.rows, seconds: (systemClock.now() - startedAt) / 1000 }
}

/** Renaming puts a file in place of anything, a device too. */
async function refuseOddFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found && !found.isFile()) throw new TaskflowsError('backup.unwritable', `${file} is no file: expected a path of a file, or - for standard output`)
}

async function writeWhole(file: string, write: (path: string) => Promise<void>): Promise<void> {
  const path = unfinished(file)
  try {
    await write(path)
    await rename(path, file)
    await syncDirectory(dirname(file))
  } catch (error) {
    await rm(path, { force: true })
    const { code, syscall } = error as NodeJS.ErrnoException
    throw syscall === undefined || code === 'ABORT_ERR' ? error : new TaskflowsError('backup.unwritable', `${file} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}

/** So that the name survives a crash of the machine, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export interface RestoreReport {
  readonly made_at: string
  /** Of the backup; the database has the one of this program now. */
  readonly schema_version: number
  readonly rows: Readonly<Record<string, number>>
  readonly seconds: number
}

export interface RestoreOptions {
  readonly onProgress: OnProgress
  /** Asked when the database holds something; throws to leave it. */
  readonly confirmReplacing: (what: string) => Promise<void>
}

/**
 * Replaces everything that is ours in the database. A file is read to its end before anything is touched; what comes
 * from standard input counts only once its end was seen.
 * @param file a path, or `-`
 * @throws `backup.invalid`, `backup.too_new`, `database.in_use`, `database.too_new`, and what `confirmReplacing` throws, having changed nothing
 */
export async function restoreDatabase(config: Config, file: string, { onProgress, confirmReplacing }: RestoreOptions): Promise<RestoreReport> {
  const startedAt = systemClock.now()
  if (file !== '-') {
    onProgress(`checking ${file}`)
    await verifyBackup(unpacked(createReadStream(file)))
  }
  await using stack = new AsyncDisposableStack()
  const session = stack.use(await openCopySession({ source: sourceOf(config, stack, onProgress), schema: config.databaseSchema }))
  await refuseInUse(session)
  const work = await workIn(session)
  if (work) await confirmReplacing(work)
  const { header, end } = await restoreBackup(session, unpacked(file === '-' ? process.stdin : createReadStream(file)), {
    migrations: readMigrations(), nowMs: systemClock.now(), onTable: ({ name }) => onProgress(`restoring ${name}`),
  })
  return { made_at: header.made_at, schema_version: newestOf(header), rows: end.rows, seconds: (systemClock.now() - startedAt) / 1000 }
}

function newestOf({ migrations }: BackupHeader): number {
  return migrations.at(-1)!.version
}

async function* unpacked(source: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  pipe(source, gunzip, () => {})
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall !== undefined) throw new TaskflowsError('backup.invalid', `the backup cannot be read: ${messageOf(error)}`, { cause: error })
    throw code?.startsWith('Z_') ? damaged(`it cannot be unpacked (${messageOf(error)})`, error) : error
  }
}

/** PostgreSQL shows the connections of a program that has just ended for a moment longer. */
const goodbyeMs = 1_000

/** Servers and workers remember what was in the database, and would go on from there. */
async function refuseInUse(session: CopySession): Promise<void> {
  const deadline = systemClock.now() + goodbyeMs
  const look = async () => (await readClients(session)).filter(({ application }) => application === 'taskflows')
  let others = await look()
  for (; others.length > 0 && systemClock.now() < deadline; others = await look()) await systemClock.sleep(100)
  if (others.length === 0) return
  const workers = await liveWorkers(session)
  const who = others.map(({ address, connections }) => `${connections} connection${connections === 1 ? '' : 's'} from ${address ?? 'this machine'}`).join(', ')
  throw new TaskflowsError('database.in_use', `servers or workers use the database: ${who}${workers.length === 0 ? '' : `; workers ${workers.join(', ')}`}`, { details: { connections: others, workers } })
}

async function liveWorkers(session: CopySession): Promise<string[]> {
  if (!(await appliedMigrations(session, session.schema))) return []
  const rows = await session.query<{ name: string }>(`select name from taskflows.workers where stopped_at is null and seen_at > taskflows.now() - interval '1 minute' order by name`)
  return rows.map(({ name }) => name)
}

/** In words what a restore would replace, or nothing. */
async function workIn(session: CopySession): Promise<string | undefined> {
  if (!(await appliedMigrations(session, session.schema))) return undefined
  const [found] = await session.query<{ jobs: number; events: number }>(`select (select count(*) from taskflows.jobs) as jobs, (select count(*) from taskflows.events) as events`)
  return found!.jobs + found!.events === 0 ? undefined : `${found!.jobs} jobs, ${found!.events} events`
}
