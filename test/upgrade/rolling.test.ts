/**
 * An upgrade while work goes on, from each release in this folder: its server and workers make and fill a database;
 * the sources migrate it under load, while there are jobs in every place, and join in; both work on; the release leaves,
 * comes back to the newer schema, and stays alone. Then every job is accounted for.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { connectTo } from '../../src/client/index.ts'
import type { Database } from '../../src/kernel/database/database.ts'
import { readMigrations } from '../../src/kernel/database/migrate.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type JobRecord, countUnfinished, readJobs } from '../machine/crash/accounts.ts'
import { type Note, readLedger } from '../machine/crash/ledger.ts'
import { type Program, startTf } from '../machine/crash/program.ts'
import { type Address, type Load, startLoad } from './load.ts'
import { releases, unpackRelease } from './release.ts'

const tasks = join(import.meta.dirname, 'tasks.ts')
const newest = readMigrations().at(-1)!.version
/** A phase lasts until each of its workers has ended so many attempts. */
const attemptsPerPhase = 40
const patienceMs = 60_000
/** Where a job can be. */
const everyPlace = ['ready', 'leases', 'held for delayed', 'held for retry', 'held for parents', 'waited for', 'SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED']

interface Crew {
  readonly server: Program
  readonly worker: Program
  readonly at: Address
}

test('there is a release to come from', () => expect(releases).toContain('0.1.0'))

