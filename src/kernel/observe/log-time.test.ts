import { expect, test } from 'vitest'
import { createLogClock } from './log-time.ts'

test('the time is that of the clock, to the millisecond', () => {
  const clock = createLogClock(() => Date.parse('2026-11-21T09:56:04.007Z'))
  clock.tick()
  expect(clock.iso).toBe('2026-11-21T09:56:04.007Z')
  expect(clock.ns).toBe('1795254964007000000')
})

test.each([0, 1, 2, 3])('nanoseconds ascend within a millisecond, and past what fits into it, also as doubles (%i)', (ms) => {
  const clock = createLogClock(() => 1_795_254_964_000 + ms)
  const seen = Array.from({ length: 10_000 }, () => { clock.tick(); return clock.ns })
  expect(seen.every((ns, at) => at === 0 || BigInt(ns) > BigInt(seen[at - 1]!))).toBe(true)
  expect(seen.every((ns, at) => at === 0 || Number(ns) > Number(seen[at - 1]))).toBe(true)
})

test('a clock that steps back changes the time, and not the order', () => {
  let now = 1_795_254_964_007
  const clock = createLogClock(() => now)
  clock.tick()
  const before = clock.ns
  now -= 3_600_000
  clock.tick()
  expect(BigInt(clock.ns)).toBeGreaterThan(BigInt(before))
  expect(clock.iso).toBe('2026-11-21T08:56:04.007Z')
})
