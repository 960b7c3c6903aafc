/**
 * Jobs that wait for other jobs.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import { runRescue } from './rescuer.ts'
import { runSchedule } from './scheduler.ts'
import { readParents } from './sql/read-jobs.ts'

let store: JobStore
let worker: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  worker = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.database.query('truncate taskflows.ready, taskflows.held, taskflows.leases, taskflows.dependencies, taskflows.awaited_ends'))

const nothingLeft = { held: 0, ready: 0, leases: 0, dependencies: 0, awaited_ends: 0 }
const stateOf = async (id: string) => (await store.get(id)).state
const schedule = () => runSchedule(store.database)
const cancel = (id: string) => store.jobs.cancel(everyTenant, id, { by: tester })

/** Claims everything that is there, and ends it. */
async function runAll(end: (claims: Awaited<ReturnType<typeof worker.claim>>) => Promise<unknown> = (claims) => worker.complete(claims)): Promise<number> {
  const claims = await worker.claim(1_000)
  if (claims.length > 0) await end(claims)
  return claims.length
}

describe('a child', () => {
  test('waits for every parent, names those it waits for, and runs after the last', async () => {
    const [one, two] = [await store.add(), await store.add()]
    const child = await store.add({ after: [one, two] })
    expect(await store.get(child)).toMatchObject({ state: 'SCHEDULED', nextRunAt: null, waitingOn: [one, two] })
    for (const [waitingOn, state] of [[[two], 'SCHEDULED'], [[], 'PENDING']] as const) {
      await worker.complete(await worker.claim(1))
      await schedule()
      expect(await store.get(child)).toMatchObject({ state, waitingOn })
    }
    expect(await runAll()).toBe(1)
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  })

  test('sees its parents in the order of the request, with what they got and gave', async () => {
    const [one, two] = [await store.add({ payload: 1 }), await store.add({ payload: 2 })]
    const child = await store.add({ after: [two, one] })
    await store.database.query(`update taskflows.ready set rank = 1 where id = $1::uuid`, [two])
    await runAll()
    const parents = await store.database.query<{ id: string; payload: string }>(readParents, [child])
    expect(parents.map(({ id, payload }) => [id, payload])).toEqual([[two, '2'], [one, '1']])
  })

  test('of parents that have succeeded already waits for nothing', async () => {
    const parent = await store.add()
    await runAll()
    const child = await store.add({ after: [parent] })
    expect(await stateOf(child)).toBe('PENDING')
    await schedule()
    expect(await runAll()).toBe(1)
    expect(await stateOf(child)).toBe('SUCCEEDED')
  })

  test('that also waits for a time waits for both', async () => {
    const parent = await store.add()
    const child = await store.add({ after: [parent], delayMs: 3_600_000 })
    await runAll()
    await schedule()
    expect(await store.get(child)).toMatchObject({ state: 'SCHEDULED', waitingOn: [] })
    await store.hurry()
    await schedule()
    expect(await stateOf(child)).toBe('PENDING')
  })

  test('that names a parent twice waits for it once', async () => {
    const parent = await store.add()
    const child = await store.add({ after: [parent, parent] })
    await runAll()
    await schedule()
    expect(await stateOf(child)).toBe('PENDING')
  })

  test('waits for a parent that is tried again, released or rescued until it has really ended', async () => {
    const parent = await store.add()
    const [claim] = await worker.claim(1)
    const child = await store.add({ after: [parent] })
    await worker.settle([claim!])
    await schedule()
    await worker.claim(1)
    await store.expireLeases()
    await runRescue(store.database)
    await schedule()
    expect(await stateOf(child)).toBe('SCHEDULED')
    await runAll()
    await schedule()
    expect(await stateOf(child)).toBe('PENDING')
  })

  test('waits for jobs of the same request, down a chain and through a diamond', async () => {
    const { ids } = await store.jobs.addMany(everyTenant, [{ name: 'work' }, { name: 'work', after: [0] }, { name: 'work', after: [0] }, { name: 'work', after: [1, 2] }], tester)
    const rounds = []
    for (let count = await runAll(); count > 0; count = await runAll()) {
      rounds.push(count)
      await schedule()
    }
    expect(rounds).toEqual([1, 2, 1])
    expect(await Promise.all(ids.map(stateOf))).toEqual(ids.map(() => 'SUCCEEDED'))
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  })

  test('can be cancelled while it waits, and its parent ends in peace', async () => {
    const parent = await store.add()
    const child = await store.add({ after: [parent] })
    await cancel(child)
    await runAll()
    await schedule()
    expect([await stateOf(parent), await stateOf(child)]).toEqual(['SUCCEEDED', 'CANCELLED'])
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  })

  test('of a tenant that the caller cannot see is refused like one that does not exist', async () => {
    const parent = await store.add({ tenant: 'other' })
    await expect(store.jobs.add({ tenant: 'acme' }, { name: 'work', after: [parent] }, tester)).rejects.toMatchObject({ code: 'job.not_found', details: { field: 'after', ids: [parent] } })
  })
})

