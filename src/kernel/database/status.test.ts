import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../adapters/database/postgres/index.ts'
import { createTestDatabase } from '../../testing/test-database.ts'
import { newId } from '../ids.ts'
import type { Database } from './database.ts'
import { type Migration, migrate, readMigrations } from './migrate.ts'
import { ensurePartitions, partitionsAround } from './partitions.ts'
import { readStatus } from './status.ts'

const stack = new AsyncDisposableStack()
const migrations = readMigrations()
const now = Date.now()
let database: Database
beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl'), { template: 'template1' }))
  database = createPostgres({ source: urlSource(url) })
  stack.defer(() => database.close())
})
afterAll(() => stack.disposeAsync())

const next = (runsWith: number): Migration => ({ version: 9_000, name: '9000-next', sql: 'select 1', checksum: 'x', runsWith })

test('before the first start there is a server and nothing else', async () => {
  const status = await readStatus(database, migrations)
  expect(status).toMatchObject({ state: 'missing', schema_version: null, runs_with: null, oldest_job_at: null, tables: [], program_schema_version: migrations.at(-1)!.version })
  expect(status.migrations.map(({ applied_at }) => applied_at)).toEqual(migrations.map(() => null))
})

test('an earlier schema is behind, and says what is missing', async () => {
  await migrate(database, migrations.slice(0, 1))
  const status = await readStatus(database, migrations)
  expect(status).toMatchObject({ state: 'behind', schema_version: 1, runs_with: 1 })
  expect(status.migrations.map(({ applied_at }) => applied_at === null)).toEqual(migrations.map(({ version }) => version > 1))
})

test('a current one shows tables, partitions and the oldest job', async () => {
  await migrate(database, migrations)
  await ensurePartitions(database, now)
  await database.query(`insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, created_at, created_by) values ($1, 't', 'q', 'n', 0, '1', to_timestamp($2), 'me')`, [newId(now), now / 1000])
  const status = await readStatus(database, migrations)
  expect(status).toMatchObject({ state: 'current', oldest_job_at: new Date(now).toISOString() })
  const weeks = partitionsAround(now).filter(({ table }) => table === 'jobs')
  expect(status.tables.find(({ name }) => name === 'jobs')).toMatchObject({ bytes: expect.any(Number), partitions: { count: weeks.length, first: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) } })
  expect(status.tables.find(({ name }) => name === 'ready')).toMatchObject({ partitions: null })
  expect(status.tables.some(({ name }) => /_\d{8}$/.test(name))).toBe(false)
})

test('a newer one is ahead while this program runs with it, and too new when not', async () => {
  await migrate(database, [...migrations, next(1)])
  expect(await readStatus(database, migrations)).toMatchObject({ state: 'ahead', schema_version: 9_000 })
  await database.query('update taskflows.migrations set runs_with = 9000 where version = 9000')
  const status = await readStatus(database, migrations)
  expect(status).toMatchObject({ state: 'too_new', runs_with: 9_000 })
  expect(status.migrations.at(-1)).toMatchObject({ name: '9000-next', known: false })
})

test('others that are connected are named, with how long their transaction is open', async () => {
  await database.transaction(async (tx) => {
    await tx.query('select 1')
    const other = (await readStatus(database, migrations)).clients.find(({ application }) => application === 'taskflows')
    expect(other).toMatchObject({ transaction_seconds: expect.any(Number) })
  })
})
