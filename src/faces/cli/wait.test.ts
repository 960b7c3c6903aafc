import { expect, test } from 'vitest'
import type { Clock } from '../../kernel/clock.ts'
import { type Job, waitForEnd } from './wait.ts'

const job = (state: Job['state']) => ({ id: '7', state }) as Job

/** Time passes only while somebody sleeps. */
function sleepingClock() {
  const pauses: number[] = []
  const clock: Clock = {
    now: () => pauses.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => void pauses.push(ms),
    timer: () => { throw new Error('not used') },
  }
  return { clock, pauses }
}

function jobThatEndsAfter(looks: number, state: Job['state'] = 'SUCCEEDED') {
  let seen = 0
  return async () => job(++seen < looks ? 'RUNNING' : state)
}

const calm = { signal: new AbortController().signal, onLook: () => {} }

test('it looks often at first and every second in the end', async () => {
  const { clock, pauses } = sleepingClock()
  const outcome = await waitForEnd(job('PENDING'), { ...calm, clock, get: jobThatEndsAfter(7, 'DEAD') })
  expect(outcome).toEqual({ end: 'ended', job: job('DEAD') })
  expect(pauses).toEqual([200, 300, 450, 675, 1000, 1000, 1000])
})

test('a job that has ended already is not asked for again', async () => {
  const { clock } = sleepingClock()
  const get = () => Promise.reject(new Error('asked'))
  expect(await waitForEnd(job('CANCELLED'), { ...calm, clock, get })).toEqual({ end: 'ended', job: job('CANCELLED') })
})

test('it gives up at the time-out, after a last look', async () => {
  const { clock, pauses } = sleepingClock()
  const outcome = await waitForEnd(job('PENDING'), { ...calm, clock, timeoutMs: 600, get: jobThatEndsAfter(99) })
  expect(outcome).toEqual({ end: 'timeout', job: job('RUNNING') })
  expect(pauses).toEqual([200, 300, 100])
})

test('an interruption ends the waiting with what was seen last', async () => {
  const { clock } = sleepingClock()
  const controller = new AbortController()
  const outcome = await waitForEnd(job('RUNNING'), { clock, signal: controller.signal, onLook: () => controller.abort(), get: jobThatEndsAfter(99) })
  expect(outcome).toEqual({ end: 'interrupted', job: job('RUNNING') })
})