describe('a parent that does not succeed', () => {
  const endings = {
    'is rejected': () => runAll((claims) => worker.settle(claims, { final: 'FAILED' })),
    'is buried': () => runAll((claims) => worker.settle(claims, { final: 'DEAD' })),
    'is cancelled while it waits': (parent: string) => cancel(parent),
    'is cancelled while it runs': async (parent: string) => {
      await worker.claim(1)
      await cancel(parent)
    },
    'is lost with its worker for the last time': async () => {
      await worker.claim(1)
      await store.expireLeases()
      await runRescue(store.database)
    },
  }

  for (const [what, end] of Object.entries(endings)) {
    for (const when of ['before', 'after'] as const) {
      test(`and ${what} ${when} the children are added cancels them and theirs`, async () => {
        const parent = await store.add({ policy: { maxAttempts: 1 } })
        const family = async () => {
          const child = await store.add({ after: [parent] })
          return [child, await store.add({ after: [child] }), await store.add({ after: [child, parent] })] as const
        }
        if (when === 'before') await end(parent)
        const [child, ...grandchildren] = await family()
        if (when === 'after') await end(parent)
        await schedule()
        expect(await store.get(child)).toMatchObject({
          state: 'CANCELLED', attempts: 0, lastErrorType: 'ParentFailed', backoffDecision: 'parent_failed', lastErrorMessage: `job ${parent}, which had to succeed first, did not`,
        })
        for (const id of grandchildren) expect(await store.get(id)).toMatchObject({ state: 'CANCELLED', backoffDecision: 'parent_failed' })
        expect(await store.rowsLeft()).toMatchObject({ ...nothingLeft, leases: expect.any(Number) })
      })
    }
  }

  test('leaves the other parents to run, and cancels a child once', async () => {
    const [bad, good] = [await store.add(), await store.add()]
    const child = await store.add({ after: [bad, good] })
    await worker.settle(await worker.claim(1), { final: 'FAILED' })
    await schedule()
    await runAll()
    await schedule()
    expect([await stateOf(good), await stateOf(child)]).toEqual(['SUCCEEDED', 'CANCELLED'])
    expect(await store.jobs.attempts(everyTenant, child)).toHaveLength(1)
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  })

  test('tells the log why', async () => {
    const parent = await store.add()
    const child = await store.add({ after: [parent] })
    await cancel(parent)
    await schedule()
    const { items } = await store.events.list(everyTenant, { subject: child, type: 'job.cancelled', limit: 10 })
    expect(items.map(({ data }) => data)).toEqual([{ reason: 'parent_failed', parent }])
  })
})

describe('a race', () => {
  test('of children that are added while their parents are claimed and end: each child is admitted once, and none is stuck', async () => {
    const parents = (await store.jobs.addMany(everyTenant, Array.from({ length: 120 }, () => ({ name: 'work' })), tester)).ids
    let over = false
    const until = async (round: () => Promise<unknown>) => { while (!over) await round() }
    const work = (limit: number) => async () => {
      const claims = await worker.claim(limit)
      // One by one, so that a lease stays open for long, with some of its jobs ended and some not.
      for (const claim of claims) await worker.complete([claim], { close: claim === claims.at(-1) })
    }
    const background = [until(work(5)), until(work(3)), until(schedule), until(schedule)]
    const children = await Promise.all(Array.from({ length: 8 }, async (_, adder) => {
      const ids: string[] = []
      for (let at = adder; at < parents.length; at += 4) {
        ids.push(await store.add({ after: [parents[at]!, parents[parents.length - 1 - at]!] }))
        ids.push(await store.add({ after: [ids.at(-1)!] }))
      }
      return ids
    }))
    over = true
    await Promise.all(background)
    for (let quiet = false; !quiet;) {
      await schedule()
      quiet = (await runAll()) === 0
    }
    const ids = [...parents, ...children.flat()]
    expect(ids).toHaveLength(120 + 472)
    const [ended] = await store.database.query<{ jobs: number; attempts: number }>(
      `select count(distinct job_id) as jobs, count(*) as attempts from taskflows.attempts where job_id = any($1::uuid[]) and final = 'SUCCEEDED'`, [ids])
    expect(ended).toEqual({ jobs: ids.length, attempts: ids.length })
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  }, 30_000)

  test('of two schedulers that hear of two parents of one child at the same moment: it is admitted once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const parents = await Promise.all(Array.from({ length: 6 }, () => store.add()))
      const child = await store.add({ after: parents })
      await runAll()
      await Promise.all([schedule(), schedule(), schedule()])
      expect(await stateOf(child)).toBe('PENDING')
      expect(await runAll()).toBe(1)
    }
    expect(await store.rowsLeft()).toEqual(nothingLeft)
  })
})
