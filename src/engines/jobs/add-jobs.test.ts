import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Database } from '../../kernel/database/database.ts'
import { timeOfId } from '../../kernel/ids.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import { createJobs } from './jobs.ts'
import { jobLimits } from './vocabulary.ts'

let store: JobStore
beforeAll(async () => { store = await createJobStore(inject('postgresUrl')) })
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.database.query('truncate taskflows.ready, taskflows.held, taskflows.dependencies, taskflows.events'))

const add = (job: Parameters<JobStore['jobs']['add']>[1], by = tester) => store.jobs.add(everyTenant, job, by)
const claimable = async () => (await store.database.query<{ id: string }>('select id from taskflows.ready order by queue, rank, tag, id')).map(({ id }) => id)
const addedEvents = () => store.database.query<{ ids: string[]; actor: string }>(`select ids::text[] as ids, actor from taskflows.events where type = 'jobs.added' order by seq`)

describe('one job', () => {
  test('is answered as it reads back', async () => {
    const { job } = await add({ name: 'resize', queue: 'images', tenant: 'acme', priority: 7, payload: { a: [1] }, correlationId: 'c1', policy: { maxAttempts: 5 } })
    expect(await store.get(job.id)).toEqual(job)
    expect(job).toMatchObject({ state: 'PENDING', attempts: 0, maxAttempts: 5, tenant: 'acme', queue: 'images', priority: 7, correlationId: 'c1', waitingOn: [] })
    expect(Math.abs(timeOfId(job.id) - job.createdAt)).toBeLessThan(10_000)
  })

  test('gets what is not said from the defaults', async () => {
    const { job, warnings } = await add({ name: 'unheard-of' })
    expect(job).toMatchObject({ queue: 'default', tenant: 'default', priority: 0, payload: '{}', correlationId: job.id, maxAttempts: 3 })
    expect(warnings).toEqual(['no worker has registered a task named "unheard-of" yet: the job waits until one does'])
  })

  test('may have the highest and the lowest priority', async () => {
    for (const priority of [jobLimits.priorityMin, jobLimits.priorityMax]) {
      expect((await add({ name: 'work', priority })).job.priority).toBe(priority)
      const later = await add({ name: 'work', priority, delayMs: 1 })
      expect(await store.get(later.job.id)).toMatchObject({ priority })
    }
  })

  test('of a bound caller belongs to its tenant', async () => {
    const { job } = await store.jobs.add({ tenant: 'acme' }, { name: 'work' }, tester)
    expect(job.tenant).toBe('acme')
  })

  test('waits for its time, and not for one that has passed', async () => {
    const at = Math.round(store.time.now()) + 60_000
    expect((await add({ name: 'work', runAt: at })).job).toMatchObject({ state: 'SCHEDULED', scheduledAt: at, nextRunAt: at })
    const { job } = await add({ name: 'work', delayMs: 60_000 })
    expect(job.state).toBe('SCHEDULED')
    expect(job.nextRunAt! - job.createdAt).toBeGreaterThanOrEqual(59_999)
    expect((await add({ name: 'work', runAt: at - 120_000 })).job.state).toBe('PENDING')
  })
})

describe('a database that is away', () => {
  test('fails the add with one error, and leaves no rejection that nobody handles', async () => {
    const away = () => Promise.reject(new Error('away'))
    const dead = { ...store.database, query: away, rows: away, transaction: away } as Database
    const jobs = createJobs({ database: dead, hot: dead, time: store.time })
    for (const job of [{ name: 'work' }, { name: 'work', delayMs: 5 }]) await expect(jobs.add(everyTenant, job, tester)).rejects.toThrow('away')
    await new Promise(setImmediate)
  })
})

describe('a payload', () => {
  const readBack = async (payload: unknown) => (await store.get((await add({ name: 'work', payload })).job.id)).payload

  test('comes back to the letter: order of keys, big numbers, every alphabet', async () => {
    for (const payload of [{ z: 1, a: 2, 10: 3 }, 1e308, 12345678901234567890, [0.1, -0, 1e-7], 'naïve 日本 🎉 \u2028 " \\ /', null, '', [], { '': { '\u0001': '\t' } }, '\ud800']) {
      expect(await readBack(payload)).toBe(JSON.stringify(payload))
    }
  })

  test('comes back to the letter, whatever JSON it is', async () => {
    await fc.assert(fc.asyncProperty(fc.json({ stringUnit: 'binary' }).filter((text) => !text.includes('\\u0000')), async (text) => {
      const payload: unknown = JSON.parse(text)
      expect(await readBack(payload)).toBe(JSON.stringify(payload))
    }), { numRuns: 50 })
  })

  test('of a mebibyte comes back, does not lie in the claimable row, and is there after the claim', async () => {
    const payload = 'ä'.repeat(524_287)
    const { job } = await add({ name: 'work', payload, queue: 'long' })
    expect(JSON.parse((await store.get(job.id)).payload!)).toBe(payload)
    expect(await store.database.query(`select payload from taskflows.ready where id = $1::uuid`, [job.id])).toEqual([{ payload: null }])
    const [claim] = await plainWorker(store).claim(1, { queue: 'long' })
    expect(JSON.parse(claim!.payload)).toBe(payload)
  })
})

