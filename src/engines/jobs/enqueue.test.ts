import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, expectTypeOf, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../adapters/database/postgres/index.ts'
import { migrate } from '../../kernel/database/migrate.ts'
import { ensurePartitions } from '../../kernel/database/partitions.ts'
import { timeOfId } from '../../kernel/ids.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import { task } from '../tasks/index.ts'
import { type EnqueueOptions, enqueue } from './enqueue.ts'
import { runSchedule } from './scheduler.ts'
import { hotSettings } from './sql/claim.ts'

let store: JobStore
const clients: pg.Client[] = []
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  await ensurePartitions(store.database, store.time.now())
})
afterAll(async () => {
  for (const client of clients) await client.end()
  await store[Symbol.asyncDispose]()
})

/** A connection of the user's own, which does not wait for ever. */
async function connect(url = store.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c lock_timeout=5s' })
  clients.push(client)
  await client.connect()
  return client
}

let names = 0
const newName = () => `name-${(names += 1)}`
const count = async (name: string) => (await store.jobs.list(everyTenant, { name }, { limit: 100 })).items.length

describe('a job that is enqueued', () => {
  test('in a transaction that is rolled back never was', async () => {
    const [client, name] = [await connect(), newName()]
    await client.query('begin')
    await enqueue(client, name)
    await client.query('rollback')
    expect(await count(name)).toBe(0)
    expect(await store.events.list(everyTenant, { limit: 1000, type: 'job.added' }).then(({ items }) => items.filter((event) => event.name === name))).toEqual([])
  })

  test('waits for the commit, is then moved on, and runs as it was asked to', async () => {
    const [client, name] = [await connect(), newName()]
    await client.query('begin')
    const { id, created } = await enqueue(client, name, { n: [1, '\\u0000', null] }, {
      queue: ' mail ', tenant: 'acme', priority: -7, maxAttempts: 5, timeout: '1m', retry: { strategy: 'fixed', baseDelaySeconds: 2, jitter: 'none' },
      correlationId: 'order-7', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })
    expect(created).toBe(true)
    expect(await count(name)).toBe(0)
    await client.query('commit')
    expect(await store.get(id)).toMatchObject({ state: 'PENDING', queue: 'mail', tenant: 'acme', priority: -7, maxAttempts: 5, correlationId: 'order-7', payload: '{"n":[1,"\\\\u0000",null]}' })
    await runSchedule(store.database)
    const [claimed] = await plainWorker(store, { names: [name] }).claim(1, { queue: 'mail' })
    expect(claimed).toMatchObject({
      id, tenant: 'acme', attempt: 1, policy: { maxAttempts: 5, timeoutMs: 60_000, retry: { strategy: 'fixed', baseDelaySeconds: 2, jitter: 'none' } },
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })
    const events = await store.events.list(everyTenant, { limit: 1000, subject: id })
    expect(events.items).toMatchObject([{ type: 'job.added', name, tenant: 'acme', actor: 'sql:postgres', correlationId: 'order-7' }])
  })

  test('for later waits for its time', async () => {
    const [client, name] = [await connect(), newName()]
    const at = new Date(Date.now() + 3_600_000)
    const moments: EnqueueOptions[] = [{ runAt: at }, { runAt: at.toISOString() }, { runAt: { epochMilliseconds: at.getTime() } }]
    for (const options of moments) {
      const job = await store.get((await enqueue(client, name, {}, options)).id)
      expect(job).toMatchObject({ state: 'SCHEDULED', scheduledAt: at.getTime(), nextRunAt: at.getTime() })
    }
    const delayed = await store.get((await enqueue(client, name, {}, { delay: '5m' })).id)
    expect(delayed.nextRunAt! - delayed.createdAt).toBe(300_000)
  })

  test('through a pool, by its task, is there at once', async () => {
    const pool = new pg.Pool({ connectionString: store.url })
    const greet = task(({ who }: { who: string }) => who, { name: newName() })
    const { id } = await enqueue(pool, greet, { who: 'Ada' }, { notify: false })
    await pool.end()
    expect(await store.get(id)).toMatchObject({ state: 'PENDING', payload: '{"who":"Ada"}' })
  })

  test('has an id of version 7 that holds its time, and ids ascend', async () => {
    const client = await connect()
    const { rows } = await client.query<{ id: string; at: number }>(`select e.id, extract(epoch from clock_timestamp())::float8 * 1000 as at from generate_series(1, 500) as n, taskflows.enqueue('ids', to_json(n)) as e`)
    for (const { id, at } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Math.abs(timeOfId(id) - at)).toBeLessThan(1_000)
    }
    const ids = rows.map(({ id }) => id)
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(500)
  })
})