describe.skipIf(process.platform !== 'linux').each(releases)('from %s', (version) => {
  const stack = new AsyncDisposableStack()
  let database: Database
  let load: Load
  let jobs: Map<string, JobRecord>
  let began: Map<string, Note[]>
  let startOf: (home: string, options?: { readonly program?: readonly string[] }) => Promise<Crew>
  let program: readonly string[]
  const failures: string[] = []
  let answeredByOld: readonly unknown[]

  beforeAll(async () => {
    const release = stack.use(unpackRelease(version))
    program = release.program
    const ledger = join(release.directory, 'ledger')
    const { url: databaseUrl } = stack.use(await createTestDatabase(inject('postgresUrl'), { template: 'template1' }))
    database = createPostgres({ source: urlSource(databaseUrl) })
    stack.defer(() => database.close())

    startOf = async (name, options = {}) => {
      const home = join(release.directory, name)
      mkdirSync(home, { recursive: true, mode: 0o700 })
      const start = (args: readonly string[]) => stack.use(startTf(args, { home, databaseUrl, env: { CRASH_LEDGER: ledger, TASKFLOWS_LOG_LEVEL: 'error' }, ...options }))
      const server = start(['serve'])
      const [, url] = await server.saw(/listens on (http:\S+)/)
      const worker = start(['worker', tasks, '--concurrency', '4'])
      await worker.saw(/runs /)
      return { server, worker, at: { url: url!, secret: readSecurity(home).hmac.secret } }
    }

    const first = await startOf('old', { program })
    const servers = [first.at]
    let turn = 0
    load = startLoad(() => servers[(turn += 1) % servers.length]!)
    await untilWorked(first)
    await untilEveryPlace()

    const migration = startTf(['db', 'migrate'], { home: join(release.directory, 'old'), databaseUrl })
    await migration.saw(/^The schema is at version/)
    await migration.ended
    const fresh = await startOf('new')
    servers.push(fresh.at)
    await untilWorked(first, fresh)
    answeredByOld = (await connectTo(first.at).jobs.list({ limit: 5 })).items

    servers.splice(0, 1)
    await end(first)
    const second = await startOf('old', { program })
    servers.splice(0, 1, second.at)
    await end(fresh)
    await untilWorked(second)
    await load.stop()
    await until('every job to end', async () => Object.values(await countUnfinished(database)).every((count) => count === 0))
    jobs = await readJobs(database)
    began = Map.groupBy(readLedger(ledger).filter(({ what }) => what === 'began'), ({ id }) => id)
    await end(second)
  }, 300_000)
  afterAll(() => stack.disposeAsync())

  async function end({ server, worker }: Crew): Promise<void> {
    for (const each of [worker, server]) {
      each.signal('SIGTERM')
      const { code, signal } = await each.ended
      if (code !== 0) failures.push(`ended with ${signal ?? code}: ${each.said.slice(-4).join(' / ')}`)
    }
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + patienceMs
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
      await pause(50)
    }
  }

  /** Until each of these has ended attempts that it began from now on. */
  async function untilWorked(...crews: readonly Crew[]): Promise<void> {
    const since = Date.now()
    for (const { worker } of crews) {
      await until(`worker ${worker.pid} to work`, async () => {
        const [row] = await database.query<{ count: number }>(`
          select count(*) as count from taskflows.attempts a join taskflows.workers w on w.id = a.worker_id
          where split_part(w.name, ':', 2) = $1 and a.started_at > to_timestamp($2)`, [String(worker.pid), since / 1000])
        return row!.count >= attemptsPerPhase
      })
    }
  }

  /** Until there is a job in every place at once. */
  async function untilEveryPlace(): Promise<void> {
    let empty: readonly string[] = everyPlace
    await until('jobs in every place', async () => {
      const rows = await database.query<{ place: string }>(`
        select 'ready' as place from taskflows.ready union select 'leases' from taskflows.leases union select 'held for ' || reason from taskflows.held
        union select 'waited for' from taskflows.dependencies union select final::text from taskflows.attempts where final is not null`)
      empty = everyPlace.filter((place) => !rows.some((row) => row.place === place))
      if (empty.includes('ready')) await load.burst()
      return empty.length === 0
    })
  }

  test('the schema is the newest, and the old server answered on it', async () => {
    expect(await database.query('select max(version) as version from taskflows.migrations')).toEqual([{ version: newest }])
    expect(answeredByOld).toHaveLength(5)
  })

  test('nothing is unfinished, and every acknowledged job ended as its kind must', async () => {
    expect(await countUnfinished(database)).toEqual({ ready: 0, held: 0, leases: 0, awaited_ends: 0, dependencies: 0 })
    const wrong = load.acknowledged.map(({ id, ends }) => ({ id, ends, ended: jobs.get(id)?.attempts.at(-1)?.final }))
    expect(wrong.filter((job) => job.ends !== job.ended)).toEqual([])
    expect(load.acknowledged.length).toBeGreaterThan(attemptsPerPhase)
  })

  test('attempts are numbered without gaps, none was begun twice or lost, and the last alone is final', () => {
    const wrong = [...jobs.values()].filter(({ id, attempts }) =>
      attempts.some(({ attempt, final, outcome }, at) => attempt !== at + 1 || outcome === 'lost' || (final !== null) !== (at === attempts.length - 1))
      || new Set(began.get(id)?.map(({ attempt }) => attempt)).size !== (began.get(id)?.length ?? 0))
    expect(wrong).toEqual([])
  })

  test('the event log tells of one addition, of each retry, and of one end', () => {
    const wrong = [...jobs.values()].filter(({ attempts, events }) => {
      const { 'jobs.added': added, 'jobs.retried': retried = 0, 'jobs.released': _released, ...ends } = events
      return added !== 1 || retried !== attempts.length - 1 || JSON.stringify(ends) !== JSON.stringify({ [`jobs.${attempts.at(-1)!.final!.toLowerCase()}`]: 1 })
    })
    expect(wrong).toEqual([])
  })

  test('every request was answered, and no program failed', () => {
    expect(load.failures).toEqual([])
    expect(failures).toEqual([])
  })

  test('a schema that says it does not run with the release is refused by it', async () => {
    await database.query(`insert into taskflows.migrations (version, name, checksum, runs_with) values (9999, '9999-contract', 'x', 9999)`)
    await expect(startOf('old', { program })).rejects.toThrow('the database is at schema version 9999, which needs code of version 9999 or newer')
  })
})
