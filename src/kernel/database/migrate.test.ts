import { randomBytes } from 'node:crypto'
import { afterAll, beforeEach, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../adapters/database/postgres/index.ts'
import { createTestDatabase } from '../../testing/test-database.ts'
import { type Migration, migrate, readMigrations, schemaVersion } from './migrate.ts'

let stack = new AsyncDisposableStack()
let url: string
beforeEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
  // An empty one: the template of the run is migrated.
  url = stack.use(await createTestDatabase(inject('postgresUrl'), { template: 'template1' })).url
})
afterAll(() => stack.disposeAsync())

function open(schema = 'taskflows') {
  const database = createPostgres({ source: urlSource(url), schema })
  stack.defer(() => database.close())
  return database
}

const newest = readMigrations().at(-1)!
const made = (version: number, sql: string, runsWith = version): Migration => ({ version, name: `${String(version).padStart(4, '0')}-made`, sql, checksum: randomBytes(8).toString('hex'), runsWith })
const tablesOf = async (schema: string) =>
  (await open().query<{ name: string }>(`select tablename as name from pg_tables where schemaname = $1 order by 1`, [schema])).map(({ name }) => name)

test('an empty database gets every table, and a second time changes nothing', async () => {
  const database = open()
  expect(await schemaVersion(database, 'taskflows')).toBeNull()
  expect(await migrate(database)).toBe(newest.version)
  const tables = await tablesOf('taskflows')
  expect(tables).toEqual(expect.arrayContaining(['attempts', 'events', 'held', 'jobs', 'leases', 'migrations', 'ready']))
  expect(await migrate(database)).toBe(newest.version)
  expect(await tablesOf('taskflows')).toEqual(tables)
  expect(await schemaVersion(database, 'taskflows')).toBe(newest.version)
})

test('four servers that start together apply each migration once', async () => {
  const second = made(newest.version + 1, 'create table taskflows.made (at timestamptz default clock_timestamp()); insert into taskflows.made default values')
  const versions = await Promise.all(Array.from({ length: 4 }, () => migrate(open(), [...readMigrations(), second])))
  expect(new Set(versions)).toEqual(new Set([second.version]))
  expect(await open().query('select count(*) as count from taskflows.made')).toEqual([{ count: 1 }])
})

test('a migration that fails leaves nothing of itself behind, and what came before stays', async () => {
  const broken = made(newest.version + 1, 'create table taskflows.half (); select 1 / 0')
  await expect(migrate(open(), [...readMigrations(), broken])).rejects.toMatchObject({ code: '22012' })
  expect(await tablesOf('taskflows')).not.toContain('half')
  expect(await schemaVersion(open(), 'taskflows')).toBe(newest.version)
})

test('a migration that was changed after it was applied is refused by name', async () => {
  await migrate(open())
  const changed = readMigrations().map((migration) => ({ ...migration, checksum: 'other' }))
  await expect(migrate(open(), changed)).rejects.toMatchObject({ code: 'database.migration_changed', message: expect.stringContaining('0001-') })
})

test('a database that is too new is refused, and one that still runs with older code is not', async () => {
  await migrate(open(), [...readMigrations(), made(newest.version + 1, 'select 1', newest.version)])
  expect(await migrate(open())).toBe(newest.version + 1)
  await open().query(`insert into taskflows.migrations (version, name, checksum, runs_with) values (99, 'future', 'x', 99)`)
  await expect(migrate(open())).rejects.toMatchObject({
    code: 'database.too_new', message: `the database is at schema version 99, which needs code of version 99 or newer, and this program knows ${newest.version}`,
  })
})

test('each migration that was applied is told once, and those that were there are not', async () => {
  const told: string[] = []
  const onApplied = ({ name }: Migration) => void told.push(name)
  await migrate(open(), readMigrations().slice(0, 1), { onApplied })
  await migrate(open(), undefined, { onApplied })
  await migrate(open(), undefined, { onApplied })
  expect(told).toEqual(readMigrations().map(({ name }) => name))
})

test('a migration that has to wait for a lock lets others pass, and is applied when it gets it', async () => {
  await migrate(open())
  const widen = made(newest.version + 1, 'alter table taskflows.workers add column wide text')
  let migrating: Promise<number> | undefined
  await open().transaction(async (tx) => {
    await tx.query('select from taskflows.workers')
    migrating = migrate(open(), [...readMigrations(), widen])
    const waits = () => open().query(`select from pg_locks where not granted and relation = 'taskflows.workers'::regclass`)
    while ((await waits()).length === 0) continue
    // It stands in the queue behind us, and this one behind it: it must be answered while we hold our lock.
    await open().query('select from taskflows.workers')
  })
  expect(await migrating).toBe(widen.version)
})

test('tables land in the schema that is named, also where its name is a word of SQL', async () => {
  // A word that SQL keeps for itself.
  const odd = 'user'
  await migrate(open(odd))
  expect(await tablesOf(odd)).toContain('ready')
  expect(await tablesOf('taskflows')).toEqual([])
  await migrate(open())
  expect(await tablesOf('taskflows')).toEqual(await tablesOf(odd))
})

test('two schemas of one database do not hear each other', async () => {
  const heard: string[] = []
  const woken = Promise.withResolvers<void>()
  const [ours, theirs] = [open(), open('other')]
  for (const [name, database] of Object.entries({ ours, theirs })) {
    await database.listen('ready', { ready: () => {}, notify: (payload) => { if (heard.push(`${name} ${payload}`) === 2) woken.resolve() } })
  }
  await ours.query(`select pg_notify('taskflows_ready', 'one')`)
  await theirs.query(`select pg_notify('taskflows_ready', 'two')`)
  await woken.promise
  expect(heard.toSorted()).toEqual(['ours one', 'theirs two'])
})
