/** A network that goes silent: nothing is refused or reset, there is just no answer. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ConnectionLost, repeatable } from '../../../kernel/database/database.ts'
import { type TestDatabase, createTestDatabase } from '../../../testing/test-database.ts'
import { createPostgres, urlSource } from './index.ts'

let store: TestDatabase
beforeAll(async () => {
  store = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => store[Symbol.asyncDispose]())

describe.concurrent('a statement without an answer', { timeout: 30_000 }, () => {
  test('is given up within 10 s when the server answers nobody, and the next call within the patience after that', async () => {
    await using site = await openSite()
    await site.database.query('select 1')
    site.deaf('all')
    const [first, firstMs] = await timed(site.database.query('select 2'))
    expect(first).toBeInstanceOf(ConnectionLost)
    expect(first).toMatchObject({ sent: true, code: 'database.unreachable' })
    expect(firstMs).toBeLessThan(11_000)
    const [second, secondMs] = await timed(site.database.query('select 3'))
    expect(second).toMatchObject({ code: 'database.unreachable' })
    expect(secondMs).toBeLessThan(7_000)
  })

  test('is given up within 6 s when only its own connection is dead, and sent again if it may be', async () => {
    await using site = await openSite()
    await site.database.query('select 1')
    await pause(1_100)
    site.deaf('present')
    const sentAt = Date.now()
    expect(await site.database.query(repeatable('answer-42', 'select 42 as answer'))).toEqual([{ answer: 42 }])
    expect(Date.now() - sentAt).toBeLessThan(7_000)
  })

  test('is waited for while the server works on it', async () => {
    await using site = await openSite()
    expect(await site.database.query('select pg_sleep(9), 42 as answer')).toMatchObject([{ answer: 42 }])
  })
})

test('a transaction of ours that nobody goes on with is ended by the server', async () => {
  const database = createPostgres({ source: urlSource(store.url) })
  expect(await database.transaction((tx) => tx.query(`select current_setting('idle_in_transaction_session_timeout') as patience`))).toEqual([{ patience: '30s' }])
  await database.close()
})

async function timed(call: Promise<unknown>): Promise<[error: unknown, ms: number]> {
  const sentAt = Date.now()
  const error = await call.then(() => undefined, (thrown: unknown) => thrown)
  return [error, Date.now() - sentAt]
}

/** A pool that reaches PostgreSQL through something that can go deaf: for the connections there are, or for those to come as well. */
async function openSite() {
  const target = new URL(store.url)
  const sockets = new Set<Socket>()
  let deafToNew = false
  const proxy = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const one of [socket, upstream]) {
      sockets.add(one)
      one.on('error', () => {})
    }
    if (deafToNew) return
    socket.pipe(upstream).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(store.url)
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const database = createPostgres({ source: urlSource(url.toString()), max: 2, patienceMs: 5_000 })
  return {
    database,
    deaf: (which: 'present' | 'all'): void => {
      deafToNew = which === 'all'
      for (const socket of sockets) {
        socket.unpipe()
        socket.resume()
      }
    },
    [Symbol.asyncDispose]: async () => {
      await database.close()
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}
