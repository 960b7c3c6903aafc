import { expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { Demand, largestBuffer } from './demand.ts'

test('the first claim is for the slots alone', () => {
  expect(new Demand(10, new FakeClock()).ask(0, 0, 0)).toBe(10)
})

test('what is buffered, running or asked for already is not asked for again', () => {
  const demand = new Demand(10, new FakeClock())
  expect(demand.ask(3, 2, 1)).toBe(4)
  expect(demand.ask(0, 10, 0)).toBe(0)
  expect(demand.ask(20, 10, 5)).toBe(0)
})

test('a worker that gets through many jobs asks for about a second of them', async () => {
  const { demand, clock } = subject(10)
  await passJobs(demand, clock, { perSecond: 200, seconds: 5 })
  expect(demand.ask(0, 0, 0)).toBe(210)
})

test('a worker that gets through one job a minute does not sit on jobs that others could run', async () => {
  const { demand, clock } = subject(1)
  for (let minute = 0; minute < 5; minute += 1) {
    await clock.advance(60_000)
    demand.count()
    expect(demand.ask(0, 0, 0)).toBe(1)
    expect(demand.ask(0, 1, 0)).toBe(0)
  }
})

test('the buffer is filled up when it is half empty, and at once when a slot is free', async () => {
  const { demand, clock } = subject(10)
  await passJobs(demand, clock, { perSecond: 200, seconds: 5 })
  expect(demand.ask(150, 10, 0)).toBe(0)
  expect(demand.ask(90, 10, 0)).toBe(110)
  expect(demand.ask(0, 9, 0)).toBe(201)
})

test('no worker claims more than the largest buffer ahead', async () => {
  const { demand, clock } = subject(10)
  await passJobs(demand, clock, { perSecond: 50_000, seconds: 3 })
  expect(demand.ask(0, 0, 0)).toBe(10 + largestBuffer)
})

test('jobs that had to be given back halve the estimate', async () => {
  const { demand, clock } = subject(10)
  await passJobs(demand, clock, { perSecond: 200, seconds: 5 })
  demand.halve()
  expect(demand.ask(0, 0, 0)).toBe(110)
})

function subject(slots: number) {
  const clock = new FakeClock()
  return { clock, demand: new Demand(slots, clock) }
}

async function passJobs(demand: Demand, clock: FakeClock, { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number }): Promise<void> {
  for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
    for (let job = 0; job < perSecond / 4; job += 1) demand.count()
    await clock.advance(250)
    demand.ask(0, 0, 0)
  }
}
