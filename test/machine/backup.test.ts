/**
 * `tf db backup` while a server and a worker run under load, and `tf db restore` into other databases, of the other
 * PostgreSQL too; then the work goes on there.
 */
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { restoreDatabase } from '../../src/care-of-database.ts'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/kernel/database/database.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { findPostgres, startPostgres } from '../testbed/postgres.ts'
import { type Load, startLoad } from '../upgrade/load.ts'
import { countUnfinished, readJobs } from './crash/accounts.ts'
import { type Program, startTf } from './crash/program.ts'

const tasks = join(import.meta.dirname, '../upgrade/tasks.ts')
const loadMs = 3_000
const settleMs = 40_000
const mutations = 200
const otherVersion = process.env['TASKFLOWS_TEST_POSTGRES'] === '15' ? '18' : '15'
const other = findPostgres(otherVersion)

const stack = new AsyncDisposableStack()
const directory = mkdtempSync(join(tmpdir(), 'taskflows-backup-'))
stack.defer(() => rmSync(directory, { recursive: true, force: true }))
const file = join(directory, 'jobs.backup')
const ledger = join(directory, 'ledger')
let busy: string
let load: Load
let server: Program
let worker: Program

beforeAll(async () => {
  busy = await emptyDatabase()
  server = tf(['serve'], busy, 'busy')
  const [, url] = await server.saw(/listens on (http:\S+)/)
  worker = tf(['worker', tasks, '--concurrency', '4'], busy, 'busy')
  await worker.saw(/runs /)
  const at = { url: url!, secret: readSecurity(homeOf('busy')).hmac.secret }
  load = startLoad(() => at)
  await pause(loadMs)
  await load.burst()
  await finished(tf(['db', 'backup', file], busy))
  await pause(loadMs / 3)
  await load.stop()
}, 60_000)
afterAll(() => stack.disposeAsync())

async function emptyDatabase(): Promise<string> {
  return stack.use(await createTestDatabase(inject('postgresUrl'), { template: 'template1' })).url
}

function homeOf(name: string): string {
  const home = join(directory, name)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  return home
}

function tf(args: readonly string[], databaseUrl: string, home = 'home'): Program {
  return stack.use(startTf(args, { home: homeOf(home), databaseUrl, env: { CRASH_LEDGER: ledger, TASKFLOWS_LOG_LEVEL: 'error' } }))
}

/** What it said. */
async function finished({ ended, said }: Program, code = 0): Promise<string> {
  const text = await ended
  expect(text, said.join('\n')).toMatchObject({ code })
  return said.join('\n')
}

function open(databaseUrl: string): Database {
  const database = createPostgres({ source: urlSource(databaseUrl) })
  stack.defer(() => database.close())
  return database
}

const kept = ['jobs', 'ready', 'held', 'attempts', 'dependencies', 'awaited_ends', 'tasks'] as const

/** One number for all that is in a database, the same for equal rows. */
async function fingerprint(databaseUrl: string): Promise<string> {
  const database = createPostgres({ source: urlSource(databaseUrl) })
  const prints = kept.map((table) => `(select count(*) || ' ' || coalesce(md5(string_agg(md5(to_json(t)::text), '' order by md5(to_json(t)::text))), '') from taskflows.${table} t)`)
  const events = `(select md5(string_agg(seq || type || coalesce(ids::text, ''), '' order by seq)) from taskflows.events)`
  const [row] = await database.query<{ print: string }>(`select concat_ws(' ', ${[...prints, events].join(', ')}) as print`)
  // A restore refuses a database that somebody is connected to.
  await database.close()
  return row!.print
}