describe('what is refused', () => {
  test.each<[string, EnqueueOptions]>([
    ['queue', { queue: '' }], ['queue', { queue: 'x'.repeat(65) }], ['tenant', { tenant: 'a\nb' }], ['priority', { priority: 40_000 }], ['priority', { priority: 0.5 }],
    ['delay', { delay: 'soon' }], ['delay', { delay: -1 }], ['delay', { delay: '4000d' }], ['runAt', { runAt: '2030-02-31T00:00:00Z' }], ['runAt', { runAt: '2030-01-01' }],
    ['runAt', { runAt: new Date(Number.NaN) }], ['runAt', { runAt: new Date(), delay: 1 }], ['maxAttempts', { maxAttempts: 0 }], ['maxAttempts', { maxAttempts: 101 }],
    ['timeout', { timeout: 0 }], ['timeout', { timeout: '31d' }], ['retry.strategy', { retry: { strategy: 'never' as 'fixed' } }], ['retry.jitter', { retry: { jitter: 'some' as 'full' } }],
    ['retry.baseDelaySeconds', { retry: { baseDelaySeconds: -1 } }], ['retry.maxDelaySeconds', { retry: { maxDelaySeconds: Infinity } }], ['retry.maxAttempts', { retry: { maxAttempts: 3 } as object }],
    ['correlationId', { correlationId: 'x'.repeat(129) }], ['traceparent', { traceparent: 'nonsense' }], ['uniqueKey', { uniqueKey: ' ' }], ['notify', { notify: 'no' as unknown as boolean }],
    ['schema', { schema: '' }], ['max_attempts', { max_attempts: 3 } as EnqueueOptions],
  ])('%s of %j, before anything is sent', async (field, options) => {
    const client = { query: () => { throw new Error('sent') } }
    await expect(enqueue(client, 'work', {}, options)).rejects.toMatchObject({ code: 'request.invalid', message: expect.stringMatching(`^${field}: `), details: { fields: [{ path: field }] } })
  })

  test('names and payloads that the API would not take, and clients that are none', async () => {
    const client = { query: () => { throw new Error('sent') } }
    for (const name of ['', 'x'.repeat(256), 'a\0b', undefined]) await expect(enqueue(client, name as string)).rejects.toMatchObject({ code: 'request.invalid', details: { fields: [{ path: 'name' }] } })
    for (const payload of ['\0', 1n, { at: new Date() }, 'x'.repeat(1_048_576)]) await expect(enqueue(client, 'work', payload)).rejects.toMatchObject({ code: 'request.invalid', details: { fields: [{ path: 'payload' }] } })
    await expect(enqueue(undefined as never, 'work')).rejects.toBeInstanceOf(TypeError)
  })

  test.each([
    ['name', `null`], ['name', `''`], ['name', `repeat('x', 256)`], ['name', `E'a\\nb'`], ['payload', `'x', to_json(repeat('x', 1048575))`], ['payload', `'x', E'"\\\\u0000"'`],
    ['payload', `'x', (repeat('[', 201) || repeat(']', 201))::json`], ['queue', `'x', queue => repeat('x', 65)`], ['tenant_id', `'x', tenant_id => ''`], ['priority', `'x', priority => 32768`],
    ['delay', `'x', delay => '-1 second'`], ['delay', `'x', delay => '11 years'`], ['delay', `'x', delay => '1 second', run_at => now()`], ['run_at', `'x', run_at => 'infinity'`],
    ['max_attempts', `'x', max_attempts => 0`], ['timeout', `'x', timeout => '0'`], ['timeout', `'x', timeout => '31 days'`], ['retry', `'x', retry => '[]'`], ['retry', `'x', retry => '{"max_attempts": 3}'`],
    ['retry.strategy', `'x', retry => '{"strategy": null}'`], ['retry.jitter', `'x', retry => '{"jitter": "some"}'`], ['retry.base_delay_seconds', `'x', retry => '{"base_delay_seconds": "1"}'`],
    ['retry.max_delay_seconds', `'x', retry => '{"max_delay_seconds": -1}'`], ['correlation_id', `'x', correlation_id => repeat('x', 129)`], ['traceparent', `'x', traceparent => 'nonsense'`], ['unique_key', `'x', unique_key => ' '`],
  ])('%s by the SQL function: enqueue(%s)', async (argument, args) => {
    await expect((await connect()).query(`select * from taskflows.enqueue(${args})`)).rejects.toMatchObject({ code: '22023', message: expect.stringMatching(`^${argument}: expected .*, got `), hint: expect.any(String) })
  })

  test('never what the API takes: every JSON value, and every level of nesting that fits', async () => {
    const client = await connect()
    const nested = (depth: number): unknown => (depth === 0 ? '[[{' : depth % 2 ? [nested(depth - 1)] : { '}"]': nested(depth - 1) })
    for (const payload of [nested(200), Array.from({ length: 100_000 }, () => [{}]), 'x'.repeat(1_048_574), '\\u0000', '\\\\\\u0000']) expect((await enqueue(client, 'any', payload)).created).toBe(true)
    await fc.assert(fc.asyncProperty(fc.jsonValue(), async (payload) => {
      fc.pre(!JSON.stringify(payload).includes('\\u0000'))
      const { id } = await enqueue(client, 'any', payload)
      expect(JSON.parse((await store.get(id)).payload!)).toEqual(JSON.parse(JSON.stringify(payload)))
    }), { numRuns: 50 })
  })

  test('a payload of another type than the task takes, by the compiler', () => {
    const greet = task(({ who }: { who: string }) => who, { name: 'greet' })
    const tick = task(() => 1, { name: 'tick' })
    expectTypeOf(enqueue<typeof greet>).parameter(2).toEqualTypeOf<{ who: string }>()
    // @ts-expect-error -- who must be text
    const wrong = () => enqueue(new pg.Client(), greet, { who: 1 })
    // @ts-expect-error -- the payload is missing
    const missing = () => enqueue(new pg.Client(), greet)
    expectTypeOf([wrong, missing, () => enqueue(new pg.Pool(), tick)]).items.toBeFunction()
  })
})

