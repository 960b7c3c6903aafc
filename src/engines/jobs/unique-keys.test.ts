/**
 * Unique keys on a real PostgreSQL: who gets one, when it is free again, and that nothing that happens at the same time
 * gives it to two jobs.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { ConnectionLost, type Database } from '../../kernel/database/database.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import type { NewJob } from './job.ts'
import { createJobs } from './jobs.ts'
import { runSchedule } from './scheduler.ts'
import { dropFreeKeys } from './unique-keys.ts'

let store: JobStore
let worker: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  worker = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.database.query('truncate taskflows.ready, taskflows.held, taskflows.leases, taskflows.dependencies, taskflows.unique_keys'))

const add = (job: Partial<NewJob> = {}) => store.jobs.add(everyTenant, { name: 'work', uniqueKey: 'k', ...job }, tester)
const addMany = (jobs: readonly Partial<NewJob>[]) => store.jobs.addMany(everyTenant, jobs.map((job) => ({ name: 'work', ...job })), tester)
const runAll = async () => worker.complete(await worker.claim(1_000))
const cancel = (id: string) => store.jobs.cancel(everyTenant, id, { by: tester })
const retry = (id: string) => store.jobs.retry(everyTenant, id, { by: tester })

/** Keys that more than one unfinished job has. */
const sharedKeys = () => store.database.query(`
  select tenant_id, name, unique_key, count(*) from taskflows.jobs j
  where unique_key is not null and not exists (select from taskflows.attempts a where a.job_id = j.id and a.final is not null)
    and (exists (select from taskflows.ready r where r.id = j.id) or exists (select from taskflows.held h where h.id = j.id) or exists (select from taskflows.leases l where j.id = any (l.job_ids)))
  group by 1, 2, 3 having count(*) > 1`)

describe('a second job with the same key', () => {
  test('is the first one, whether that waits, runs or waits again', async () => {
    const { job, created } = await add()
    expect({ created, key: job.uniqueKey }).toEqual({ created: true, key: 'k' })
    const again = await add({ payload: 'another', queue: 'another', priority: 7 })
    expect(again).toMatchObject({ created: false, job: { id: job.id, queue: 'default', priority: 0, state: 'PENDING' } })
    const claims = await worker.claim(1)
    expect(await add()).toMatchObject({ created: false, job: { id: job.id, state: 'RUNNING' } })
    await worker.settle(claims, { delayMs: 3_600_000 })
    expect(await add({ delayMs: 5 })).toMatchObject({ created: false, job: { id: job.id, state: 'SCHEDULED' } })
  })

  test.each<[string, (id: string) => Promise<unknown>]>([
    ['succeeded', runAll],
    ['failed', async () => worker.settle(await worker.claim(1), { final: 'FAILED' })],
    ['died', async () => worker.settle(await worker.claim(1), { final: 'DEAD' })],
    ['was cancelled', cancel],
  ])('is a new one once the first %s', async (_end, end) => {
    const { job: { id } } = await add()
    await end(id)
    const second = await add()
    expect(second).toMatchObject({ created: true, job: { state: 'PENDING', uniqueKey: 'k' } })
    expect((await add()).job.id).toBe(second.job.id)
  })

  test('is a new one for another tenant, another name or another key', async () => {
    const jobs = await Promise.all([add(), add({ tenant: 'acme' }), add({ name: 'other' }), add({ uniqueKey: 'K' }), add({ tenant: 'acme', name: 'other' })])
    expect(jobs.every(({ created }) => created)).toBe(true)
  })

  test('may come while the first waits for a time or for another job', async () => {
    const { ids: [parent] } = await addMany([{}])
    const { job } = await add({ after: [parent!], delayMs: 3_600_000 })
    expect(job).toMatchObject({ state: 'SCHEDULED', waitingOn: [parent] })
    expect(await add()).toMatchObject({ created: false, job: { id: job.id } })
  })

  test('tells the log nothing, since nothing happened', async () => {
    await add()
    const count = async () => (await store.database.query<{ count: number }>('select count(*) from taskflows.events'))[0]!.count
    const before = await count()
    await add()
    expect(await count()).toBe(before)
  })
})

