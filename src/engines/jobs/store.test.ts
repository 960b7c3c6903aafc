/**
 * Reading jobs: lists, pages, tenants, the story of one.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { newId } from '../../kernel/ids.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import type { JobFilter } from './job.ts'
import { type JobState, jobLimits, jobStates } from './vocabulary.ts'

let store: JobStore
let worker: ReturnType<typeof plainWorker>
/** One job of each state, in one queue. */
const of = {} as Record<JobState, string>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  worker = plainWorker(store)
  const ended = async (end: (claims: Awaited<ReturnType<typeof worker.claim>>) => Promise<unknown>) => {
    const id = await store.add({ queue: 'states' })
    await end(await worker.claim(1, { queue: 'states' }))
    return id
  }
  of.SUCCEEDED = await ended((claims) => worker.complete(claims))
  of.FAILED = await ended((claims) => worker.settle(claims, { final: 'FAILED' }))
  of.DEAD = await ended((claims) => worker.settle(claims, { final: 'DEAD' }))
  of.CANCELLED = await ended(([claim]) => store.jobs.cancel(everyTenant, claim!.id, { by: tester }))
  of.RUNNING = await ended(async () => {})
  of.SCHEDULED = await store.add({ queue: 'states', delayMs: 3_600_000 })
  of.PENDING = await store.add({ queue: 'states' })
})
afterAll(() => store[Symbol.asyncDispose]())

const list = async (filter: JobFilter = {}, tenant: string | null = null) => (await store.jobs.list({ tenant }, filter, { limit: 100 })).items
const idsOf = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id)

describe('a list', () => {
  test.each(jobStates)('of %s jobs holds those and no others', async (state) => {
    const jobs = await list({ state, queue: 'states' })
    expect(jobs.map((job) => [job.id, job.state])).toEqual([[of[state], state]])
  })

  test('without a state holds them all, newest first, each as it reads alone', async () => {
    const jobs = await list({ queue: 'states' })
    expect(idsOf(jobs)).toEqual(Object.values(of).toSorted().toReversed())
    for (const job of jobs) expect(await store.get(job.id)).toEqual(job)
  })

  test('shows each job in one state, though it was cancelled, retried and claimed again under an open lease', async () => {
    const id = await store.add({ queue: 'twice' })
    await worker.claim(1, { queue: 'twice' })
    await store.jobs.cancel(everyTenant, id, { by: tester })
    await store.jobs.retry(everyTenant, id, { by: tester })
    await worker.claim(1, { queue: 'twice' })
    for (const state of jobStates) expect(idsOf(await list({ state, queue: 'twice' }))).toEqual(state === 'RUNNING' ? [id] : [])
    expect(await store.get(id)).toMatchObject({ state: 'RUNNING', attempts: 2 })
  })

  test('is narrowed by name, tenant, correlation and creation', async () => {
    const since = Date.now() - 1
    const id = await store.add({ queue: 'narrow', name: 'resize', tenant: 'acme', correlationId: 'order-7' })
    const other = await store.add({ queue: 'narrow', name: 'mail', tenant: 'other' })
    expect(idsOf(await list({ queue: 'narrow', name: 'resize' }))).toEqual([id])
    expect(idsOf(await list({ queue: 'narrow', tenant: 'other' }))).toEqual([other])
    expect(idsOf(await list({ correlationId: 'order-7' }))).toEqual([id])
    expect(idsOf(await list({ correlationId: other }))).toEqual([other])
    expect(idsOf(await list({ since, queue: 'narrow' }))).toEqual([other, id])
    expect(await list({ since: Date.now() + 60_000 })).toEqual([])
  })

  test('leaves long results out and says so', async () => {
    const resultOf = async (length: number) => {
      const id = await store.add({ queue: 'results' })
      await worker.complete(await worker.claim(1, { queue: 'results' }), { result: JSON.stringify('x'.repeat(length - 2)) })
      return id
    }
    const short = await resultOf(jobLimits.payloadShownBytes)
    const long = await resultOf(jobLimits.payloadShownBytes + 1)
    const results = (await list({ queue: 'results' })).map(({ id, result, resultOmitted = false }) => [id, result?.length ?? null, resultOmitted])
    expect(results).toEqual([[long, null, true], [short, jobLimits.payloadShownBytes, false]])
    expect((await store.get(long)).result).toHaveLength(jobLimits.payloadShownBytes + 1)
  })

  test('leaves long payloads out and says so with null', async () => {
    const short = await store.add({ queue: 'payloads', payload: 'x'.repeat(jobLimits.payloadShownBytes - 2) })
    const long = await store.add({ queue: 'payloads', payload: 'x'.repeat(jobLimits.payloadShownBytes - 1) })
    const payloads = new Map((await list({ queue: 'payloads' })).map(({ id, payload }) => [id, payload?.length ?? null]))
    expect(payloads).toEqual(new Map([[long, null], [short, jobLimits.payloadShownBytes]]))
    expect((await store.get(long)).payload).toHaveLength(jobLimits.payloadShownBytes + 1)
  })
})

