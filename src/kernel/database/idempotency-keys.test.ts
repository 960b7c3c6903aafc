import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type JobStore, createJobStore } from '../../testing/job-store.ts'
import type { Reservation } from '../idempotency.ts'
import { abandonedAfterSeconds, createIdempotencyKeys, forgetExpiredKeys, keptForSeconds } from './idempotency-keys.ts'

let store: JobStore
let keys: ReturnType<typeof createIdempotencyKeys>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  keys = createIdempotencyKeys(store.database)
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.database.query('truncate taskflows.idempotency_keys'))

const request = (text: string) => Buffer.from(text)
const answer = { status: 201, text: '{"b": 1,  "a":"\\u00e4"}' }

async function reserve(key = 'k', { scope = 'ann', what = 'this' } = {}): Promise<Reservation> {
  const reserved = await keys.reserve(scope, key, request(what))
  if (reserved.kind !== 'reserved') throw new Error(`it is ${reserved.kind}`)
  return reserved.reservation
}
const kindOf = async (key = 'k', what = 'this') => (await keys.reserve('ann', key, request(what))).kind
const age = (seconds: number) => store.database.query(
  `update taskflows.idempotency_keys set started_at = started_at - $1::float8 * interval '1 second', expires_at = expires_at - $1::float8 * interval '1 second'`, [seconds])

describe('a key', () => {
  test('is reserved once; its answer comes back to the letter', async () => {
    const mine = await reserve()
    expect(await kindOf()).toBe('in progress')
    await keys.answer(mine, answer)
    expect(await keys.reserve('ann', 'k', request('this'))).toEqual({ kind: 'answered', answer })
  })

  test('belongs to one request, answered or not', async () => {
    const mine = await reserve()
    expect(await kindOf('k', 'that')).toBe('another request')
    await keys.answer(mine, answer)
    expect(await kindOf('k', 'that')).toBe('another request')
  })

  test('of somebody else is another key', async () => {
    await keys.answer(await reserve(), answer)
    await reserve('k', { scope: 'bob', what: 'that' })
  })

  test('is free again when it was released, for any request', async () => {
    await keys.release(await reserve())
    await reserve('k', { what: 'that' })
  })

  test('that has its answer is not released', async () => {
    const mine = await reserve()
    await keys.answer(mine, answer)
    await keys.release(mine)
    expect(await kindOf()).toBe('answered')
  })

  test('is given to one of many who ask at the same time', async () => {
    const kinds = await Promise.all(Array.from({ length: 40 }, () => kindOf()))
    expect(kinds.toSorted()).toEqual([...Array.from({ length: 39 }, () => 'in progress'), 'reserved'])
  })

  test('whose answer is being committed is waited for', async () => {
    const mine = await reserve()
    const open = Promise.withResolvers<void>()
    const written = Promise.withResolvers<void>()
    const committed = store.database.transaction(async (tx) => {
      await keys.answer(mine, answer, tx)
      written.resolve()
      await open.promise
    })
    await written.promise
    const asked = kindOf()
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while ((await store.database.query(waiting)).length === 0);
    open.resolve()
    await committed
    expect(await asked).toBe('answered')
  })
})

describe('time', () => {
  test('frees a key that nobody answered for a minute, and then its first holder may not answer', async () => {
    const first = await reserve()
    await age(abandonedAfterSeconds - 5)
    expect(await kindOf()).toBe('in progress')
    await age(6)
    const second = await reserve()
    await expect(keys.answer(first, answer)).rejects.toMatchObject({ code: 'request.in_progress' })
    await expect(store.database.transaction((tx) => keys.answer(first, answer, tx))).rejects.toMatchObject({ code: 'request.in_progress' })
    await keys.release(first)
    await keys.answer(second, answer)
    expect(await kindOf()).toBe('answered')
  })

  test('does not free an answer before a day has passed', async () => {
    await keys.answer(await reserve(), answer)
    await age(keptForSeconds - 5)
    expect(await kindOf()).toBe('answered')
    await age(6)
    expect(await kindOf('k', 'that')).toBe('reserved')
  })

  test('removes what has expired, in batches', async () => {
    await store.database.query(`
      insert into taskflows.idempotency_keys (scope, key, request, holder, status, answer, started_at, expires_at)
      select 'ann', n::text, '\\x00', gen_random_uuid(), 200, '{}', taskflows.now() - interval '2 days', taskflows.now() - interval '1 day' from generate_series(1, 2500) as n`)
    await reserve('live')
    await forgetExpiredKeys(store.database, new AbortController().signal)
    expect(await store.database.query('select key from taskflows.idempotency_keys')).toEqual([{ key: 'live' }])
  })
})