describe('a bulk request', () => {
  test('has the ids of jobs that were there in their places, and says which', async () => {
    const { job } = await add()
    const { ids, existing } = await addMany([{}, { uniqueKey: 'k' }, { uniqueKey: 'new' }, { uniqueKey: 'new' }, { delayMs: 60_000, uniqueKey: 'later' }])
    expect({ existing, held: ids[1], twice: ids[3] }).toEqual({ existing: [1, 3], held: job.id, twice: ids[2] })
    expect(new Set(ids).size).toBe(4)
  })

  test('has children that follow the jobs that were there, and each parent once', async () => {
    const { job } = await add()
    const { ids } = await addMany([{ uniqueKey: 'k' }, { uniqueKey: 'k' }, { after: [0, 1, job.id] }])
    expect((await store.get(ids[2]!)).waitingOn).toEqual([job.id])
    await runAll()
    await runSchedule(store.database)
    expect((await store.get(ids[2]!)).state).toBe('PENDING')
  })

  test('that names nothing new adds nothing', async () => {
    const { ids } = await addMany([{ uniqueKey: 'a' }, { uniqueKey: 'b' }])
    expect(await addMany([{ uniqueKey: 'b' }, { uniqueKey: 'a' }])).toMatchObject({ ids: ids.toReversed(), existing: [0, 1] })
  })

  test('that cannot be added takes no key', async () => {
    await expect(addMany([{ uniqueKey: 'free' }, { after: ['01900000-0000-7000-8000-000000000000'] }])).rejects.toMatchObject({ code: 'job.not_found' })
    expect((await add({ uniqueKey: 'free' })).created).toBe(true)
  })

  test('with keys in common with others meets them in one order: there is no deadlock, and each key is given once', async () => {
    const deadlocks = async () => (await store.database.query<{ deadlocks: number }>('select deadlocks from pg_stat_database where datname = current_database()'))[0]!.deadlocks
    const before = await deadlocks()
    const keys = Array.from({ length: 30 }, (_, n) => `k${n}`)
    const random = fc.sample(fc.shuffledSubarray(keys, { minLength: 5 }), 60)
    for (let at = 0; at < random.length; at += 10) {
      const added = await Promise.all(random.slice(at, at + 10).map(async (wanted) => ({ wanted, ...(await addMany(wanted.map((uniqueKey) => ({ uniqueKey })))) })))
      const holders = new Map<string, Set<string>>(keys.map((key) => [key, new Set()]))
      for (const { wanted, ids } of added) for (const [place, key] of wanted.entries()) holders.get(key)!.add(ids[place]!)
      expect([...holders.values()].every(({ size }) => size <= 1)).toBe(true)
      await runAll()
    }
    await store.database.query('select pg_stat_clear_snapshot()')
    expect(await deadlocks()).toBe(before)
  })
})

describe('a manual retry', () => {
  test('takes the key again', async () => {
    const { job: { id } } = await add()
    await runAll()
    expect(await retry(id)).toMatchObject({ id, state: 'PENDING' })
    expect(await add()).toMatchObject({ created: false, job: { id } })
  })

  test('takes it from a job that has ended since', async () => {
    const { job: first } = await add()
    await runAll()
    await add()
    await runAll()
    await retry(first.id)
    expect((await add()).job.id).toBe(first.id)
  })

  test('is refused while another job has the key, and changes nothing', async () => {
    const { job: first } = await add()
    await runAll()
    const { job: second } = await add()
    const before = await store.get(first.id)
    await expect(retry(first.id)).rejects.toMatchObject({ code: 'job.unique_key_taken', message: expect.stringContaining(second.id), details: { id: first.id, unique_key: 'k', held_by: second.id } })
    expect(await store.get(first.id)).toEqual(before)
  })
})

