/** What stands between us and PostgreSQL is recognised, on a real PgBouncer. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import pg from 'pg'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { detectPooling } from '../../src/adapters/database/postgres/pooling.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { hasPgbouncer, startPgbouncer } from '../testbed/pgbouncer.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database[Symbol.asyncDispose]())

test('a direct connection is one', async () => {
  expect(await detectPooling(urlSource(database.url))).toBe('none')
})

const present = hasPgbouncer()
if (!present) console.log('skipped: tests with PgBouncer: it is not installed (apt-get install pgbouncer)')
if (!present && process.env['CI']) throw new Error('PgBouncer is missing')

describe.skipIf(!present)('through PgBouncer', () => {
  test.each([['session', 'session'], ['transaction', 'transaction'], ['statement', 'transaction']] as const)('pool_mode %s is recognised', async (mode, found) => {
    await using pooler = await startPgbouncer(database.url, mode)
    expect(await detectPooling(urlSource(pooler.url))).toBe(found)
  })

  test('a transaction pooler is recognised while others use it', async () => {
    await using pooler = await startPgbouncer(database.url, 'transaction')
    const pool = new pg.Pool({ connectionString: pooler.url, max: 8 })
    const stop = new AbortController()
    const busy = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) await pool.query('select pg_sleep(0.002)')
    })
    expect(await detectPooling(urlSource(pooler.url))).toBe('transaction')
    stop.abort()
    await Promise.all(busy)
    await pool.end()
  })

  test('a connection with settings, which such poolers refuse, fails with a word about the pooler', async () => {
    await using pooler = await startPgbouncer(database.url, 'transaction')
    const hot = createPostgres({ source: urlSource(pooler.url), settings: { enable_sort: 'off' }, patienceMs: 1_000 })
    await expect(hot.query('select 1')).rejects.toMatchObject({ code: 'database.refused', message: expect.stringMatching(/^a pooler in front of PostgreSQL refuses the connection/) })
    await hot.close()
  })
})
