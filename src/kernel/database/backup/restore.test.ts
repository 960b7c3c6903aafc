import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { openCopySession } from '../../../adapters/database/postgres/copy-session.ts'
import { createPostgres, urlSource } from '../../../adapters/database/postgres/index.ts'
import { createTestDatabase } from '../../../testing/test-database.ts'
import { firstIdAt, newId } from '../../ids.ts'
import { type Migration, migrate, readMigrations } from '../migrate.ts'
import { ensurePartitions, makePartitions, partitionsAround } from '../partitions.ts'
import { backupText } from './backup.ts'
import { restoreBackup } from './restore.ts'

const weekMs = 7 * 86_400_000
const migrations = readMigrations()
const now = Date.now()
const stack = new AsyncDisposableStack()
/** Filled, and never changed. */
let source: Awaited<ReturnType<typeof emptyDatabase>>
let whole: Buffer
let target: Awaited<ReturnType<typeof emptyDatabase>>

vi.setConfig({ testTimeout: 60_000 })
beforeAll(async () => {
  source = await emptyDatabase()
  await fill(source)
  whole = await backup(source)
})
beforeEach(async () => {
  target = await emptyDatabase()
})
afterAll(() => stack.disposeAsync())

async function emptyDatabase(schema = 'taskflows') {
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl'), { template: 'template1' }))
  const database = createPostgres({ source: urlSource(url), schema })
  stack.defer(() => database.close())
  return { url, database, session: () => openCopySession({ source: urlSource(url), schema }) }
}