describe('while ten transactions that enqueued stay open', () => {
  test('they hold no lock that anybody waits for, and everybody else goes on', async () => {
    const queue = newName()
    const add = () => store.add({ queue })
    await Promise.all(Array.from({ length: 20 }, add))
    const open = await Promise.all(Array.from({ length: 10 }, () => connect()))
    for (const client of open) {
      await client.query('begin')
      await enqueue(client, 'work', {}, { queue })
    }
    const { rows: locks } = await (await connect()).query<{ locktype: string; mode: string }>(
      `select distinct locktype, mode from pg_locks where pid = any($1::int[]) order by 1, 2`, [open.map((client) => (client as unknown as { processID: number }).processID)])
    // Their own transaction, and the lock of every writer on a table: none on rows, none by advice.
    expect(locks).toEqual([
      { locktype: 'relation', mode: 'RowExclusiveLock' },
      { locktype: 'transactionid', mode: 'ExclusiveLock' }, { locktype: 'virtualxid', mode: 'ExclusiveLock' },
    ])

    const impatient = createPostgres({ source: urlSource(store.url), settings: { ...hotSettings, lock_timeout: '100ms' } })
    const worker = plainWorker(store, { database: impatient })
    await add()
    await enqueue(await connect(), 'work', {}, { queue })
    await runSchedule(impatient)
    await ensurePartitions(impatient, Date.now() + 40 * 86_400_000)
    const claims = await worker.claim(100, { queue })
    expect(claims).toHaveLength(22)
    await store.jobs.cancel(everyTenant, claims[0]!.id, { by: tester })
    await worker.settle(claims.slice(1, 5), { final: 'DEAD' })
    await worker.complete(claims.slice(5))
    await impatient.close()

    for (const client of open) await client.query('commit')
    await runSchedule(store.database)
    // A claim that looks on from where the last one ended finds them: they became ready after it.
    const last = claims.at(-1)!
    expect(await plainWorker(store).claim(100, { queue, from: last })).toHaveLength(10)
  })
})

