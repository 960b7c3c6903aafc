import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../adapters/database/postgres/index.ts'
import type { Database, Queryable } from '../kernel/database/database.ts'
import { type TestDatabase, createTestDatabase } from '../testing/test-database.ts'
import { createNonceStore } from './nonces.ts'

let store: TestDatabase
let database: Database
beforeAll(async () => {
  store = await createTestDatabase(inject('postgresUrl'))
  database = createPostgres({ source: urlSource(store.url) })
})
afterAll(async () => {
  await database.close()
  await store[Symbol.asyncDispose]()
})

const newNonce = () => randomBytes(16).toString('hex')
const count = async () => (await database.query<{ count: number }>('select count(*)::int as count from taskflows.nonces'))[0]!.count

test('a nonce is new once, on every server that shares the store', async () => {
  const [one, two] = [createNonceStore(database), createNonceStore(database)]
  const nonce = newNonce()
  expect(await one.remember(nonce)).toBe(true)
  expect(await one.remember(nonce)).toBe(false)
  expect(await two.remember(nonce)).toBe(false)
})

test('of many at the same time, on two servers, each nonce is new once', async () => {
  const servers = [createNonceStore(database), createNonceStore(database)]
  const nonces = Array.from({ length: 200 }, newNonce)
  const answers = await Promise.all(servers.flatMap((server, at) => (at === 0 ? nonces : nonces.toReversed()).flatMap((nonce) => [server.remember(nonce), server.remember(nonce)])))
  expect(answers.filter(Boolean)).toHaveLength(200)
})

test('nonces that arrive together share a statement', async () => {
  let statements = 0
  const counting: Queryable['rows'] = (...call) => {
    statements += 1
    return database.rows(...call)
  }
  const nonces = createNonceStore({ rows: counting, query: database.query.bind(database) } as Database)
  await Promise.all(Array.from({ length: 100 }, () => nonces.remember(newNonce())))
  expect(statements).toBe(2)
})

test('nonces outlive the window and are then forgotten', async () => {
  await database.query(`update taskflows.nonces set expires_at = taskflows.now() - interval '1 second'`)
  const nonces = createNonceStore(database)
  await nonces.remember(newNonce())
  // The second statement waits its turn behind the deletion that follows the first.
  await nonces.remember(newNonce())
  expect(await count()).toBe(2)
  const [kept] = await database.query<{ minutes: number }>('select extract(minute from min(expires_at) - taskflows.now())::int as minutes from taskflows.nonces')
  expect(kept!.minutes).toBeGreaterThan(10)
})

test('when the store is away nobody is let in', async () => {
  const nonces = createNonceStore({ rows: () => Promise.reject(new Error('away')), query: () => Promise.resolve([]) } as unknown as Database)
  await expect(nonces.remember(newNonce())).rejects.toThrow('away')
})
