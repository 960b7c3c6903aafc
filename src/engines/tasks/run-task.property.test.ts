/** The loop of attempts beside a plain model of it: any pattern of results, errors, hanging and blocking, under any policy. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RetryPolicy } from '../../kernel/backoff.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import type { RunOutcome } from './run.ts'
import { NonRetryableError } from './task-errors.ts'
import { isTaskFailure } from './task-failure.ts'
import { runTask } from './task.ts'

interface Step {
  readonly kind: 'return' | 'throw' | 'refuse' | 'throw for good'
  readonly afterMs: number
}

interface Case {
  readonly steps: readonly Step[]
  readonly retries: RetryPolicy
  readonly timeoutMs: number | undefined
  readonly totalMs: number | undefined
}

const tick = 250
const ms = fc.integer({ min: 1, max: 40 }).map((n) => n * tick)
const cases: fc.Arbitrary<Case> = fc.record({
  steps: fc.array(fc.record({ kind: fc.constantFrom<Step['kind'][]>('return', 'throw', 'throw', 'throw', 'refuse', 'throw for good'), afterMs: fc.oneof(fc.constant(0), ms, fc.constant(Infinity)) }), { minLength: 6, maxLength: 6 }),
  retries: fc.record({
    maxAttempts: fc.integer({ min: 1, max: 6 }), strategy: fc.constantFrom('fixed', 'linear', 'exponential'), jitter: fc.constant('none' as const),
    baseDelaySeconds: fc.integer({ min: 0, max: 12 }).map((n) => n / 4), maxDelaySeconds: fc.integer({ min: 1, max: 20 }).map((n) => n / 4),
  }),
  timeoutMs: fc.option(ms, { nil: undefined }),
  totalMs: fc.option(ms.map((n) => n * 4), { nil: undefined }),
})
  // Where nothing bounds it a function that hangs is waited for, and so would be the test; and what ends at the very moment of a time-out may count as either.
  .filter(({ steps, timeoutMs, totalMs }) => timeoutMs !== undefined || totalMs !== undefined || steps.every(({ afterMs }) => afterMs !== Infinity))
  .map((drawn) => ({ ...drawn, timeoutMs: drawn.timeoutMs && drawn.timeoutMs + 100, totalMs: drawn.totalMs && drawn.totalMs + 120 }))

/** What must come of it. */
function model({ steps, retries, timeoutMs = Infinity, totalMs = Infinity }: Case): { outcome: RunOutcome; attempts: number; durationMs: number } {
  let now = 0
  for (let attempt = 1; ; attempt += 1) {
    const { kind, afterMs } = steps[attempt - 1]!
    const limit = Math.min(timeoutMs, totalMs - now)
    const timedOut = afterMs > limit
    now += Math.min(afterMs, limit)
    if (!timedOut && kind === 'return') return { outcome: 'succeeded', attempts: attempt, durationMs: now }
    const outcome = timedOut ? 'timed_out' : 'failed'
    if (attempt === retries.maxAttempts || (!timedOut && kind !== 'throw')) return { outcome, attempts: attempt, durationMs: now }
    const growth = { fixed: 1, linear: attempt, exponential: 2 ** (attempt - 1) }[retries.strategy]
    const delay = Math.min(retries.baseDelaySeconds * growth, retries.maxDelaySeconds) * 1000
    if (now + delay >= totalMs) return { outcome, attempts: attempt, durationMs: now }
    now += delay
  }
}

test('attempts, delays and time-outs are those of the model', async () => {
  await fc.assert(fc.asyncProperty(cases, async (drawn) => {
    const told: { outcome: RunOutcome; attempts: number; durationMs: number }[] = []
    using time = useTestRuntime({ observers: new Set([{ runEnded: ({ startedAt }, { outcome, attempts, endedAt }) => void told.push({ outcome, attempts, durationMs: endedAt - startedAt }) }]) })
    const refused = new Error('refused')
    let calls = 0
    const called = runTask(async () => {
      const { kind, afterMs } = drawn.steps[calls++]!
      if (afterMs > 0) await (afterMs === Infinity ? new Promise(() => {}) : time.clock.sleep(afterMs))
      if (kind === 'return') return calls
      throw kind === 'refuse' ? refused : kind === 'throw for good' ? new NonRetryableError('for good') : new Error('again')
    }, {
      retries: drawn.retries, retryIf: (error) => error !== refused,
      ...(drawn.timeoutMs !== undefined && { timeout: drawn.timeoutMs / 1000 }), ...(drawn.totalMs !== undefined && { totalTimeout: drawn.totalMs / 1000 }),
    })
    await time.clock.advance(1_000_000)
    const expected = model(drawn)
    const answer = await called
    expect(told).toEqual([expected])
    expect(calls).toBe(expected.attempts)
    if (expected.outcome === 'succeeded') expect(answer).toBe(expected.attempts)
    else expect(isTaskFailure(answer) && answer).toMatchObject(expected)
  }), { numRuns: 300 })
})