async function backup({ session }: typeof source, known = migrations): Promise<Buffer> {
  await using open = await session()
  const pieces: Buffer[] = []
  for await (const piece of backupText(open, { migrations: known, version: '9.9.9', nowMs: now })) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function restore({ session }: typeof target, bytes: Buffer, known = migrations) {
  await using open = await session()
  return await restoreBackup(open, (async function* () { yield bytes })(), { migrations: known, nowMs: now })
}

const awkward = { text: 'tab\t feed\n return\r back\\slash \\. \\N "quotes" \u{1F600} \u200f ü', empty: '', deep: { null: null, list: [1.5e300, -0, true] } }

/** A job of half a year ago that has ended, one that runs and has a large payload, and one that waits. */
async function fill({ database }: typeof source): Promise<void> {
  await migrate(database)
  const halfAYearAgo = now - 26 * weekMs
  for (const at of [now, halfAYearAgo]) await ensurePartitions(database, at)
  const [running, waiting, worker] = [newId(now), newId(now), newId(now)] as const
  const old = firstIdAt(halfAYearAgo)
  const job = (id: string, payload: unknown, queue = 'default') =>
    database.query(`insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, created_at, created_by) values ($1, 'default', $2, 'n', 0, $3, taskflows.now(), 'ü\\\\N')`, [id, queue, JSON.stringify(payload)])
  await job(old, awkward)
  await job(running, 'x'.repeat(900_000))
  await job(waiting, null, '\\N')
  await database.query(`insert into taskflows.attempts (job_id, attempt, outcome, final, ended_at, error_message) values ($1, 1, 'succeeded', 'SUCCEEDED', now(), E'a\\\\b\\tc')`, [old])
  await database.query(`insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited) values ($1, '\\N', 0, 9007199254740991, 'default', 'n', 1, 0, false)`, [waiting])
  await database.query(`insert into taskflows.workers (id, name, queues, tasks, started_at, seen_at) values ($1, 'w', '{}', '{n,"a,b"}', now(), now())`, [worker])
  await database.query(`insert into taskflows.leases (id, worker_id, queue, claimed_at, expires_at, job_ids, attempts, spent) values (gen_random_uuid(), $1, 'default', now(), now() + interval '1 hour', array[$2::uuid], '{1}', '{0}')`, [worker, running])
  await database.query(`insert into taskflows.events (at, type, ids) select taskflows.now(), 'jobs.added', array[$1::uuid] from generate_series(1, 5)`, [waiting])
  await database.query(`insert into taskflows.nonces values ('n', now())`)
  await database.query(`insert into taskflows.awaited_ends (job_id, state) values ($1, 'DEAD')`, [old])
}

/** All rows of the tables that a backup keeps as they are. */
async function dump({ database }: typeof source): Promise<Record<string, unknown>> {
  const tables = ['jobs', 'attempts', 'ready', 'held', 'awaited_ends', 'tasks', 'dependencies']
  const rows = tables.map(async (table) => [table, await database.query(`select to_json(t)::text as row from taskflows.${table} t order by 1`)] as const)
  const events = await database.query(`select seq, at::text, type, ids from taskflows.events order by seq`)
  return { ...Object.fromEntries(await Promise.all(rows)), events }
}

test('every row comes back as it was, into another database that was empty', async () => {
  const { end } = await restore(target, whole)
  expect(end.rows).toMatchObject({ jobs: 3, attempts: 1, leases: 1, events: 5 })
  expect(await dump(target)).toEqual(await dump(source))
})

test('what spoke for the old world is over: leases, workers, nonces, transactions, cursors', async () => {
  const [last] = await source.database.query<{ xid: string }>('select max(xid::text::numeric)::text as xid from taskflows.events')
  await restore(target, whole)
  const [row] = await target.database.query(`
    select (select bool_and(expires_at <= taskflows.now()) from taskflows.leases) as expired, (select bool_and(stopped_at is not null) from taskflows.workers) as stopped,
      (select count(*) from taskflows.nonces) as nonces, (select bool_and(xid > $1::text::xid8) from taskflows.events) as written_anew`, [last!.xid])
  expect(row).toEqual({ expired: true, stopped: true, nonces: 0, written_anew: true })
  const [one] = await source.database.query('select id from taskflows.installation')
  expect(await target.database.query('select id from taskflows.installation')).not.toEqual([one])
})

test('numbers go on behind those of the backup', async () => {
  await restore(target, whole)
  const [{ next }] = (await target.database.query<{ next: number }>(`select nextval('taskflows.event_seq') as next`)) as [{ next: number }]
  expect(next).toBe(6)
  await target.database.query(`insert into taskflows.awaited_ends (job_id, state) values (gen_random_uuid(), 'DEAD')`)
  expect(await target.database.query(`select seq from taskflows.awaited_ends order by seq`)).toEqual([{ seq: 1 }, { seq: 2 }])
})

test('it replaces what was there, and leaves alone what is not ours', async () => {
  await fill(target)
  await target.database.query('create table taskflows.theirs as select 1 as one')
  await restore(target, whole)
  expect(await dump(target)).toEqual(await dump(source))
  expect(await target.database.query('select one from taskflows.theirs')).toEqual([{ one: 1 }])
  // And once more, over what a restore has made.
  await restore(target, await backup(target))
  expect(await dump(target)).toEqual(await dump(source))
})

test('something of others that depends on our tables stops it, and nothing has changed', async () => {
  await fill(target)
  const before = await dump(target)
  await target.database.query('create view public.mine as select id from taskflows.jobs')
  await expect(restore(target, whole)).rejects.toMatchObject({ code: 'database.not_empty', message: expect.stringContaining('mine') })
  expect(await dump(target)).toEqual(before)
})

test('a backup of an earlier schema is brought up to this one', async () => {
  const earlier = await emptyDatabase()
  await migrate(earlier.database, migrations.slice(0, 1))
  const partitions = partitionsAround(now).filter(({ table }) => table !== 'runs')
  await earlier.database.transaction((tx) => makePartitions(tx, 'taskflows', partitions))
  const id = newId(now)
  await earlier.database.query(`insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, created_at, created_by) values ($1, 'default', 'q', 'n', 0, '1', now(), 'me')`, [id])
  await restore(target, await backup(earlier))
  expect(await target.database.query('select version from taskflows.migrations order by 1')).toEqual(migrations.map(({ version }) => ({ version })))
  expect(await target.database.query('select id, unique_key from taskflows.jobs')).toEqual([{ id, unique_key: null }])
})

test('a backup of a newer schema is refused, and so is one made by other migrations, and a newer database', async () => {
  const newer: Migration = { version: 9_000, name: '9000-newer', sql: 'create table taskflows.newer ()', checksum: 'x', runsWith: 1 }
  const later = await emptyDatabase()
  await migrate(later.database, [...migrations, newer])
  await expect(backup(later)).rejects.toMatchObject({ code: 'database.too_new' })
  const bytes = await backup(later, [...migrations, newer])
  await expect(restore(target, bytes)).rejects.toMatchObject({ code: 'backup.too_new' })
  await expect(restore(target, bytes, [...migrations, { ...newer, checksum: 'y' }])).rejects.toMatchObject({ code: 'database.migration_changed' })
  await expect(restore(later, whole)).rejects.toMatchObject({ code: 'database.too_new' })
})

test('damage that only the last line shows changes nothing', async () => {
  await fill(target)
  const before = await dump(target)
  const at = whole.indexOf('"quotes')
  const damagedPayload = Buffer.concat([whole.subarray(0, at + 3), Buffer.from('X'), whole.subarray(at + 4)])
  await expect(restore(target, damagedPayload)).rejects.toMatchObject({ code: 'backup.invalid' })
  await expect(restore(target, whole.subarray(0, whole.length - 30))).rejects.toMatchObject({ code: 'backup.invalid' })
  expect(await dump(target)).toEqual(before)
})

test('a database without our tables has nothing to back up', async () => {
  await expect(backup(target)).rejects.toMatchObject({ code: 'database.empty' })
})

test('a schema of another name is backed up and restored into one of yet another', async () => {
  const one = await emptyDatabase('acme')
  const other = await emptyDatabase('user')
  await fill(one)
  await restore(other, await backup(one))
  expect(await dump(other)).toEqual(await dump(one))
})
