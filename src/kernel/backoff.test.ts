import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RetryPolicy, retryDelay } from './backoff.ts'

const policies = fc.record<RetryPolicy>({
  maxAttempts: fc.integer({ min: 1, max: 100 }),
  strategy: fc.constantFrom('fixed', 'linear', 'exponential'),
  baseDelaySeconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
  maxDelaySeconds: fc.double({ min: 0, max: 2_592_000, noNaN: true }),
  jitter: fc.constantFrom('full', 'equal', 'none'),
})
const attempts = fc.integer({ min: 1, max: 100 })
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const plain: RetryPolicy = { maxAttempts: 10, strategy: 'fixed', baseDelaySeconds: 2, maxDelaySeconds: 60, jitter: 'none' }
const delays = (policy: RetryPolicy, random = 0) => [1, 2, 3, 4, 5, 6].map((attempt) => retryDelay(policy, attempt, random) / 1000)

test('a fixed delay stays, a linear one grows by the base, an exponential one doubles', () => {
  expect(delays(plain)).toEqual([2, 2, 2, 2, 2, 2])
  expect(delays({ ...plain, strategy: 'linear' })).toEqual([2, 4, 6, 8, 10, 12])
  expect(delays({ ...plain, strategy: 'exponential' })).toEqual([2, 4, 8, 16, 32, 60])
})

test('jitter draws from nothing or from half of the delay', () => {
  expect(delays({ ...plain, jitter: 'full' }, 0.25)[0]).toBe(0.5)
  expect(delays({ ...plain, jitter: 'equal' }, 0.25)[0]).toBe(1.25)
})

test('a delay is a whole number of milliseconds, never negative and never above the cap', () => {
  fc.assert(fc.property(policies, attempts, chance, (policy, attempt, random) => {
    const delay = retryDelay(policy, attempt, random)
    expect(Number.isInteger(delay)).toBe(true)
    expect(delay).toBeGreaterThanOrEqual(0)
    expect(delay).toBeLessThanOrEqual(Math.round(policy.maxDelaySeconds * 1000))
  }))
})

test('jitter only ever shortens, equal jitter by half at most', () => {
  fc.assert(fc.property(policies, attempts, chance, (policy, attempt, random) => {
    const whole = retryDelay({ ...policy, jitter: 'none' }, attempt, random)
    const delay = retryDelay(policy, attempt, random)
    expect(delay).toBeLessThanOrEqual(whole)
    if (policy.jitter === 'equal') expect(delay).toBeGreaterThanOrEqual(Math.floor(whole / 2))
  }))
})

test('without jitter no delay is shorter than the one before, up to attempt 100', () => {
  fc.assert(fc.property(policies, (policy) => {
    const all = Array.from({ length: 100 }, (_, at) => retryDelay({ ...policy, jitter: 'none' }, at + 1, 0))
    expect(all).toEqual(all.toSorted((one, other) => one - other))
    expect(all.every(Number.isFinite)).toBe(true)
  }))
})