describe('an answer that is lost', () => {
  /** A database whose transactions commit, and then lose their connection. */
  const losing = (times: number): Database => {
    let left = times
    return {
      ...store.database,
      transaction: async (work) => {
        const result = await store.database.transaction(work)
        if (left-- > 0) throw new ConnectionLost('lost', true, undefined)
        return result
      },
    }
  }

  test('of an add with a key adds once', async () => {
    const jobs = createJobs({ database: losing(1), hot: store.hot, time: store.time })
    const added = await jobs.add(everyTenant, { name: 'work', uniqueKey: 'lost' }, tester)
    expect(added).toMatchObject({ created: true, job: { state: 'PENDING' } })
    expect(await add({ uniqueKey: 'lost' })).toMatchObject({ created: false, job: { id: added.job.id } })
  })

  test('of a bulk add whose first job was there already adds the others once', async () => {
    const { job } = await add()
    const jobs = createJobs({ database: losing(1), hot: store.hot, time: store.time })
    const { ids, existing } = await jobs.addMany(everyTenant, [{ name: 'work', uniqueKey: 'k' }, { name: 'work' }, { name: 'work', uniqueKey: 'n' }], tester)
    expect({ first: ids[0], existing }).toEqual({ first: job.id, existing: [0] })
    expect((await store.rowsLeft()).ready).toBe(3)
    expect(await Promise.all(ids.map(async (id) => (await store.get(id)).state))).toEqual(['PENDING', 'PENDING', 'PENDING'])
  })
})

describe('tidying', () => {
  const heldKeys = async () => (await store.database.query<{ key: string }>('select key from taskflows.unique_keys order by key')).map(({ key }) => key)
  const signal = new AbortController().signal

  test('removes the keys of jobs that have ended and no others, however many there are', async () => {
    await addMany(Array.from({ length: 1_300 }, (_, n) => ({ uniqueKey: `ended ${n}` })))
    for (let left = 1_300; left > 0; left -= 1_000) await runAll()
    await addMany([{ uniqueKey: 'waits' }, { uniqueKey: 'runs', priority: 1 }])
    await worker.claim(1)
    await dropFreeKeys(store.database, signal)
    expect(await heldKeys()).toEqual(['runs', 'waits'])
  })

  test('leaves the key to a job that is retried between the look and the lock', async () => {
    const { job } = await add()
    await runAll()
    const retrying: Database = {
      ...store.database,
      transaction: async (work) => {
        await retry(job.id)
        return store.database.transaction(work)
      },
    }
    await dropFreeKeys(retrying, signal)
    expect(await heldKeys()).toEqual(['k'])
  })

  test('stops when it is told to', async () => {
    await add()
    await runAll()
    await dropFreeKeys(store.database, AbortSignal.abort())
    expect(await heldKeys()).toEqual(['k'])
  })
})

test('whatever is added, ended, retried and tidied at the same time: no key is ever with two unfinished jobs', async () => {
  const keys = ['a', 'b', 'c']
  const known: string[] = []
  const refused = (error: unknown): void => {
    if (!['job.unique_key_taken', 'job.invalid_transition'].includes((error as { code: string }).code)) throw error
  }
  const anyOf = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!
  const deeds: (() => Promise<unknown>)[] = [
    async () => known.push((await add({ uniqueKey: anyOf(keys) })).job.id),
    async () => known.push((await add({ uniqueKey: anyOf(keys), delayMs: 1 })).job.id),
    async () => known.push(...(await addMany(keys.toReversed().map((uniqueKey) => ({ uniqueKey })))).ids),
    async () => known.length > 0 && (await retry(anyOf(known)).catch(refused)),
    async () => known.length > 0 && (await cancel(anyOf(known)).catch(refused)),
    async () => {
      const claims = await worker.claim(2)
      if (claims.length > 0) await (Math.random() < 0.5 ? worker.complete(claims) : worker.settle(claims, { final: 'FAILED' }))
    },
    () => runSchedule(store.database),
    () => dropFreeKeys(store.database, new AbortController().signal),
  ]
  let rounds = 0
  const actor = async () => { while (rounds++ < 600) await anyOf(deeds)() }
  let over = false
  const watch = async () => { while (!over) expect(await sharedKeys()).toEqual([]) }
  const acted = Promise.all(Array.from({ length: 8 }, actor)).finally(() => { over = true })
  await Promise.all([acted, watch()])
  expect(await sharedKeys()).toEqual([])
  expect(new Set(known).size).toBeGreaterThan(20)
}, 60_000)