describe('pages', () => {
  test('cover every job that was there exactly once, while others are added', async () => {
    const there = (await store.jobs.addMany(everyTenant, Array.from({ length: 57 }, () => ({ name: 'work', queue: 'pages' })), tester)).ids
    const shown: string[] = []
    let cursor: string | null | undefined
    while (cursor !== null) {
      const page = await store.jobs.list(everyTenant, { queue: 'pages' }, { limit: 10, ...(cursor === undefined ? {} : { cursor }) })
      shown.push(...idsOf(page.items))
      cursor = page.nextCursor
      await store.add({ queue: 'pages' })
    }
    expect(shown).toEqual(there.toReversed())
  })

  test('end where the list ends, also when the last is full', async () => {
    await store.jobs.addMany(everyTenant, Array.from({ length: 4 }, () => ({ name: 'work', queue: 'full' })), tester)
    expect((await store.jobs.list(everyTenant, { queue: 'full' }, { limit: 4 })).nextCursor).toBeNull()
    expect((await store.jobs.list(everyTenant, { queue: 'full' }, { limit: 3 })).nextCursor).not.toBeNull()
    expect(await store.jobs.list(everyTenant, { queue: 'nothing' }, { limit: 3 })).toEqual({ items: [], nextCursor: null })
  })

  test('cannot be asked for with a cursor that is not one of ours', async () => {
    const foreign = (await store.events.list(everyTenant, { limit: 1 })).nextCursor!
    for (const cursor of ['', 'x', '0', 'j', foreign, Buffer.from(`k${'0'.repeat(32)}`).toString('base64url'), Buffer.from('j\0\0').toString('base64url')]) {
      await expect(store.jobs.list(everyTenant, {}, { limit: 1, cursor })).rejects.toMatchObject({ code: 'cursor.invalid', status: 400 })
    }
  })
})

describe('a caller who is bound to a tenant', () => {
  test('sees the jobs of that tenant and no others, whatever is asked for', async () => {
    const mine = await store.add({ tenant: 'mine' })
    await store.add({ tenant: 'theirs' })
    expect(idsOf(await list({}, 'mine'))).toEqual([mine])
    expect(await list({ tenant: 'theirs' }, 'mine')).toEqual([])
    for (const state of jobStates) expect(idsOf(await list({ state }, 'mine'))).toEqual(state === 'PENDING' ? [mine] : [])
  })

  test('finds that a job of another tenant does not exist, whatever is done with it', async () => {
    const id = await store.add({ tenant: 'theirs' })
    const scope = { tenant: 'mine' }
    const deeds = [
      () => store.jobs.get(scope, id), () => store.jobs.attempts(scope, id), () => store.jobs.timeline(scope, id),
      () => store.jobs.cancel(scope, id, { by: tester }), () => store.jobs.retry(scope, id, { by: tester }),
    ]
    for (const deed of deeds) await expect(deed()).rejects.toMatchObject({ code: 'job.not_found', status: 404, details: { id } })
    expect((await store.get(id)).state).toBe('PENDING')
  })
})

describe('one job', () => {
  test('that nobody added is not found', async () => {
    const id = newId(Date.now())
    await expect(store.get(id)).rejects.toMatchObject({ code: 'job.not_found', details: { id } })
  })

  test('tells its story: what was asked, what was tried, what people did', async () => {
    const id = await store.add({ queue: 'story' })
    await worker.settle(await worker.claim(1, { queue: 'story' }))
    await store.jobs.cancel(everyTenant, id, { by: tester, reason: 'a mistake' })
    await store.jobs.retry(everyTenant, id, { by: tester })
    await worker.complete(await worker.claim(1, { queue: 'story' }))
    const story = await store.jobs.timeline(everyTenant, id)
    expect(story.map(({ type, attempt }) => [type, attempt])).toEqual([
      ['job.added', null], ['job.started', 1], ['job.retried', 1], ['job.cancelled', 2], ['job.revived', null], ['job.started', 3], ['job.succeeded', 3],
    ])
    expect(story.map(({ message }) => message)).toEqual(expect.arrayContaining([
      'added to queue story', 'attempt 1 failed (Error: broken; as the test says)', 'attempt 2 cancelled (Cancelled: a mistake; cancelled by tester)', 'retried, with a fresh budget',
    ]))
  })
})

test('the depths of queues count each unfinished job once', async () => {
  const queue = 'depths'
  await store.jobs.addMany(everyTenant, [{ name: 'work', queue }, { name: 'work', queue }, { name: 'work', queue }, { name: 'work', queue, delayMs: 60_000 }], tester)
  const claims = await worker.claim(2, { queue })
  await worker.complete(claims.slice(0, 1), { close: false })
  expect((await store.jobs.depths()).find((depth) => depth.queue === queue)).toEqual({ queue, pending: 1, scheduled: 1, running: 1 })
})
