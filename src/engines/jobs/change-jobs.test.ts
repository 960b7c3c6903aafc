/**
 * Changes that depend on what was seen: versions of jobs, and that a change is made at the expected one or not at all.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import type { Database } from '../../kernel/database/database.ts'
import { createJobs } from './jobs.ts'
import { runSchedule } from './scheduler.ts'

let store: JobStore
let worker: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  worker = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())

let queues = 0
const newQueue = () => `q${(queues += 1)}`
const version = async (id: string) => (await store.get(id)).version
const cancel = (id: string, versions?: readonly string[]) => store.jobs.cancel(everyTenant, id, { by: tester, versions })
const retry = (id: string, versions?: readonly string[]) => store.jobs.retry(everyTenant, id, { by: tester, versions })
const precondition = { code: 'request.precondition_failed' }

describe('the version of a job', () => {
  test('is another one after each move, and never an earlier one of an attempt that has ended', async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    const seen = [await version(id)]
    const move = async (deed: () => Promise<unknown>) => {
      await deed()
      seen.push(await version(id))
    }
    await move(() => worker.claim(1, { queue }))
    const claims = () => store.database.query<{ id: string }>('select id from taskflows.leases')
    expect(await claims()).toHaveLength(1)
    await move(() => cancel(id))
    await move(() => retry(id))
    let taken: Awaited<ReturnType<typeof worker.claim>> = []
    await move(async () => { taken = await worker.claim(1, { queue }) })
    await move(() => worker.settle(taken, { delayMs: 3_600_000 }))
    await move(async () => {
      await store.hurry()
      await runSchedule(store.database)
      taken = await worker.claim(1, { queue })
    })
    await move(() => worker.complete(taken))
    await move(() => retry(id))
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('is the same while time passes: when it comes due, and while its lease is renewed', async () => {
    const queue = newQueue()
    const id = await store.add({ queue, delayMs: 3_600_000 })
    const before = await version(id)
    await store.hurry()
    expect(await store.get(id)).toMatchObject({ state: 'PENDING', version: before })
    await runSchedule(store.database)
    expect(await version(id)).toBe(before)
    await worker.claim(1, { queue })
    const running = await version(id)
    await store.database.query(`update taskflows.leases set expires_at = expires_at + interval '1 minute'`)
    expect(await version(id)).toBe(running)
  })

  test('of a job that was just added is the one that it reads back with', async () => {
    const { job } = await store.jobs.add(everyTenant, { name: 'work', queue: newQueue() }, tester)
    expect(await version(job.id)).toBe(job.version)
  })
})

describe('a change at a version', () => {
  test('is made at that version, or at one of several', async () => {
    const id = await store.add({ queue: newQueue() })
    expect((await cancel(id, ['other', await version(id)])).state).toBe('CANCELLED')
    expect((await retry(id, [await version(id)])).state).toBe('PENDING')
  })

  test('is refused at another one, before anything else is said about the job, and changes nothing', async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    const seen = await version(id)
    await worker.complete(await worker.claim(1, { queue }))
    const before = await store.get(id)
    await expect(cancel(id, [seen])).rejects.toMatchObject({ ...precondition, details: { id, version: before.version, expected: [seen] } })
    await expect(retry(id, [seen])).rejects.toMatchObject(precondition)
    await expect(cancel(id, [before.version])).rejects.toMatchObject({ code: 'job.invalid_transition' })
    expect(await store.get(id)).toEqual(before)
  })

  test('is refused at none', async () => {
    await expect(cancel(await store.add({ queue: newQueue() }), [])).rejects.toMatchObject(precondition)
  })

  test('of a job that does not exist is about that', async () => {
    await expect(cancel('01900000-0000-7000-8000-000000000000', ['waiting-1'])).rejects.toMatchObject({ code: 'job.not_found' })
  })

  /** An engine in whose way something comes, between its look at the job and its change. */
  const interrupted = (meanwhile: () => Promise<unknown>) => {
    const database: Database = {
      ...store.database,
      transaction: async (work) => {
        await meanwhile()
        return store.database.transaction(work)
      },
    }
    return createJobs({ database, hot: store.hot, time: store.time })
  }

  test('is refused when the job starts in between', async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    const jobs = interrupted(() => worker.claim(1, { queue }))
    await expect(jobs.cancel(everyTenant, id, { by: tester, versions: [await version(id)] })).rejects.toMatchObject(precondition)
    expect((await store.get(id)).state).toBe('RUNNING')
  })

  test('is refused when the job is retried and ends again in between', async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    await worker.complete(await worker.claim(1, { queue }))
    const jobs = interrupted(async () => {
      await retry(id)
      await worker.complete(await worker.claim(1, { queue }))
    })
    await expect(jobs.retry(everyTenant, id, { by: tester, versions: [await version(id)] })).rejects.toMatchObject(precondition)
    expect((await store.get(id)).state).toBe('SUCCEEDED')
  })

  test('without a version follows the job', async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    await interrupted(() => worker.claim(1, { queue })).cancel(everyTenant, id, { by: tester })
    expect((await store.get(id)).state).toBe('CANCELLED')
  })
})

describe('what the caller writes alongside', () => {
  test('sees the job as it was left, and takes the change back when it fails', async () => {
    const id = await store.add({ queue: newQueue() })
    const failing = async () => { throw new Error('no room') }
    await expect(store.jobs.cancel(everyTenant, id, { by: tester, alongside: failing })).rejects.toThrow('no room')
    expect((await store.get(id)).state).toBe('PENDING')
    let seen: unknown
    await store.jobs.cancel(everyTenant, id, { by: tester, alongside: async (_tx, job) => { seen = job } })
    expect(await store.get(id)).toEqual(seen)
    await expect(store.jobs.retry(everyTenant, id, { by: tester, alongside: failing })).rejects.toThrow('no room')
    expect((await store.get(id)).state).toBe('CANCELLED')
  })

  test('takes an add back when it fails, and nothing is left of it', async () => {
    const queue = newQueue()
    const failing = async () => { throw new Error('no room') }
    await expect(store.jobs.add(everyTenant, { name: 'work', queue }, tester, failing)).rejects.toThrow('no room')
    await expect(store.jobs.addMany(everyTenant, [{ name: 'work', queue, uniqueKey: 'k' }, { name: 'work', queue, delayMs: 5 }], tester, failing)).rejects.toThrow('no room')
    expect((await store.jobs.list(everyTenant, { queue }, { limit: 10 })).items).toEqual([])
  })
})
