/** What is made up for, on a real PostgreSQL: by one server at a time, each time once, whoever dies. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../adapters/database/postgres/index.ts'
import { serviceRun } from '../../testing/service-run.ts'
import { createTestDatabase } from '../../testing/test-database.ts'
import type { BackfillStore, NewBackfill } from '../backfills.ts'
import { newId } from '../ids.ts'
import { createBackfillStore } from './backfills.ts'
import { forgetBackfills } from './backfills/forget-backfills.ts'
import type { Database } from './database.ts'
import { serviceRunsKeptDays } from './service-runs/forget-runs.ts'
import { createServiceLedger } from './service-runs.ts'

const stack = new AsyncDisposableStack()
let database: Database
let store: BackfillStore
beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl')))
  database = createPostgres({ source: urlSource(url) })
  stack.defer(() => database.close())
  store = createBackfillStore(database, { host: 'db1', account: '1000' })
})
afterAll(() => stack.disposeAsync())

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)
let services = 0
/** Of a service that no other test knows: its times are the first hours of 2026. */
const fresh = (hours: number, changes: Partial<NewBackfill> = {}): NewBackfill => ({
  id: newId(Date.now()), host: 'db1', scope: 'user', service: `s${services += 1}`, origin: 'backfill', first: start, last: start + hours * hour,
  slots: Array.from({ length: hours }, (_, at) => start + at * hour), maxParallel: 1, again: false, createdBy: 'ada', createdAt: start + 100 * hour, ...changes,
})
async function added(backfill: NewBackfill): Promise<NewBackfill> {
  await store.add(backfill)
  return backfill
}
const heldBy = async (holder: string, ...of: readonly NewBackfill[]) => {
  const held = (await store.hold(holder, ['user', 'system'])).map(({ id }) => id)
  return of.map(({ id }) => held.includes(id))
}
const countsOf = async ({ id }: NewBackfill) => {
  const { counts } = (await store.get(id))!.backfill
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

test('what was written down is there as it was, with its times', async () => {
  const backfill = await added(fresh(2, { maxParallel: 3, again: true }))
  const { slots: _, ...said } = backfill
  expect(await store.get(backfill.id)).toEqual({
    backfill: { ...said, state: 'running', reason: null, endedAt: null, counts: { waiting: 2, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 } },
    slots: backfill.slots.map((slot) => ({ slot, state: 'waiting', startedAt: null, endedAt: null, reason: null })),
  })
  expect(await store.list(backfill, 10)).toMatchObject([{ id: backfill.id }])
  expect(await createBackfillStore(database, { host: 'db1', account: '1001' }).get(backfill.id)).toBeUndefined()
  expect(await createBackfillStore(database, { host: 'db2', account: '1000' }).list(backfill, 10)).toEqual([])
})

test('one server has it at a time, until it gives it back or does not come back', async () => {
  const backfill = await added(fresh(1))
  expect(await heldBy('one', backfill)).toEqual([true])
  expect(await heldBy('other', backfill)).toEqual([false])
  expect(await heldBy('one', backfill)).toEqual([true])
  await store.release('one')
  expect(await heldBy('other', backfill)).toEqual([true])
  await database.query(`update taskflows.service_backfills set held_until = taskflows.now() - interval '1 s' where id = $1`, [backfill.id])
  expect(await heldBy('one', backfill)).toEqual([true])
  expect(await store.next(backfill.id, 'other', start)).toBeUndefined()
})

test('of one service the oldest comes first, and the next when that is over', async () => {
  const first = await added(fresh(1))
  const second = await added(fresh(1, { service: first.service }))
  expect(await heldBy('one', first, second)).toEqual([true, false])
  await store.next(first.id, 'one', start)
  expect(await store.end(first.id, 'one')).toBe(false)
  await store.settle(first.id, start, { state: 'failed', reason: 'exit code 3' })
  expect(await store.end(first.id, 'other')).toBe(false)
  expect(await store.end(first.id, 'one')).toBe(true)
  expect(await heldBy('other', first, second)).toEqual([false, true])
  expect((await store.get(first.id))!.backfill).toMatchObject({ state: 'done', endedAt: expect.any(Number), counts: { failed: 1 } })
})

test('each time is given once, the oldest first, however many want one', async () => {
  const backfill = await added(fresh(20))
  await heldBy('one', backfill)
  const taken = await Promise.all(Array.from({ length: 25 }, () => store.next(backfill.id, 'one', start + 5)))
  expect(taken.filter((slot) => slot !== undefined).toSorted((a, b) => a - b)).toEqual(backfill.slots)
  expect((await store.underWay(backfill.id))[0]).toEqual({ slot: start, state: 'running', startedAt: start + 5, endedAt: null, reason: null })
})

test('what never began waits again, unless it is being cancelled', async () => {
  const backfill = await added(fresh(3))
  await heldBy('one', backfill)
  const [first, second] = [await store.next(backfill.id, 'one', start), await store.next(backfill.id, 'one', start)]
  await store.putBack(backfill.id, first!)
  expect(await store.next(backfill.id, 'one', start)).toBe(first)
  expect(await store.cancel(backfill.id)).toBe(true)
  expect(await store.next(backfill.id, 'one', start)).toBeUndefined()
  await store.putBack(backfill.id, first!)
  expect(await store.end(backfill.id, 'one')).toBe(false)
  await store.settle(backfill.id, second!, { state: 'succeeded', reason: null })
  expect(await store.end(backfill.id, 'one')).toBe(true)
  expect(await countsOf(backfill)).toEqual({ succeeded: 1, cancelled: 2 })
  expect((await store.get(backfill.id))!.backfill.state).toBe('cancelled')
  expect(await store.cancel(backfill.id)).toBe(false)
})

test('one that ends before its time says why', async () => {
  const backfill = await added(fresh(2))
  await heldBy('one', backfill)
  expect(await store.end(backfill.id, 'one')).toBe(false)
  expect(await store.end(backfill.id, 'one', 'it is gone')).toBe(true)
  expect((await store.get(backfill.id))!.backfill).toMatchObject({ state: 'cancelled', reason: 'it is gone', counts: { cancelled: 2, waiting: 0 } })
})

test('a time that was missed is made up for once, however many servers find it', async () => {
  const missed = fresh(5, { origin: 'catch_up' })
  const asked = Array.from({ length: 8 }, (_, at) => store.addCatchUp({ ...missed, id: newId(Date.now()), slots: missed.slots.slice(0, 1 + at % 5) }))
  const added = await Promise.all(asked)
  expect(added.reduce((sum, one) => sum + one, 0)).toBe(5)
  const all = await store.list(missed, 10)
  expect(all.reduce((sum, { counts }) => sum + counts.waiting, 0)).toBe(5)
  expect(await store.addCatchUp({ ...missed, id: newId(Date.now()) })).toBe(0)
  expect(await store.addCatchUp({ ...missed, id: newId(Date.now()), service: `${missed.service}-other` })).toBe(5)
})

test('what the transaction cannot do beside it is not done either', async () => {
  const backfill = fresh(1)
  await expect(store.add(backfill, async () => { throw new Error('the answer cannot be kept') })).rejects.toThrow('cannot be kept')
  expect(await store.get(backfill.id)).toBeUndefined()
})

test('times of runs that ended well are known by what the ledger says they are of', async () => {
  const { service } = fresh(1)
  const ledger = createServiceLedger(database, { account: '1000' })
  const run = (slot: number | null, state: 'succeeded' | 'failed') => serviceRun({ service, state, startedAt: start + 50 * hour, endedAt: start + 50 * hour + 1, slot })
  await ledger.record([run(start, 'succeeded'), run(start, 'failed'), run(start + hour, 'failed'), run(null, 'succeeded'), run(start + 9 * hour, 'succeeded')])
  expect(await store.madeUp({ host: 'db1', scope: 'user', service }, start, start + 5 * hour)).toEqual(new Set([start]))
})

test('it is forgotten with the runs that it began, and its times with it', async () => {
  const old = await added(fresh(3))
  const young = await added(fresh(1))
  await heldBy('one', old)
  await store.end(old.id, 'one', 'over')
  await database.query(`update taskflows.service_backfills set ended_at = taskflows.now() - $2::float8 * interval '1 day' where id = $1`, [old.id, serviceRunsKeptDays + 1])
  await forgetBackfills(database)
  expect(await store.get(old.id)).toBeUndefined()
  expect(await database.query('select from taskflows.service_backfill_slots where backfill = $1', [old.id])).toEqual([])
  expect(await countsOf(young)).toEqual({ waiting: 1 })
})
