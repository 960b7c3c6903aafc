import { expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { tellingThatItGoesOn } from './still-at-it.ts'

function answering(headers: Record<string, string>, httpVersion = '1.1') {
  const clock = new FakeClock()
  const said: number[] = []
  const response = { headersSent: false, destroyed: false, writeProcessing: () => void said.push(clock.now()) }
  const from = clock.now()
  const telling = tellingThatItGoesOn({ headers, httpVersion }, response, clock)
  return { clock, response, telling, said: () => said.map((at) => at - from) }
}

test('a caller who listens hears every five seconds that it goes on, until it is answered', async () => {
  const { clock, telling, said } = answering({ prefer: 'wait=5, Processing' })
  for (let second = 0; second < 12; second += 1) await clock.advance(1_000)
  expect(said()).toEqual([5_000, 10_000])
  telling[Symbol.dispose]()
  await clock.advance(60_000)
  expect(said()).toHaveLength(2)
})

test('nothing is said behind the head of the answer, or to nobody', async () => {
  for (const state of ['headersSent', 'destroyed'] as const) {
    const { clock, response, said } = answering({ prefer: 'processing' })
    response[state] = true
    await clock.advance(60_000)
    expect(said()).toEqual([])
  }
})

test.each<[string, Record<string, string>, string]>([['has not asked', {}, '1.1'], ['prefers something else', { prefer: 'respond-async' }, '1.1'], ['speaks HTTP/1.0', { prefer: 'processing' }, '1.0']])('a caller who %s hears nothing', async (_who, headers, version) => {
  const { clock, said } = answering(headers, version)
  await clock.advance(60_000)
  expect(said()).toEqual([])
})
