/** When the rescuer trusts that a lease which expired is one that nobody renews. What it does then: `claims.test.ts`. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { ConnectionLost, type Database } from '../../kernel/database/database.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type JobStore, createJobStore, plainWorker } from '../../testing/job-store.ts'
import { createRescuer, runRescue, sightAfter } from './rescuer.ts'

describe('a look at the database', () => {
  test('is trusted if it is the first, or soon after the one before', () => {
    const first = sightAfter(undefined, 1_000)
    expect(first.trustedFrom).toBe(1_000)
    expect(sightAfter(first, 6_000).trustedFrom).toBe(1_000)
  })

  test('after a time without any is trusted one lease time later, which others do not shorten', () => {
    const blind = sightAfter(sightAfter(undefined, 1_000), 21_000)
    expect(blind).toEqual({ seenAt: 21_000, trustedFrom: 31_000 })
    expect(sightAfter(blind, 23_000)).toEqual({ seenAt: 23_000, trustedFrom: 31_000 })
  })
})

describe('the rescuer', () => {
  let store: JobStore
  beforeAll(async () => {
    store = await createJobStore(inject('postgresUrl'))
  })
  afterAll(() => store[Symbol.asyncDispose]())
  beforeEach(() => store.database.query('truncate taskflows.ready, taskflows.held, taskflows.leases'))

  const leases = async () => (await store.rowsLeft()).leases
  const claimOne = async () => {
    await store.add({})
    await plainWorker(store).claim(1)
    await store.expireLeases()
  }

  test('waits one lease time after it could not look, and leaves alone what was renewed meanwhile', async () => {
    const clock = new FakeClock()
    let away = false
    const database: Database = {
      ...store.database,
      query: (...args) => (away ? Promise.reject(new ConnectionLost('away', true, undefined)) : store.database.query(...args)),
    }
    await using rescuer = createRescuer({ database, clock, random: () => 0.5, onError: () => {} })
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 1_000) {
        await clock.advance(1_000)
        while (clock.sleeping === 0) await pause(1)
      }
    }
    await rescuer.start()
    await pass(4_000)
    away = true
    await claimOne()
    await claimOne()
    await pass(20_000)
    away = false
    await pass(8_000)
    expect(await leases()).toBe(2)
    await store.database.query(`update taskflows.leases set expires_at = taskflows.now() + interval '1 hour' where id = (select min(id::text)::uuid from taskflows.leases)`)
    await pass(6_000)
    expect(await leases()).toBe(1)
    await claimOne()
    await pass(3_000)
    // It sees again, and waits no longer. Those with an hour more were made to expire too.
    expect(await leases()).toBe(0)
  })

  test('that loses sight in the middle of a rescue leaves the lease', async () => {
    await claimOne()
    let looks = 0
    expect(await runRescue(store.database, () => (looks += 1) === 1)).toBe(0)
    expect(await leases()).toBe(1)
    expect(await runRescue(store.database)).toBe(1)
  })
})
