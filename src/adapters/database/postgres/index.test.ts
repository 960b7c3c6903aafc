import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer, connect as connectTo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ConnectionLost, type Database, repeatable, statement } from '../../../kernel/database/database.ts'
import { type TestDatabase, createTestDatabase } from '../../../testing/test-database.ts'
import { type PostgresOptions, createPostgres, urlSource } from './index.ts'

let store: TestDatabase
/** For what the test itself does to the server. */
let admin: Database
beforeAll(async () => {
  store = await createTestDatabase(inject('postgresUrl'))
  admin = createPostgres({ source: urlSource(store.url), settings: { 'tf.role': 'admin' } })
  await admin.query('create table kept (n integer)')
})
afterAll(async () => {
  await admin.close()
  await store[Symbol.asyncDispose]()
})

const opened: Database[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()))
  await admin.query('truncate kept')
})

function open(options: Partial<PostgresOptions> = {}): Database {
  const database = createPostgres({ source: urlSource(store.url), ...options })
  opened.push(database)
  return database
}

const killOthers = () => admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
const kept = async () => (await admin.query<{ count: number }>('select count(*) as count from kept'))[0]!.count
const pid = repeatable('my-pid', 'select pg_backend_pid() as pid')
const suicide = 'pg_terminate_backend(pg_backend_pid())'

describe('values', () => {
  test('a bigint comes as a number, a timestamptz as epoch milliseconds, json as its text', async () => {
    const [row] = await open().query(`select 9007199254740991::bigint as big, '2030-01-01 12:00:00.123456+05:30'::timestamptz as at, 'infinity'::timestamptz as never, '{"b": 1, "a": 1e400}'::json as text`)
    expect(row).toEqual({ big: 9007199254740991, at: Date.parse('2030-01-01T06:30:00.123Z'), never: Infinity, text: '{"b": 1, "a": 1e400}' })
  })

  test('settings hold on every connection', async () => {
    const database = open({ settings: { enable_sort: 'off', 'tf.now': '2030-01-01' }, max: 3 })
    const rows = await Promise.all([1, 2, 3].map(() => database.query(`select current_setting('enable_sort') as sort, taskflows.now() as now, pg_sleep(0.02)`)))
    for (const [row] of rows) expect(row).toMatchObject({ sort: 'off', now: Date.parse('2030-01-01T00:00:00Z') })
  })
})

describe('a connection that was killed', () => {
  test('while it was idle is replaced at the next call', async () => {
    const database = open({ max: 1 })
    const [before] = await database.query(pid)
    await killOthers()
    const [after] = await database.query(pid)
    expect(after).not.toEqual(before)
  })

  test('under a statement that may be repeated: it is sent again', async () => {
    const database = open()
    await admin.query('create sequence if not exists tries')
    // Kills its own connection at the first try.
    const read = repeatable('read-once-dead', `select case when nextval('tries') = 1 then ${suicide} end as killed, 'answer' as answer`)
    expect(await database.query(read)).toMatchObject([{ answer: 'answer' }])
  })

  test('under any other statement: the caller is told that it may have been carried out', async () => {
    const lost = open().query(statement('write-dead', `insert into kept select 1 where ${suicide}`))
    await expect(lost).rejects.toBeInstanceOf(ConnectionLost)
    await expect(lost).rejects.toMatchObject({ sent: true, code: 'database.unreachable' })
  })

  test('does not end the process, however many die at once and whatever they do', async () => {
    const database = open({ max: 8 })
    for (let round = 0; round < 10; round += 1) {
      const calls = Promise.allSettled(Array.from({ length: 16 }, () => database.query('select pg_sleep(0.01)')))
      await killOthers()
      for (const call of await calls) if (call.status === 'rejected') expect(call.reason).toBeInstanceOf(ConnectionLost)
    }
    expect(await database.query(pid)).toHaveLength(1)
  })
})

describe('a transaction', () => {
  test('commits what it did, or nothing when it throws', async () => {
    const database = open()
    expect(await database.transaction(async (tx) => { await tx.query('insert into kept values (1)'); return 'done' })).toBe('done')
    await expect(database.transaction(async (tx) => { await tx.query('insert into kept values (2)'); throw new RangeError('no') })).rejects.toBeInstanceOf(RangeError)
    await expect(database.transaction((tx) => tx.query('insert into kept values (1 / 0)'))).rejects.toMatchObject({ code: '22012' })
    expect(await kept()).toBe(1)
  })

  test('whose connection breaks before the commit is done again, since nothing of it was kept', async () => {
    let tries = 0
    await open().transaction(async (tx) => {
      tries += 1
      await tx.query('insert into kept values (1)')
      if (tries === 1) await tx.query(`select ${suicide}`)
    })
    expect([tries, await kept()]).toEqual([2, 1])
  })

  test('whose connection breaks in the commit is not done again, and the caller is told', async () => {
    // A deferred trigger runs inside the commit.
    await admin.query(`create function die() returns trigger language plpgsql as $$ begin perform ${suicide}; return null; end $$`)
    await admin.query('create table fatal (n integer)')
    await admin.query('create constraint trigger die after insert on fatal deferrable initially deferred for each row execute function die()')
    let tries = 0
    const lost = open().transaction(async (tx) => {
      tries += 1
      await tx.query('insert into fatal values (1)')
    })
    await expect(lost).rejects.toMatchObject({ name: expect.any(String), sent: true })
    expect(tries).toBe(1)
  })

  test('that PostgreSQL gave up for a deadlock is done again', async () => {
    const database = open()
    await admin.query('insert into kept values (1), (2)')
    const both = Promise.withResolvers<void>()
    let arrived = 0
    const lock = (first: number, second: number) => database.transaction(async (tx) => {
      await tx.query(`update kept set n = n where n = ${first}`)
      if ((arrived += 1) === 2) both.resolve()
      await both.promise
      await tx.query(`update kept set n = n where n = ${second}`)
    })
    await Promise.all([lock(1, 2), lock(2, 1)])
    expect(arrived).toBeGreaterThan(2)
  })
})

