import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { findPostgres, startPostgres } from '../../test/testbed/postgres.ts'
import { createTestDatabase } from './test-database.ts'

test('each test database is migrated, and none sees what another wrote', async () => {
  await using one = await createTestDatabase(inject('postgresUrl'))
  await using two = await createTestDatabase(inject('postgresUrl'))
  await ask(one.url, 'create table mine ()')
  expect(await ask(two.url, `select to_regclass('mine') as found`)).toEqual([{ found: null }])
  expect(await ask(two.url, `select to_regclass('taskflows.migrations')::text as found`)).toEqual([{ found: 'taskflows.migrations' }])
})

test('on a server without a template it is made and migrated, and disposing leaves nothing', async () => {
  await using postgres = await startPostgres({ programs: findPostgres(process.env.TASKFLOWS_TEST_POSTGRES || '18')!, fsync: false })
  const database = await createTestDatabase(postgres.url)
  expect(await ask(database.url, `select to_regclass('taskflows.jobs')::text as found`)).toEqual([{ found: 'taskflows.jobs' }])
  await database[Symbol.asyncDispose]()
  expect(await ask(postgres.url, `select datname from pg_database where datname like 't\\_%'`)).toEqual([])
})

test('a template that was named must be there', async () => {
  await expect(createTestDatabase(inject('postgresUrl'), { template: 'nowhere' })).rejects.toThrow('nowhere')
})

test('a disposed test database is gone, although someone is still connected', async () => {
  const database = await createTestDatabase(inject('postgresUrl'))
  const visitor = new pg.Client({ connectionString: database.url })
  visitor.on('error', () => {})
  await visitor.connect()
  await database[Symbol.asyncDispose]()
  await expect(ask(database.url, 'select 1')).rejects.toMatchObject({ code: '3D000' })
  await visitor.end()
})

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
