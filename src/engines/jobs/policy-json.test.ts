import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JobPolicy } from './job.ts'
import { readPolicy, writePolicy } from './policy-json.ts'

const seconds = fc.integer({ min: 0, max: 86_400 })
const retries = fc.record({
  strategy: fc.constantFrom('fixed' as const, 'linear' as const, 'exponential' as const),
  baseDelaySeconds: seconds, maxDelaySeconds: seconds,
  jitter: fc.constantFrom('full' as const, 'equal' as const, 'none' as const),
}, { requiredKeys: [] }).filter((retry) => Object.keys(retry).length > 0)
const policies: fc.Arbitrary<JobPolicy> = fc.record({ maxAttempts: fc.integer({ min: 1, max: 100 }), timeoutMs: fc.integer({ min: 1 }), retry: retries }, { requiredKeys: [] })

test('what was written is read back, and nothing is added', () => {
  fc.assert(fc.property(policies, (policy) => {
    expect(readPolicy(writePolicy(policy))).toEqual(policy)
  }))
})

test('a policy that says nothing is not kept', () => {
  expect(writePolicy({})).toBeNull()
  expect(writePolicy({ retry: {} })).toBeNull()
  expect(readPolicy(null)).toEqual({})
})

test('the tables keep words that people can read', () => {
  expect(writePolicy({ maxAttempts: 5, timeoutMs: 2000, retry: { strategy: 'fixed', baseDelaySeconds: 0, maxDelaySeconds: 60, jitter: 'none' } }))
    .toBe('{"max_attempts":5,"timeout_ms":2000,"strategy":"fixed","base_delay_seconds":0,"max_delay_seconds":60,"jitter":"none"}')
})
