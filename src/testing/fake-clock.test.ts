import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'

test('nobody wakes before their time', async () => {
  const clock = new FakeClock(1000)
  let awake = false
  void clock.sleep(50).then(() => { awake = true })
  await clock.advance(49)
  expect(awake).toBe(false)
  await clock.advance(1)
  expect(awake).toBe(true)
  expect(clock.now()).toBe(1050)
})

test('sleepers wake in the order in which they are due, each at its own moment', async () => {
  const clock = new FakeClock(0)
  const woken: [string, number][] = []
  const note = (name: string) => () => { woken.push([name, clock.now()]) }
  void clock.sleep(30).then(note('late'))
  void clock.sleep(10).then(note('early'))
  void clock.sleep(10).then(note('early too'))
  await clock.advance(100)
  expect(woken).toEqual([['early', 10], ['early too', 10], ['late', 30]])
})

test('one advance carries a loop through all its rounds', async () => {
  const clock = new FakeClock(0)
  const rounds: number[] = []
  void (async () => {
    for (;;) {
      await clock.sleep(10)
      rounds.push(clock.now())
    }
  })()
  await clock.advance(35)
  expect(rounds).toEqual([10, 20, 30])
})

test('an abort ends a sleep at once, and one that came before prevents it', async () => {
  const clock = new FakeClock()
  const abort = new AbortController()
  const sleep = clock.sleep(1_000_000, abort.signal)
  expect(clock.sleeping).toBe(1)
  abort.abort()
  await sleep
  await clock.sleep(1_000_000, abort.signal)
  expect(clock.sleeping).toBe(0)
})
