/**
 * What is left when a server dies, or freezes, in the middle of a request with an idempotency key.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Jobs } from '../engines/jobs/index.ts'
import { createIdempotencyKeys } from '../kernel/database/idempotency-keys.ts'
import { type JobStore, createJobStore } from '../testing/job-store.ts'
import type { OperationContext } from './context.ts'
import { execute } from './execute.ts'

let store: JobStore
beforeAll(async () => { store = await createJobStore(inject('postgresUrl')) })
afterAll(() => store[Symbol.asyncDispose]())

let keys = 0
const newKey = () => `k${(keys += 1)}`

function context(idempotencyKey: string, parts: Partial<OperationContext> = {}): OperationContext {
  return { caller: { name: 'ann', role: 'operator', tenant: null }, jobs: store.jobs, idempotencyKeys: createIdempotencyKeys(store.database), idempotencyKey, ...parts } as OperationContext
}
const add = (key: string, jobs: Partial<Jobs> = {}, input: object = { name: key }) => execute(context(key, { jobs: { ...store.jobs, ...jobs } }), 'jobs', 'add', input)
const jobsNamed = async (name: string) => (await store.jobs.list({ tenant: null }, { name }, { limit: 10 })).items
const minutePasses = () => store.database.query(`update taskflows.idempotency_keys set started_at = started_at - interval '61 seconds' where status is null`)

const died = new Error('the server died')
const dyingAfter: Partial<Jobs> = {
  add: async (...given) => {
    await store.jobs.add(...given)
    throw died
  },
  addMany: async (...given) => {
    await store.jobs.addMany(...given)
    throw died
  },
  cancel: async (...given) => {
    await store.jobs.cancel(...given)
    throw died
  },
}

test('a server that dies between commit and answer has kept the answer too', async () => {
  const key = newKey()
  await expect(add(key, dyingAfter)).rejects.toBe(died)
  const answer = await add(key)
  expect(answer).toMatchObject({ status: 201, replayed: true, output: { name: key, created: true, state: 'PENDING' } })
  expect((await jobsNamed(key)).map(({ id }) => id)).toEqual([(answer.output as { id: string }).id])
})

test('the same holds for many jobs, and for the change of one', async () => {
  const [batch, change] = [newKey(), newKey()]
  const input = { items: [{ name: batch }, { name: batch, delay: 60 }] }
  const jobs = { ...store.jobs, ...dyingAfter }
  await expect(execute(context(batch, { jobs }), 'jobs', 'addMany', input)).rejects.toBe(died)
  const { output, replayed } = await execute(context(batch), 'jobs', 'addMany', input)
  const { ids } = output as { ids: string[] }
  expect({ replayed, ids }).toEqual({ replayed: true, ids: (await jobsNamed(batch)).map(({ id }) => id).toReversed() })
  await expect(execute(context(change, { jobs }), 'jobs', 'cancel', { id: ids[0] })).rejects.toBe(died)
  expect(await execute(context(change), 'jobs', 'cancel', { id: ids[0] })).toMatchObject({ status: 200, replayed: true, output: { state: 'CANCELLED' } })
})

test('a server that dies before the commit leaves a key that is free after a minute', async () => {
  const key = newKey()
  const reached = Promise.withResolvers<void>()
  void add(key, {
    add: () => {
      reached.resolve()
      return new Promise(() => {})
    },
  })
  await reached.promise
  await expect(add(key)).rejects.toMatchObject({ code: 'request.in_progress', details: { retry_after_seconds: 1 } })
  await minutePasses()
  expect(await add(key)).toMatchObject({ status: 201 })
  expect(await jobsNamed(key)).toHaveLength(1)
})

test('a server that froze for a minute cannot add what another has added meanwhile', async () => {
  const key = newKey()
  const [frozen, thaw] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const late = add(key, {
    add: async (...given) => {
      frozen.resolve()
      await thaw.promise
      return store.jobs.add(...given)
    },
  }).catch((error: unknown) => error)
  await frozen.promise
  await minutePasses()
  const { output } = await add(key)
  thaw.resolve()
  expect(await late).toMatchObject({ code: 'request.in_progress' })
  expect((await jobsNamed(key)).map(({ id }) => id)).toEqual([(output as { id: string }).id])
  expect((await add(key)).output).toEqual(output)
})

test('a request that failed says why, though its key cannot be freed', async () => {
  const away = { ...createIdempotencyKeys(store.database), release: () => Promise.reject(new Error('away')) }
  await expect(execute(context(newKey(), { jobs: { ...store.jobs, add: () => Promise.reject(died) }, idempotencyKeys: away }), 'jobs', 'add', { name: 'x' })).rejects.toBe(died)
})

test('requests are the same when they mean the same', async () => {
  const key = newKey()
  const { output } = await add(key, {}, { name: key, payload: { a: 1, b: [{ c: 'x', d: null }] }, priority: undefined })
  for (const same of [{ payload: { b: [{ d: null, c: 'x' }], a: 1 }, name: key }, { name: `  ${key} `, payload: { a: 1, b: [{ c: 'x', d: null }] } }]) {
    expect(await add(key, {}, same)).toMatchObject({ replayed: true, output })
  }
  for (const other of [{ a: 1, b: [{ c: 'x' }] }, { a: '1', b: [{ c: 'x', d: null }] }, { a: 1, b: { 0: { c: 'x', d: null } } }]) {
    await expect(add(key, {}, { name: key, payload: other })).rejects.toMatchObject({ code: 'request.idempotency_key_reused' })
  }
})
