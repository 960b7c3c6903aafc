/**
 * Claiming and the lease: who gets which job, and whose end of it counts.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { newId } from '../../kernel/ids.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import type { ClaimedJob } from './claimed-job.ts'
import { runRescue } from './rescuer.ts'
import { runSchedule } from './scheduler.ts'
import { leasedJobs } from './sql/release-jobs.ts'
import { renewLeases } from './sql/renew-leases.ts'

let store: JobStore
let one: ReturnType<typeof plainWorker>
let other: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  one = plainWorker(store)
  other = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.database.query('truncate taskflows.ready, taskflows.held, taskflows.leases'))

const idsOf = (claims: readonly ClaimedJob[]) => claims.map(({ id }) => id)
const addMany = async (count: number) => (await store.jobs.addMany(everyTenant, Array.from({ length: count }, () => ({ name: 'work' })), tester)).ids
const attemptsOf = async (id: string) => (await store.jobs.attempts(everyTenant, id)).map(({ attempt, outcome, final }) => ({ attempt, outcome, final }))

describe('claim order', () => {
  test('is the higher priority first, from one end of the range to the other, then the arrival', async () => {
    const ids = new Map<number, string[]>()
    for (const priority of [0, -32_768, 32_767, 5, -5, 0]) ids.set(priority, [...(ids.get(priority) ?? []), await store.add({ priority })])
    const claims = await one.claim(10)
    expect(idsOf(claims)).toEqual([32_767, 5, 0, -5, -32_768].flatMap((priority) => ids.get(priority)!))
  })

  test('decides who is claimed, not only how they are shown', async () => {
    const ids = []
    for (const priority of [1, 3, 2]) ids.push(await store.add({ priority }))
    expect(idsOf([...(await one.claim(1)), ...(await one.claim(1)), ...(await one.claim(1))])).toEqual([ids[1], ids[2], ids[0]])
  })

  test('is kept within a queue and among the names that the worker knows', async () => {
    const mail = await store.add({ name: 'mail' })
    await store.add({ name: 'work', queue: 'elsewhere' })
    const work = await store.add({ name: 'work' })
    expect(idsOf(await plainWorker(store, { names: ['mail'] }).claim(10))).toEqual([mail])
    expect(idsOf(await plainWorker(store, { names: ['work', 'mail'] }).claim(10))).toEqual([work])
    expect((await store.rowsLeft()).ready).toBe(1)
  })
})

describe('several claimers', () => {
  test('never get the same job, and together get every one', async () => {
    const added = await addMany(600)
    const workers = Array.from({ length: 6 }, () => plainWorker(store))
    const taken: string[] = []
    await Promise.all(workers.map(async (worker) => {
      for (let claims = await worker.claim(7); claims.length > 0; claims = await worker.claim(7)) taken.push(...idsOf(claims))
    }))
    // A claim may come away with less while others hold rows; what is left is there for the next.
    for (let claims = await one.claim(50); claims.length > 0; claims = await one.claim(50)) taken.push(...idsOf(claims))
    expect(taken.toSorted()).toEqual(added.toSorted())
  })
})

describe('the watermark', () => {
  test('leaves out what sorts before it, and a scan from the start sees it: a late commit', async () => {
    const late = Promise.withResolvers<void>()
    const inserted = Promise.withResolvers<string>()
    const slow = store.database.transaction(async (tx) => {
      // The row as add-jobs would write it, in a transaction that takes its time.
      const [row] = await tx.query<{ id: string }>(`
        with job as (
          insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, created_at, created_by)
          select ($1::text)::uuid, 'default', 'default', 'work', 0, '{}', taskflows.now(), 'tester' returning id, created_at
        ) insert into taskflows.ready (id, queue, rank, tag, tenant_id, name, attempt, spent, awaited, payload)
        select id, 'default', 0, (extract(epoch from created_at) * 1000000)::bigint, 'default', 'work', 1, 0, false, '{}' from job returning id`, [newId(store.time.now())])
      inserted.resolve(row!.id)
      await late.promise
    })
    const id = await inserted.promise
    const [after] = await addMany(1)
    const [claim] = await one.claim(1)
    expect(claim!.id).toBe(after)
    late.resolve()
    await slow
    expect(await one.claim(1, { from: claim! })).toEqual([])
    expect(idsOf(await one.claim(1))).toEqual([id])
  })

  test('leads a full claim on without a gap', async () => {
    const added = await addMany(30)
    const taken: string[] = []
    for (let from: ClaimedJob | undefined; taken.length < 30;) {
      const claims = await one.claim(7, from ? { from } : {})
      taken.push(...idsOf(claims))
      from = claims.at(-1)!
    }
    expect(taken).toEqual(added)
  })
})

describe('the fence', () => {
  test('lets an end count only under its lease: after a rescue it is the second worker that finishes', async () => {
    const [id] = await addMany(1)
    const [first] = await one.claim(1)
    await store.expireLeases()
    expect(await runRescue(store.database)).toBe(1)
    await runSchedule(store.database)
    const [second] = await other.claim(1)
    expect(second).toMatchObject({ id, attempt: 2 })

    expect(await one.complete([first!])).toMatchObject({ lost: [first!.lease.id] })
    expect(await one.settle([first!], { final: 'FAILED' })).toMatchObject({ lost: [first!.lease.id] })
    expect((await store.get(id!)).state).toBe('RUNNING')
    await other.complete([second!])
    expect(await attemptsOf(id!)).toEqual([{ attempt: 1, outcome: 'lost', final: false }, { attempt: 2, outcome: 'succeeded', final: true }])
  })

  test('a rescued job may run since the moment of its rescue', async () => {
    const [id] = await addMany(1)
    await one.claim(1)
    await store.expireLeases()
    await runRescue(store.database)
    const { state, nextRunAt } = await store.get(id!)
    const [attempt] = await store.jobs.attempts(everyTenant, id!)
    expect({ state, nextRunAt }).toEqual({ state: 'PENDING', nextRunAt: attempt!.endedAt })
  })

  test('an end that comes after a cancel loses, and the others of its batch count', async () => {
    const [cancelled, kept] = await addMany(2)
    const claims = await one.claim(2)
    await store.jobs.cancel(everyTenant, cancelled!, { by: tester, reason: 'no longer needed' })
    const head = await one.complete(claims)
    expect(head.cancelled).toEqual([expect.stringContaining(cancelled!)])
    expect(await store.get(cancelled!)).toMatchObject({ state: 'CANCELLED', lastErrorMessage: 'no longer needed', attempts: 1, result: null })
    expect((await store.get(kept!)).state).toBe('SUCCEEDED')
    expect(await attemptsOf(cancelled!)).toEqual([{ attempt: 1, outcome: 'cancelled', final: true }])
  })

  test('a cancel that comes after the end is refused, though the lease is still open', async () => {
    const [ended] = await addMany(2)
    const claims = await one.claim(2)
    await one.complete(claims.filter(({ id }) => id === ended), { close: false })
    await expect(store.jobs.cancel(everyTenant, ended!, { by: tester })).rejects.toMatchObject({ code: 'job.invalid_transition' })
    expect((await store.get(ended!)).state).toBe('SUCCEEDED')
  })

  test('a cancel and an end at the same moment: exactly one of them decides', async () => {
    const ids = await addMany(60)
    const claims = await one.claim(60)
    const cancels = Promise.allSettled(ids.map((id) => store.jobs.cancel(everyTenant, id, { by: tester })))
    for (let at = 0; at < 60; at += 6) await one.complete(claims.slice(at, at + 6), { close: false })
    const refused = (await cancels).map(({ status }) => status === 'rejected')
    for (const [at, id] of ids.entries()) {
      const { state } = await store.get(id)
      expect(state).toBe(refused[at] ? 'SUCCEEDED' : 'CANCELLED')
      expect(await attemptsOf(id)).toHaveLength(1)
    }
  })

  test('a rescue and an end at the same moment: exactly one of them decides', async () => {
    const ids = await addMany(40)
    const batches: ClaimedJob[][] = []
    for (let at = 0; at < 20; at += 1) batches.push(await one.claim(2))
    await store.expireLeases()
    await Promise.all([runRescue(store.database), runRescue(store.database), ...batches.map((claims) => one.complete(claims))])
    await runSchedule(store.database)
    const states = await Promise.all(ids.map(async (id) => (await store.get(id)).state))
    expect(new Set([...states, 'SUCCEEDED', 'PENDING'])).toEqual(new Set(['SUCCEEDED', 'PENDING']))
    expect((await store.rowsLeft()).ready).toBe(states.filter((state) => state === 'PENDING').length)
    for (const id of ids) expect(await attemptsOf(id)).toHaveLength(1)
  })
})

describe('a release', () => {
  test('gives the same attempt back at the same turn, and takes it out of the lease', async () => {
    const ids = await addMany(3)
    const claims = await one.claim(3)
    await one.release(claims.slice(0, 2))
    const again = await other.claim(3)
    expect(again.map(({ id, attempt, tag }) => ({ id, attempt, tag }))).toEqual(claims.slice(0, 2).map(({ id, attempt, tag }) => ({ id, attempt, tag })))
    expect(await store.get(ids[0]!)).toMatchObject({ state: 'RUNNING', attempts: 1 })
    expect(await store.database.query(leasedJobs, [claims[2]!.lease.id])).toEqual([{ id: ids[2] }])
    await store.expireLeases()
    expect(await runRescue(store.database)).toBe(3)
  })

  test('of a whole lease ends the lease, and twice is once', async () => {
    await addMany(2)
    const claims = await one.claim(2)
    await one.release(claims)
    await one.release(claims)
    expect(await store.rowsLeft()).toMatchObject({ ready: 2, leases: 0 })
  })

  test('does not bring a cancelled job back', async () => {
    const [cancelled] = await addMany(2)
    const claims = await one.claim(2)
    await store.jobs.cancel(everyTenant, cancelled!, { by: tester })
    await one.release(claims)
    expect((await store.get(cancelled!)).state).toBe('CANCELLED')
    expect((await store.rowsLeft()).ready).toBe(1)
  })
})

describe('a rescue', () => {
  test('counts the attempt, and buries a job whose budget is spent', async () => {
    const id = await store.add({ policy: { maxAttempts: 2 } })
    for (const state of ['PENDING', 'DEAD']) {
      await one.claim(1)
      await store.expireLeases()
      await runRescue(store.database)
      await runSchedule(store.database)
      expect((await store.get(id)).state).toBe(state)
    }
    expect(await store.get(id)).toMatchObject({ attempts: 2, lastErrorType: 'WorkerLost', backoffDecision: 'attempt 2 of 2 failed: the budget is spent' })
  })

  test('touches neither a lease that holds nor a job that ended under the lost one', async () => {
    const [ended, running] = await addMany(2)
    const claims = await one.claim(2)
    await one.complete(claims.filter(({ id }) => id === ended), { close: false })
    expect(await runRescue(store.database)).toBe(0)
    await store.expireLeases()
    expect(await runRescue(store.database)).toBe(1)
    expect((await store.get(ended!)).state).toBe('SUCCEEDED')
    expect(await attemptsOf(running!)).toEqual([{ attempt: 1, outcome: 'lost', final: false }])
  })
})

describe('a manual retry', () => {
  test('gives a fresh budget and keeps the history', async () => {
    const id = await store.add({ policy: { maxAttempts: 2 } })
    await one.settle(await one.claim(1), { final: 'DEAD' })
    await store.jobs.retry(everyTenant, id, { by: tester })
    for (const [attempt, state] of [[2, 'PENDING'], [3, 'DEAD']] as const) {
      const [claim] = await one.claim(1)
      expect(claim).toMatchObject({ attempt, spent: 1 })
      await store.expireLeases()
      await runRescue(store.database)
      await runSchedule(store.database)
      expect((await store.get(id)).state).toBe(state)
    }
    expect(await attemptsOf(id)).toEqual([{ attempt: 1, outcome: 'failed', final: false }, { attempt: 2, outcome: 'lost', final: false }, { attempt: 3, outcome: 'lost', final: true }])
  })

  test('of two at the same moment one is refused, and the job runs once', async () => {
    const id = await store.add()
    await one.complete(await one.claim(1))
    const both = await Promise.allSettled([store.jobs.retry(everyTenant, id, { by: tester }), store.jobs.retry(everyTenant, id, { by: tester })])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(await one.claim(5)).toHaveLength(1)
  })
})

describe('a renewal', () => {
  test('lengthens the leases that are named and no others, and says which are gone', async () => {
    await addMany(2)
    const [[named], [unnamed]] = [await one.claim(1), await one.claim(1)]
    await store.expireLeases()
    const gone = newId(store.time.now())
    const [answer] = await store.database.query<{ lost: string[] }>(renewLeases, [one.id, [named!.lease.id, gone], 10])
    expect(answer!.lost).toEqual([gone])
    expect(await runRescue(store.database)).toBe(1)
    const left = await store.database.query<{ id: string }>('select id from taskflows.leases')
    expect(left).toEqual([{ id: named!.lease.id }])
    expect(left).not.toContainEqual({ id: unnamed!.lease.id })
  })

  test('tells of cancelled jobs, and under which lease', async () => {
    const [id] = await addMany(1)
    const [claim] = await one.claim(1)
    await store.jobs.cancel(everyTenant, id!, { by: tester })
    const [answer] = await store.database.query<{ cancelled: string[] }>(renewLeases, [one.id, [claim!.lease.id], 10])
    expect(answer!.cancelled).toEqual([`${claim!.lease.id} ${id}`])
  })
})
