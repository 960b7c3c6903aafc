import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RateLimiter, createRateLimiter, rateOf } from './rate-limit.ts'

const rate = rateOf(10)

/** How many of `tries` at the same moment are within the rate. */
function take(limiter: RateLimiter, tries: number, nowMs: number, key = 'ada'): number {
  let taken = 0
  for (let at = 0; at < tries; at += 1) {
    if (limiter.wait(key, rate, nowMs) > 0) continue
    limiter.charge(key, rate, nowMs)
    taken += 1
  }
  return taken
}

test('a caller may ask for two seconds worth at once, and then as fast as the rate', () => {
  const limiter = createRateLimiter()
  expect(take(limiter, 100, 0)).toBe(20)
  expect(limiter.wait('ada', rate, 0)).toBe(100)
  expect(take(limiter, 100, 99)).toBe(0)
  expect(take(limiter, 100, 100)).toBe(1)
  expect(take(limiter, 100, 1_100)).toBe(10)
  expect(take(limiter, 100, 60_000)).toBe(20)
})

test('one caller does not use up what another has', () => {
  const limiter = createRateLimiter()
  take(limiter, 100, 0, 'eve')
  expect(take(limiter, 100, 0)).toBe(20)
})

test('in any span no more passes than the burst and what the rate refills', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }), (pauses) => {
    const limiter = createRateLimiter()
    const passed: number[] = []
    let now = 0
    for (const pause of pauses) {
      now += pause
      if (take(limiter, 1, now) === 1) passed.push(now)
    }
    passed.forEach((from, at) => passed.slice(at).forEach((to, count) => expect(count + 1).toBeLessThanOrEqual(20 + (to - from) / 100 + 1e-6)))
  }))
})

test('whoever waits as long as told is within the rate, and a moment sooner is not', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 1_000_000 }), (perSecond, charges, now) => {
    const [limiter, slow] = [createRateLimiter(), rateOf(perSecond)]
    for (let at = 0; at < charges; at += 1) limiter.charge('ada', slow, now)
    const wait = limiter.wait('ada', slow, now)
    expect(limiter.wait('ada', slow, now + wait)).toBeCloseTo(0, 5)
    if (wait > 1) expect(limiter.wait('ada', slow, now + wait - 1)).toBeGreaterThan(0)
  }))
})

test('what is overdrawn is waited for, but not for ever', () => {
  const limiter = createRateLimiter()
  for (let at = 0; at < 50; at += 1) limiter.charge('ada', rate, 0)
  expect(limiter.wait('ada', rate, 0)).toBe(3_100)
  for (let at = 0; at < 100_000; at += 1) limiter.charge('ada', rate, 0)
  expect(limiter.wait('ada', rate, 0)).toBeLessThan(61_000)
})

test('a clock that is set back keeps nobody out for longer than a minute', () => {
  const limiter = createRateLimiter()
  take(limiter, 100, 86_400_000)
  expect(limiter.wait('ada', rate, 0)).toBeLessThan(61_000)
})

test('idle callers are forgotten first, and any number of callers is bounded', () => {
  const limiter = createRateLimiter(100)
  limiter.charge('ada', rate, 0)
  for (let at = 0; at < 60; at += 1) limiter.charge(`idle ${at}`, rate, 0)
  take(limiter, 100, 10_000)
  for (let at = 0; at < 40; at += 1) limiter.charge(`guest ${at}`, rate, 10_000)
  expect(limiter.wait('ada', rate, 10_000)).toBe(100)
  for (let at = 0; at < 1_000; at += 1) limiter.charge(`stranger ${at}`, rate, 10_000)
  expect(limiter.wait('ada', rate, 10_000)).toBe(0)
})