describe('a unique key', () => {
  test('is held by an unfinished job, of its tenant and name, and free again when that has ended', async () => {
    const [client, name] = [await connect(), newName()]
    const first = await enqueue(client, name, {}, { uniqueKey: 'k' })
    expect(await enqueue(client, name, {}, { uniqueKey: 'k' })).toEqual({ id: first.id, created: false })
    expect((await enqueue(client, name, {}, { uniqueKey: 'k', tenant: 'acme' })).created).toBe(true)
    expect((await enqueue(client, newName(), {}, { uniqueKey: 'k' })).created).toBe(true)
    await store.jobs.cancel(everyTenant, first.id, { by: tester })
    const second = await enqueue(client, name, {}, { uniqueKey: 'k' })
    expect(second).toMatchObject({ created: true })
    expect(second.id).not.toBe(first.id)
  })

  test('that a transaction took is taken by one of the others when that is rolled back, and by none when it commits', async () => {
    const name = newName()
    for (const end of ['rollback', 'commit']) {
      const clients = await Promise.all(Array.from({ length: 6 }, () => connect()))
      const [first, ...others] = clients
      await first!.query('begin')
      const mine = await enqueue(first!, name, {}, { uniqueKey: end })
      const waiting = others.map((client) => enqueue(client, name, {}, { uniqueKey: end }))
      await first!.query(end)
      const answers = await Promise.all(waiting)
      expect(answers.filter(({ created }) => created)).toHaveLength(end === 'commit' ? 0 : 1)
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
      expect(answers[0]!.id === mine.id).toBe(end === 'commit')
    }
  })

  test('whose job has ended is taken over by one of many that ask at once, and those who find it held lock nothing', async () => {
    const [name, clients] = [newName(), await Promise.all(Array.from({ length: 8 }, () => connect()))]
    const old = await enqueue(clients[0]!, name, {}, { uniqueKey: 'k' })
    await store.jobs.cancel(everyTenant, old.id, { by: tester })
    const answers = await Promise.all(clients.map((client) => enqueue(client, name, {}, { uniqueKey: 'k' })))
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    for (const client of clients) {
      await client.query('begin')
      expect(await enqueue(client, name, {}, { uniqueKey: 'k' })).toEqual({ id: answers.find(({ created }) => created)!.id, created: false })
    }
    for (const client of clients) await client.query('commit')
  })

  test('in a transaction with an older snapshot is refused rather than held twice', async () => {
    const [client, other, name] = [await connect(), await connect(), newName()]
    await client.query('begin isolation level repeatable read')
    await client.query('select 1 from taskflows.installation')
    await enqueue(other, name, {}, { uniqueKey: 'k' })
    await expect(enqueue(client, name, {}, { uniqueKey: 'k' })).rejects.toMatchObject({ code: '40001' })
    await client.query('rollback')
  })

  test('is not taken over from a job that was retried by hand since the snapshot', async () => {
    const [client, name] = [await connect(), newName()]
    const old = await enqueue(client, name, {}, { uniqueKey: 'k' })
    await store.jobs.cancel(everyTenant, old.id, { by: tester })
    await client.query('begin isolation level repeatable read')
    await client.query('select 1 from taskflows.installation')
    await store.jobs.retry(everyTenant, old.id, { by: tester })
    await expect(enqueue(client, name, {}, { uniqueKey: 'k' })).rejects.toMatchObject({ code: '40001' })
    await client.query('rollback')
  })
})

describe('the SQL function', () => {
  test('needs the use of the schema and the right to execute it, and nothing else', async () => {
    const admin = await connect()
    const role = `app_${Date.now()}`
    await admin.query(`create role ${role} login password 'x'`)
    const url = Object.assign(new URL(store.url), { username: role, password: 'x' }).toString()
    const app = await connect(url)
    await expect(enqueue(app, 'granted')).rejects.toMatchObject({ code: '42501' })
    await admin.query(`grant usage on schema taskflows to ${role}`)
    await expect(enqueue(app, 'granted')).rejects.toMatchObject({ code: '42501' })
    await admin.query(`grant execute on function taskflows.enqueue to ${role}`)
    // What a caller puts before pg_catalog is not looked at.
    await admin.query(`create schema trap; grant usage on schema trap to ${role}`)
    await admin.query(`create function trap.isfinite(timestamptz) returns boolean language plpgsql as $$ begin raise 'trapped'; end $$`)
    await app.query(`set search_path = trap, pg_catalog`)
    const { id } = await enqueue(app, 'granted', {}, { uniqueKey: 'k' })
    expect((await store.events.list(everyTenant, { limit: 10, subject: id })).items).toMatchObject([{ actor: `sql:${role}` }])
    for (const beyond of ['select from taskflows.jobs', 'select taskflows.take_unique_key(null, null, null, null)', `select taskflows.complete_attempt(null, null, null)`]) {
      await expect(app.query(beyond)).rejects.toMatchObject({ code: '42501' })
    }
    await app.end()
    clients.splice(clients.indexOf(app), 1)
    await admin.query(`drop owned by ${role}`)
    await admin.query(`drop role ${role}`)
  })

  test('works in a schema of another name', async () => {
    const database = createPostgres({ source: urlSource(store.url), schema: 'user' })
    await migrate(database)
    await ensurePartitions(database, Date.now())
    const { id, created } = await enqueue(await connect(), 'work', {}, { schema: 'user', uniqueKey: 'k' })
    expect(created).toBe(true)
    expect(await database.query(`select id, reason from taskflows.held`)).toEqual([{ id, reason: 'transaction' }])
    await database.close()
  })

  test('says what is missing when no server has made the partitions', async () => {
    const client = await connect()
    await client.query(`set tf.now = '2099-01-01'`)
    await expect(enqueue(client, 'work')).rejects.toMatchObject({ code: '55000', message: 'there is no partition for jobs of 2099-01-01: no taskflows server or worker has run for about 30 days', hint: expect.stringMatching('tf serve') })
  })

  test('takes null for the default of each argument', async () => {
    const { rows: [row] } = await (await connect()).query<{ id: string }>(`select * from taskflows.enqueue('nulls', null, null, null, null, null, null, null, null, null, null, null, null, null)`)
    expect(await store.get(row!.id)).toMatchObject({ payload: '{}', queue: 'default', tenant: 'default', priority: 0, maxAttempts: 3 })
  })
})