describe('jobs that are added at the same time', () => {
  test('land once each, in the order of the calls, with one event for all that were merged', async () => {
    const added = await Promise.all(Array.from({ length: 300 }, (_, n) => add({ name: 'work', payload: n })))
    expect(await claimable()).toEqual(added.map(({ job }) => job.id))
    const events = await addedEvents()
    expect(events.flatMap(({ ids }) => ids)).toEqual(added.map(({ job }) => job.id))
    expect(events).toHaveLength(1)
  })

  test('one after another land in that order too', async () => {
    const ids = []
    for (let n = 0; n < 20; n += 1) ids.push((await add({ name: 'work' })).job.id)
    expect(await claimable()).toEqual(ids)
  })

  test('by several people are not mixed in one event', async () => {
    const [ann, bob] = [{ name: 'ann' }, { name: 'bob' }]
    await Promise.all([ann, ann, bob, bob, bob, ann].map((by) => add({ name: 'work' }, by)))
    expect((await addedEvents()).map(({ actor, ids }) => [actor, ids.length]).toSorted()).toEqual([['ann', 1], ['ann', 2], ['bob', 3]])
  })

  test('each keep what is theirs, though it is sent by column', async () => {
    const requests = Array.from({ length: 50 }, (_, n) => ({ name: `task ${n % 3}`, queue: `q${n % 2}`, tenant: `t${n % 5}`, priority: n - 25, payload: { n } }))
    const own = (n: number) => (n % 2 ? { correlationId: `c${n}`, policy: { maxAttempts: n } } : {})
    const added = await Promise.all(requests.map((request, n) => add({ ...request, ...own(n) })))
    for (const [n, { job }] of added.entries()) {
      const expected = { ...requests[n], payload: JSON.stringify({ n }), correlationId: n % 2 ? `c${n}` : job.id, maxAttempts: n % 2 ? n : 3 }
      expect(await store.get(job.id)).toMatchObject(expected)
    }
  })
})

describe('a bulk request', () => {
  test('lands whole, in its order, whether its jobs must wait or not', async () => {
    const { ids } = await store.jobs.addMany(everyTenant, Array.from({ length: 2_500 }, (_, n) => ({ name: 'work', payload: n })), tester)
    expect(await claimable()).toEqual(ids)
    const { ids: mixed } = await store.jobs.addMany(everyTenant, [{ name: 'work' }, { name: 'work', delayMs: 60_000 }, { name: 'work', after: [0] }], tester)
    expect(await Promise.all(mixed.map(async (id) => (await store.get(id)).state))).toEqual(['PENDING', 'SCHEDULED', 'SCHEDULED'])
  })

  test('leaves nothing behind when one of its jobs cannot be added', async () => {
    const nobody = '01900000-0000-7000-8000-000000000000'
    await expect(store.jobs.addMany(everyTenant, [{ name: 'work' }, { name: 'work', after: [nobody] }], tester)).rejects.toMatchObject({ code: 'job.not_found', message: expect.stringContaining(nobody) })
    expect(await store.rowsLeft()).toMatchObject({ ready: 0, held: 0, dependencies: 0 })
    expect(await addedEvents()).toEqual([])
  })
})

describe('a partition that is missing', () => {
  test('is made, and the jobs are added', async () => {
    for (const table of ['jobs', 'attempts', 'events']) {
      const partitions = await store.database.query<{ name: string }>(`select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass`, [`taskflows.${table}`])
      for (const { name } of partitions) await store.database.query(`drop table ${name}`)
    }
    const added = await Promise.all(Array.from({ length: 20 }, () => add({ name: 'work' })))
    expect(await claimable()).toEqual(added.map(({ job }) => job.id))
    const { ids } = await store.jobs.addMany(everyTenant, [{ name: 'work' }, { name: 'work', delayMs: 5 }], tester)
    expect(ids).toHaveLength(2)
  })
})
