/**
 * `tf doctor`: looks at everything that taskflows needs on this machine, and
 * says how to mend what is wrong. Each check stands alone, so that one that
 * fails does not hide the others.
 */
import { access, constants, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { securityStatus } from './access/security-file.ts'
import { createEmbeddedPostgres } from './adapters/database/embedded/index.ts'
import { createPostgres, urlSource } from './adapters/database/postgres/index.ts'
import type { Config } from './config.ts'
import { createJobs } from './engines/jobs/index.ts'
import { systemClock } from './kernel/clock.ts'
import { readDatabaseClock } from './kernel/database/database-clock.ts'
import type { Database } from './kernel/database/database.ts'
import { oldestPostgres, readMigrations, schemaVersion } from './kernel/database/migrate.ts'
import { formatDuration } from './kernel/duration.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'

export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do about it. */
  readonly mend?: string
}

const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found })
const warn = (check: string, found: string, mend: string): Finding => ({ check, status: 'warn', found, mend })
const fail = (check: string, found: string, mend: string): Finding => ({ check, status: 'fail', found, mend })

const oldestNode = 24

export async function* diagnose(config: Config): AsyncGenerator<Finding> {
  yield checkNode()
  yield await checkHome(config.home)
  yield checkSecurity(config.home)
  yield await checkServer(config.home)
  yield* checkDatabase(config)
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  const found = `${process.version} at ${process.execPath}`
  return major >= oldestNode ? ok('node', found) : fail('node', found, `Install Node.js ${oldestNode} or newer.`)
}

async function checkHome(home: string): Promise<Finding> {
  const mend = 'Set TASKFLOWS_HOME to a directory that this account may write.'
  try {
    await access(home, constants.W_OK | constants.X_OK)
    const { mode } = await stat(home)
    return (mode & 0o077) === 0 ? ok('home', home) : warn('home', `${home} can be read by other accounts`, `chmod 700 ${home}`)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') return fail('home', messageOf(error), mend)
    return access(dirname(home), constants.W_OK).then(() => ok('home', `${home} will be made at the first start`), () => fail('home', `${home} does not exist and cannot be made`, mend))
  }
}

function checkSecurity(home: string): Finding {
  try {
    const security = securityStatus(home)
    if (!security) return ok('security', 'no secret yet: the first tf serve makes one')
    return security.hmac.enabled
      ? ok('security', 'requests must be signed')
      : warn('security', 'disabled: every program on this machine is admin', 'tf api security setup')
  } catch (error) {
    return fail('security', messageOf(error), (error as TaskflowsError).hint ?? 'tf api security setup --regenerate-secret')
  }
}

async function checkServer(home: string): Promise<Finding> {
  const record = await readFile(join(home, 'run', 'server.json'), 'utf8').catch(() => null)
  if (record === null) return ok('server', 'none runs: tf works on the database itself; tf serve starts one')
  try {
    const { url, pid } = JSON.parse(record) as { url: string; pid: number }
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(3_000) })
    return answer.ok ? ok('server', `${url} (process ${pid})`) : fail('server', `${url} answers ${answer.status}`, 'Look at the log of the server.')
  } catch (error) {
    return warn('server', `one is on record but does not answer: ${messageOf(error)}`, `Start it again: tf serve. Or remove ${join(home, 'run', 'server.json')}.`)
  }
}

async function* checkDatabase(config: Config): AsyncGenerator<Finding> {
  await using stack = new AsyncDisposableStack()
  const source = config.databaseUrl === null ? stack.use(createEmbeddedPostgres({ home: config.home, binaries: config.postgresBin })) : urlSource(config.databaseUrl)
  const database = createPostgres({ source, schema: config.databaseSchema, max: 1, patienceMs: 3_000 })
  stack.defer(() => database.close())
  try {
    const [row] = await database.query<{ version: string }>(`select current_setting('server_version') as version`)
    const found = `PostgreSQL ${row!.version}${config.databaseUrl === null ? ', embedded' : ''}`
    yield Number.parseInt(row!.version, 10) >= oldestPostgres ? ok('database', found) : fail('database', found, `taskflows needs PostgreSQL ${oldestPostgres} or newer.`)
    yield await checkSchema(database)
    yield await checkClock(database)
    yield await checkWorkers(database)
  } catch (error) {
    yield fail('database', messageOf(error), (error as TaskflowsError).hint ?? 'Check TASKFLOWS_DATABASE_URL.')
  }
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