describe.skipIf(process.platform !== 'linux')('a backup taken under load', () => {
  test('is a file that only its owner reads, and nothing else is left beside it', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory).filter((name) => name.includes('unfinished'))).toEqual([])
  })

  test('shows every job in one place, as at one moment, and work goes on from there', { timeout: settleMs + 20_000 }, async () => {
    const url = await emptyDatabase()
    await finished(tf(['db', 'restore', file], url))
    const database = open(url)
    const [state] = await database.query<Record<string, number>>(`
      with places as (
        select id from taskflows.ready union all select id from taskflows.held union all select job_id from taskflows.attempts where final is not null
        union all select u.id from taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt)
        where not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt)
      )
      select (select count(*) from taskflows.jobs) as jobs, (select count(*) from places) as places, (select count(distinct id) from places) as placed,
        (select count(*) from taskflows.leases) as leases,
        (select count(*) from taskflows.events, unnest(ids) where type = 'jobs.added') as added,
        (select count(*) from taskflows.events, unnest(ids) where type in ('jobs.succeeded', 'jobs.failed', 'jobs.dead', 'jobs.cancelled')) as ended,
        (select count(*) from taskflows.attempts where final is not null) as final`)
    const { jobs, leases, ended } = state!
    expect(state).toMatchObject({ places: jobs, placed: jobs, added: jobs, final: ended })
    expect(leases).toBeGreaterThan(0)
    const leased = (await database.query<{ id: string }>(`select distinct u.id from taskflows.leases l, unnest(job_ids, attempts) as u(id, attempt) where not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt)`)).map(({ id }) => id)

    const successor = tf(['worker', tasks, '--concurrency', '50'], url, 'successor')
    const deadline = Date.now() + settleMs
    const settled = async () => Object.values(await countUnfinished(database)).every((count) => count === 0)
    while (!(await settled()) && Date.now() < deadline) await pause(100)
    expect(await countUnfinished(database)).toEqual({ ready: 0, held: 0, leases: 0, awaited_ends: 0, dependencies: 0 })
    const records = await readJobs(database)
    const known = load.acknowledged.filter(({ id }) => records.has(id))
    expect(known.length).toBeGreaterThan(20)
    // What was cancelled after the backup was not cancelled here.
    expect(known.filter(({ id, ends }) => ends !== records.get(id)!.attempts.at(-1)?.final && ends !== 'CANCELLED')).toEqual([])
    // What ran at the time of the backup was lost with its worker, and was run again.
    for (const id of leased) expect(records.get(id)!.attempts.map(({ outcome }) => outcome)).toContain('lost')
    successor.signal('SIGTERM')
    await successor.ended
  })

  test('is refused by a database that is in use, and asks before it replaces anything', { timeout: 60_000 }, async () => {
    expect(await finished(tf(['db', 'restore', file, '--yes'], busy), 1)).toMatch(/servers or workers use the database: \d+ connections from [\s\S]*Stop every server and worker/)
    const url = await emptyDatabase()
    await finished(tf(['db', 'restore', file], url))
    const before = await fingerprint(url)
    expect(await finished(tf(['db', 'restore', file], url, 'other'), 1)).toMatch(/the database holds \d+ jobs, \d+ events[\s\S]*--yes/)
    expect(await fingerprint(url)).toBe(before)
    expect(await finished(tf(['db', 'restore', file, '--yes'], url, 'other'))).toContain('is restored')
    expect(await fingerprint(url)).toBe(before)
  })

  test(`is refused whole after any of ${mutations} kinds of damage, and nothing has changed`, { timeout: 60_000 }, async () => {
    const url = await emptyDatabase()
    await finished(tf(['db', 'restore', file], url))
    const before = await fingerprint(url)
    const config = { ...readConfig({}, {}), databaseUrl: url }
    const packed = readFileSync(file)
    const text = gunzipSync(packed)
    const damaged = join(directory, 'damaged')
    const accepted: number[] = []
    for (let round = 0; round < mutations; round += 1) {
      // In turn of the packed bytes and of the text, which is then packed well.
      writeFileSync(damaged, round % 2 === 0 ? damage(packed, round) : gzipSync(damage(text, round), { level: 1 }))
      const refusal = await restoreDatabase(config, damaged, { onProgress: () => {}, confirmReplacing: async () => {} }).then(() => 'accepted', ({ code }: { code: string }) => code)
      if (refusal !== 'backup.invalid') accepted.push(round)
    }
    expect(accepted).toEqual([])
    writeFileSync(damaged, gzipSync(Buffer.from(text.toString('latin1').replace('taskflows backup 1', 'taskflows backup 2'), 'latin1')))
    expect(await finished(tf(['db', 'restore', damaged, '--yes'], url), 1)).toContain('backup')
    expect(await fingerprint(url)).toBe(before)
  })

  test.skipIf(other === undefined)(`goes to PostgreSQL ${otherVersion} and back`, { timeout: 60_000 }, async () => {
    await using elsewhere = await startPostgres({ programs: other!, fsync: false })
    const [here, back] = [await emptyDatabase(), await emptyDatabase()]
    await finished(tf(['db', 'restore', file], here))
    await finished(tf(['db', 'restore', file], elsewhere.url))
    expect(await fingerprint(elsewhere.url)).toBe(await fingerprint(here))
    const again = join(directory, 'again.backup')
    await finished(tf(['db', 'backup', again], elsewhere.url))
    await finished(tf(['db', 'restore', again], back))
    expect(await fingerprint(back)).toBe(await fingerprint(here))
  })

  test('leaves nothing behind when it is interrupted, even while it waits for a lock', { timeout: 20_000 }, async () => {
    const cut = join(directory, 'cut.backup')
    const database = open(busy)
    await database.transaction(async (tx) => {
      await tx.query('lock table taskflows.jobs in access exclusive mode')
      const backup = tf(['db', 'backup', cut], busy)
      const copyWaits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'copy%'`
      while ((await database.query(copyWaits)).length === 0) await pause(20)
      backup.signal('SIGINT')
      expect(await finished(backup, 130)).toContain('nothing was written')
    })
    expect(readdirSync(directory).filter((name) => name.startsWith('cut'))).toEqual([])
  })
})

/** One of: a byte changed, bytes left out, cut off, bytes doubled, random from some place on. */
function damage(bytes: Buffer, round: number): Buffer {
  // The time of packing and the name of the system in the head of gzip mean nothing.
  const at = randomInt(10, bytes.length - 10)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (Math.floor(round / 2) % 5) {
    case 0: return Buffer.concat([head, Buffer.from([tail[0]! ^ randomInt(1, 256)]), tail.subarray(1)])
    case 1: return Buffer.concat([head, tail.subarray(randomInt(1, 10))])
    case 2: return Buffer.from(head)
    case 3: return Buffer.concat([head, tail.subarray(0, 9), tail])
    default: return Buffer.concat([head, Buffer.from(Array.from(tail.subarray(0, 1_000), () => randomInt(256)))])
  }
}
