/** Looks at PostgreSQL: whether it answers, what lies between, its tables, clock and workers. */
import { createEmbeddedPostgres } from '../adapters/database/embedded/index.ts'
import { type PostgresSource, createPostgres, urlSource } from '../adapters/database/postgres/index.ts'
import { type Pooling, detectPooling } from '../adapters/database/postgres/pooling.ts'
import type { Config } from '../config.ts'
import { createJobs } from '../engines/jobs/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { readDatabaseClock } from '../kernel/database/database-clock.ts'
import type { Database } from '../kernel/database/database.ts'
import { oldestPostgres, readMigrations, schemaVersion } from '../kernel/database/migrate.ts'
import { formatDuration } from '../kernel/duration.ts'
import { type TaskflowsError, messageOf } from '../kernel/errors.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

export interface Opened extends AsyncDisposable {
  readonly source: PostgresSource
  readonly database: Database
}

/** One connection, without migrating; the embedded PostgreSQL is started when it does not run. */
export function openForLooking({ databaseUrl, databaseSchema, home, postgresBin }: Config): Opened {
  const stack = new AsyncDisposableStack()
  const source = databaseUrl === null ? stack.use(createEmbeddedPostgres({ home, binaries: postgresBin })) : urlSource(databaseUrl)
  const database = createPostgres({ source, schema: databaseSchema, max: 1, patienceMs: 3_000 })
  stack.defer(() => database.close())
  return { source, database, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

export async function* checkDatabase(config: Config): AsyncGenerator<Finding> {
  await using opened = openForLooking(config)
  const { source, database } = opened
  try {
    yield await checkVersion(database, config.databaseUrl === null)
    const pooling = config.databaseUrl === null ? 'none' : await detectPooling(source)
    if (config.databaseUrl !== null) yield judgePooling(pooling)
    yield await checkSchema(database)
    yield await checkClock(database)
    yield pooling === 'transaction' ? skipped('workers', 'not looked at through a transaction pooler') : await checkWorkers(database)
  } catch (error) {
    yield fail('database', messageOf(error), (error as TaskflowsError).hint ?? 'Check TASKFLOWS_DATABASE_URL.')
  }
}

async function checkVersion(database: Database, embedded: boolean): Promise<Finding> {
  const programs = embedded ? `(select setting from pg_config where name = 'BINDIR')` : 'null'
  const [row] = await database.query<{ version: string; programs: string | null }>(`select current_setting('server_version') as version, ${programs} as programs`)
  const found = `PostgreSQL ${row!.version}${embedded ? `, embedded, from ${row!.programs}` : ''}`
  return Number.parseInt(row!.version, 10) >= oldestPostgres ? ok('database', found) : fail('database', found, `taskflows needs PostgreSQL ${oldestPostgres} or newer.`)
}

function judgePooling(pooling: Pooling): Finding {
  if (pooling === 'none') return ok('pooler', 'none: connections are direct')
  if (pooling === 'session') return ok('pooler', 'one that keeps a connection for each client')
  const found = 'TASKFLOWS_DATABASE_URL leads through a transaction pooler, such as PgBouncer: enqueueing in transactions of your own works, workers and servers do not'
  return warn('pooler', found, 'Let TASKFLOWS_DATABASE_URL name PostgreSQL itself, or a pool with pool_mode = session.')
}

async function checkSchema(database: Database): Promise<Finding> {
  const version = await schemaVersion(database, database.schema)
  const newest = readMigrations().at(-1)!.version
  if (version === null) return ok('schema', `no tables yet: the first start makes them in ${database.schema}`)
  if (version === newest) return ok('schema', `version ${version}`)
  return version < newest
    ? warn('schema', `version ${version}, and this program brings ${newest}`, 'Start tf serve: it migrates.')
    : warn('schema', `version ${version}, and this program knows ${newest}`, 'Upgrade taskflows on this machine.')
}

async function checkClock(database: Database): Promise<Finding> {
  const ahead = (await readClock(database)) - systemClock.now()
  const found = `this machine is ${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'behind' : 'ahead of'} the database`
  return Math.abs(ahead) < 2_000 ? ok('clock', found) : warn('clock', found, 'Jobs go by the database\'s clock; signed requests need clocks within 5 minutes. Use NTP on both.')
}

async function readClock(database: Database): Promise<number> {
  const [row] = await database.query<{ now: number }>(`select extract(epoch from clock_timestamp())::float8 * 1000 as now`)
  return row!.now
}

async function checkWorkers(database: Database): Promise<Finding> {
  if ((await schemaVersion(database, database.schema)) === null) return ok('workers', 'none yet')
  const workers = await createJobs({ database, hot: database, time: await readDatabaseClock(database, systemClock) }).workers()
  return workers.length > 0
    ? ok('workers', workers.map(({ name, tasks }) => `${name} (${tasks.join(', ')})`).join('; '))
    : warn('workers', 'none runs, so jobs wait', 'tf worker MODULE, where MODULE exports tasks')
}
