import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultRetryPolicy, judgeFailure, policyInForce } from './retry-policy.ts'

describe('the policy in force', () => {
  test('the job speaks first, then its task, then the defaults, field by field', () => {
    expect(policyInForce({})).toEqual(defaultRetryPolicy)
    expect(policyInForce({ maxAttempts: 7, retry: { jitter: 'none' } }, { maxAttempts: 2, retry: { jitter: 'full', strategy: 'fixed' } })).toEqual({
      ...defaultRetryPolicy, maxAttempts: 7, jitter: 'none', strategy: 'fixed',
    })
    expect(policyInForce({}, { maxAttempts: 2 }).maxAttempts).toBe(2)
  })
})

describe('a failure', () => {
  const policy = { ...defaultRetryPolicy, maxAttempts: 3, jitter: 'none' } as const

  test('leads to another try while the budget lasts, and says when', () => {
    expect(judgeFailure(1, 0, true, policy, 0)).toEqual({ event: 'retry', delayMs: 30_000, reason: 'attempt 1 of 3 failed: next in 30 s (exponential, jitter none)' })
    expect(judgeFailure(2, 0, true, policy, 0)).toMatchObject({ event: 'retry', delayMs: 60_000 })
  })

  test('buries a job whose budget is spent', () => {
    expect(judgeFailure(3, 0, true, policy, 0)).toEqual({ event: 'bury', reason: 'attempt 3 of 3 failed: the budget is spent' })
  })

  test('rejects a job whose error is not retryable, whatever budget is left', () => {
    expect(judgeFailure(1, 0, false, policy, 0)).toEqual({ event: 'reject', reason: 'the error is not retryable' })
  })

  test('counts from where a manual retry wrote the earlier attempts off', () => {
    expect(judgeFailure(4, 3, true, policy, 0)).toMatchObject({ event: 'retry', delayMs: 30_000 })
    expect(judgeFailure(6, 3, true, policy, 0)).toMatchObject({ event: 'bury' })
  })

  test('a job always gets exactly its budget of attempts after each manual retry', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 30_000 }), (maxAttempts, spent) => {
      const verdicts = Array.from({ length: maxAttempts }, (_, at) => judgeFailure(spent + at + 1, spent, true, { ...policy, maxAttempts }, 0).event)
      expect(verdicts.indexOf('bury')).toBe(maxAttempts - 1)
      expect(new Set(verdicts.slice(0, -1))).toEqual(new Set(maxAttempts > 1 ? ['retry'] : []))
    }))
  })
})