describe('a subscription', () => {
  test('hears what is said, on its channel only, until it is closed', async () => {
    const database = open()
    const heard: string[] = []
    const done = Promise.withResolvers<void>()
    const subscription = await database.listen('ready', { ready: () => {}, notify: (payload) => heard.push(payload) })
    await database.listen('held', { ready: () => {}, notify: () => done.resolve() })
    await admin.query(`select pg_notify('taskflows_ready', 'one'), pg_notify('taskflows_cancel', 'no')`)
    await admin.query(`select pg_notify('taskflows_held', '')`)
    await done.promise
    await subscription.close()
    await admin.query(`select pg_notify('taskflows_ready', 'two')`)
    expect(heard).toEqual(['one'])
  })

  test('survives its connection, and says when it holds again', async () => {
    const database = open()
    let again = Promise.withResolvers<void>()
    const heard = Promise.withResolvers<string>()
    let times = 0
    await database.listen('ready', { notify: heard.resolve, ready: () => { if ((times += 1) > 1) again.resolve() } })
    expect(times).toBe(1)
    for (let round = 0; round < 3; round += 1) {
      await killOthers()
      await again.promise
      again = Promise.withResolvers()
    }
    await admin.query(`select pg_notify('taskflows_ready', 'after')`)
    expect(await heard.promise).toBe('after')
  })
})

describe('a server that is away', () => {
  test('is waited for, and then named, without the password', async () => {
    const url = `postgres://me:secret-word@127.0.0.1:${await freePort()}/none`
    const before = Date.now()
    const error = await open({ source: urlSource(url), patienceMs: 300 }).query('select 1').catch((thrown: unknown) => thrown as Error)
    expect(Date.now() - before).toBeLessThan(2_000)
    expect(error).toMatchObject({ code: 'database.unreachable', message: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:\d+ did not answer within 0\.3 s: connect ECONNREFUSED/) })
    expect(JSON.stringify(error) + String(error)).not.toContain('secret-word')
  })

  test('is named also when its name has several addresses, or it is a socket', async () => {
    const port = await freePort()
    await expect(open({ source: urlSource(`postgres://localhost:${port}/none`), patienceMs: 0 }).query('select 1')).rejects.toMatchObject({ message: expect.stringMatching(new RegExp(`at \\S+:${port} `)) })
    await expect(open({ source: { ensure: async () => ({ host: '/nowhere' }) }, patienceMs: 0 }).query('select 1')).rejects.toMatchObject({ code: 'database.unreachable', message: expect.stringContaining('/nowhere') })
  })

  test('and comes back in time was only slow, for every call that waits', async () => {
    await using proxy = await createProxy(store.url)
    const database = open({ source: urlSource(proxy.url), max: 4 })
    await Promise.all(Array.from({ length: 4 }, () => database.query(pid)))
    await proxy.away()
    const calls = Promise.all(Array.from({ length: 20 }, () => database.query(pid)))
    await proxy.refused()
    await proxy.back()
    const before = Date.now()
    expect(await calls).toHaveLength(20)
    expect(Date.now() - before).toBeLessThan(3_000)
  })
})

describe('closing', () => {
  test('ends every connection, also while one is being made, and refuses what comes after', async () => {
    const asked = Promise.withResolvers<void>()
    const address = Promise.withResolvers<void>()
    const database = open({ source: { ensure: async () => {
      asked.resolve()
      await address.promise
      return { connectionString: store.url }
    } } })
    const call = database.query(pid)
    await asked.promise
    const closed = database.close()
    address.resolve()
    await expect(call).rejects.toMatchObject({ code: 'database.unreachable', message: 'the connections were closed' })
    await closed
    await database.close()
    await expect(database.query(pid)).rejects.toMatchObject({ sent: false })
  })

  test('ends the wait for a server that is away', async () => {
    const database = open({ source: urlSource(`postgres://127.0.0.1:${await freePort()}/none`), patienceMs: 60_000 })
    const call = database.query(pid)
    const refused = expect(call).rejects.toMatchObject({ message: 'the connections were closed' })
    await database.close()
    await refused
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A way to the server that can be cut. */
async function createProxy(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let refusals = 0
  let waiting: (() => void) | undefined
  let cut = false
  const server = createServer((socket) => {
    if (cut) {
      refusals += 1
      waiting?.()
      socket.destroy()
      return
    }
    const upstream = connectTo(Number(port), hostname)
    for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => { sockets.delete(one); other.destroy() }).pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  const drop = () => { for (const socket of sockets) socket.destroy() }
  return {
    url: url.toString(),
    away: async () => { cut = true; drop() },
    /** Resolves when a connection was refused since it is away. */
    refused: () => new Promise<void>((resolve) => { waiting = resolve; if (refusals > 0) resolve() }),
    back: async () => { cut = false },
    [Symbol.asyncDispose]: async () => {
      drop()
      server.close()
      await once(server, 'close')
    },
  }
}
