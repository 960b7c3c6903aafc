import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type AnyFunction, NonRetryableError, definitionOf, getCurrentRun, getCurrentTaskId, isTask, task } from '../tasks/index.ts'
import { AttemptStopped, type Ending, type JobContext, holdsNul, notCommitted, startAttempt } from './attempt.ts'
import type { ClaimedJob } from './claimed-job.ts'
import { jobLimits } from './vocabulary.ts'

describe('a handler that returns', () => {
  test('is a run, for its handler and all that it calls', async () => {
    const { endings } = await run(async (_payload: unknown, context: JobContext) => {
      await Promise.resolve()
      const { id, name, attempt, correlationId, traceparent, signal } = getCurrentRun()!
      return { id, name, attempt, correlationId, same: signal === context.signal, trace: /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(traceparent), known: getCurrentTaskId() === id }
    })
    expect(endings).toEqual([{ kind: 'succeeded', result: JSON.stringify({ id: 'j1', name: 'work', attempt: 2, correlationId: 'c1', same: true, trace: true, known: true }) }])
    expect(getCurrentRun()).toBeUndefined()
  })

  test('gives its payload a result, at once or later', async () => {
    expect((await run(({ n }: { n: number }) => n * 2)).endings).toEqual([{ kind: 'succeeded', result: '42' }])
    expect((await run(async ({ n }: { n: number }) => ({ n }))).endings).toEqual([{ kind: 'succeeded', result: '{"n":21}' }])
  })

  test('ends before the call is over when it is synchronous', () => {
    expect(begin(() => 1).endings).toHaveLength(1)
  })

  test('has no result when it returns nothing, or nothing that JSON knows', async () => {
    for (const nothing of [undefined, () => 1, Symbol('s')]) expect((await run(() => nothing)).endings).toEqual([{ kind: 'succeeded', result: null }])
    expect((await run(() => null)).endings).toEqual([{ kind: 'succeeded', result: 'null' }])
  })

  test('fails for good when its result cannot be kept', async () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    const bad: [unknown, RegExp][] = [
      [10n, /cannot be written as JSON: .*BigInt/], [circular, /cannot be written as JSON: .*circular/i], ['a\0b', /U\+0000/],
      ['x'.repeat(jobLimits.payloadBytes), /is 1048578 bytes of JSON, and at most 1048576 are kept/], ['ä'.repeat(600_000), /is 1200002 bytes/],
      [{ toJSON: () => { throw Object.create(null) } }, /cannot be written as JSON/],
    ]
    for (const [value, message] of bad) {
      expect((await run(() => value)).endings).toEqual([{ kind: 'failed', retryable: false, errorType: 'InvalidResult', errorMessage: expect.stringMatching(message) }])
    }
  })

  test('may return the longest result that fits', async () => {
    expect((await run(() => 'x'.repeat(jobLimits.payloadBytes - 2))).endings).toMatchObject([{ kind: 'succeeded' }])
  })

  test('may return a thenable of its own, which counts once', async () => {
    const thenable = { then: (resolve: (value: number) => void, reject: (error: unknown) => void) => { resolve(1); reject(new Error('late')); resolve(2) } }
    expect((await run(() => thenable)).endings).toEqual([{ kind: 'succeeded', result: '1' }])
  })
})

describe('a handler that throws', () => {
  test('names the error, and may be tried again', async () => {
    class QuotaError extends Error { override readonly name = 'QuotaError' }
    const failed = [{ kind: 'failed', retryable: true, errorType: 'QuotaError', errorMessage: 'used up' }]
    expect((await run(() => { throw new QuotaError('used up') })).endings).toEqual(failed)
    expect((await run(async () => { throw new QuotaError('used up') })).endings).toEqual(failed)
  })

  test('is not tried again when the error or its task says so', async () => {
    class GoneError extends NonRetryableError { override readonly name = 'GoneError' }
    expect((await run(() => { throw new GoneError('no such file') })).endings).toMatchObject([{ retryable: false, errorType: 'GoneError' }])
    const fussy = task(() => { throw new RangeError('404') }, { name: 'fussy', retries: { retryIf: (error) => !(error instanceof RangeError) } })
    expect((await run(fussy)).endings).toMatchObject([{ retryable: false }])
  })

  test('is tried again when retryIf itself throws', async () => {
    const broken = task(() => { throw new Error('first') }, { name: 'broken', retries: { retryIf: () => { throw new Error('second') } } })
    expect((await run(broken)).endings).toMatchObject([{ retryable: true, errorMessage: 'first' }])
  })

  test('may throw anything', async () => {
    const thrown: [unknown, string, string][] = [[undefined, 'undefined', 'undefined'], [null, 'object', 'null'], ['text', 'string', 'text'], [7n, 'bigint', '7'], [Symbol('s'), 'symbol', 'Symbol(s)']]
    for (const [value, errorType, errorMessage] of thrown) {
      expect((await run(() => { throw value })).endings).toEqual([{ kind: 'failed', retryable: true, errorType, errorMessage }])
      expect((await run(() => Promise.reject(value))).endings).toEqual([{ kind: 'failed', retryable: true, errorType, errorMessage }])
    }
  })

  test('may throw what cannot even be looked at', async () => {
    for (const value of [Object.create(null), hostile(), Object.defineProperty(new Error('x'), 'message', { get: () => { throw new Error('no') } })]) {
      for (const handler of [() => { throw value }, () => Promise.reject(value)]) {
        expect((await run(handler)).endings).toMatchObject([{ kind: 'failed', retryable: true, errorMessage: expect.any(String) }])
      }
    }
  })

  test('leaves a message that PostgreSQL can keep', async () => {
    const { endings: [ending] } = await run(() => { throw new Error(`a\0b\ud800${'x'.repeat(10_000)}`) })
    const { errorMessage } = ending as { errorMessage: string }
    expect(errorMessage.startsWith('a\ufffdb\ufffdx')).toBe(true)
    expect(errorMessage.length).toBeLessThanOrEqual(4_001)
    expect(errorMessage.isWellFormed()).toBe(true)
  })

  test('fails, and is not lost, when its payload is no JSON', async () => {
    expect((await run(() => 1, { payload: '{' })).endings).toMatchObject([{ kind: 'failed', errorType: 'SyntaxError' }])
  })
})

describe('a handler that takes too long', () => {
  test('is timed out at its moment, not before, and sees why', async () => {
    const { endings, clock, context } = begin(() => new Promise(() => {}), { timeoutMs: 5_000 })
    await clock.advance(4_999)
    expect(endings).toEqual([])
    expect(context().signal.aborted).toBe(false)
    await clock.advance(1)
    expect(endings).toEqual([{ kind: 'timed_out', retryable: true, errorType: 'Timeout', errorMessage: 'the attempt took longer than its time-out of 5 s' }])
    expect(context().signal.reason).toMatchObject({ name: 'AttemptStopped', why: 'timeout' })
  })

  test('cannot change its end afterwards', async () => {
    const gate = Promise.withResolvers<string>()
    const { endings, clock } = begin(() => gate.promise, { timeoutMs: 1 })
    await clock.advance(1)
    gate.resolve('late')
    await clock.advance(0)
    expect(endings).toMatchObject([{ kind: 'timed_out' }])
  })

  test('that ended in time leaves no timer behind', async () => {
    const { clock } = await run(async () => 1, { timeoutMs: 5_000 })
    expect(clock.sleeping).toBe(0)
    expect(begin(() => 1, { timeoutMs: 5_000 }).clock.sleeping).toBe(0)
  })
})

describe('a handler that is told to stop', () => {
  for (const why of ['cancelled', 'lease_lost'] as const) {
    test(`by ${why} is over at once, whatever it does`, async () => {
      const { endings, attempt, clock, context } = begin((_: unknown, { signal }: JobContext) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
      attempt.stop(new AttemptStopped(why, 'stop'))
      attempt.stop(new AttemptStopped('shutdown', 'again'))
      await clock.advance(0)
      expect(endings).toEqual([{ kind: 'stopped', why }])
      expect(context().signal.reason).toMatchObject({ why })
    })
  }

  test('by a shutdown may still finish', async () => {
    const gate = Promise.withResolvers<number>()
    const { endings, attempt, clock } = begin(() => gate.promise)
    attempt.stop(new AttemptStopped('shutdown', 'the worker stops'))
    expect(endings).toEqual([])
    gate.resolve(1)
    await clock.advance(0)
    expect(endings).toEqual([{ kind: 'succeeded', result: '1' }])
  })

  test('by a shutdown and gives up has not failed', async () => {
    const { endings, attempt, clock } = begin((_: unknown, { signal }: JobContext) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('half done')))))
    attempt.stop(new AttemptStopped('shutdown', 'the worker stops'))
    await clock.advance(0)
    expect(endings).toEqual([{ kind: 'stopped', why: 'shutdown' }])
  })

  test('sees it although it looks at its signal only afterwards', () => {
    const { attempt, context } = begin(() => new Promise(() => {}))
    attempt.stop(new AttemptStopped('cancelled', 'stop'))
    expect(context().signal.aborted).toBe(true)
  })

  test('no longer counts once it is abandoned', async () => {
    const gate = Promise.withResolvers<number>()
    const { endings, attempt, clock } = begin(() => gate.promise, { timeoutMs: 10 })
    attempt.abandon()
    gate.resolve(1)
    await clock.advance(10)
    expect(endings).toEqual([])
  })
})

describe('a handler that completes its job in a transaction', () => {
  const client = { query: async () => ({ rows: [] }) }

  test('has failed, for now, if it turns out that nothing was committed', async () => {
    const { endings, completed } = await run(async (_: unknown, { completeInTransaction }: JobContext) => {
      await completeInTransaction(client, { sum: 3 })
      return 'ignored'
    })
    expect(completed).toEqual(['{"sum":3}'])
    expect(endings).toEqual([notCommitted])
  })

  test('and throws has failed with that error', async () => {
    const { endings } = await run(async (_: unknown, { completeInTransaction }: JobContext) => {
      await completeInTransaction(client)
      throw new RangeError('deadlock')
    })
    expect(endings).toMatchObject([{ kind: 'failed', errorType: 'RangeError' }])
  })

  test('through a pool or through nothing is told so, and the transaction is left alone', async () => {
    const pool = Object.assign(Object.create(client) as object, { totalCount: 1, idleCount: 1 })
    for (const [bad, message] of [[pool, /got a Pool/], [undefined, /to be a connection/], [{}, /to be a connection/]] as const) {
      const { endings, completed } = await run((_: unknown, { completeInTransaction }: JobContext) => completeInTransaction(bad as never))
      expect(endings).toMatchObject([{ kind: 'failed', errorType: 'TypeError', errorMessage: expect.stringMatching(message) }])
      expect(completed).toEqual([])
    }
  })

  test('with a result that cannot be kept fails for good', async () => {
    const { endings, completed } = await run((_: unknown, { completeInTransaction }: JobContext) => completeInTransaction(client, 1n))
    expect(endings).toMatchObject([{ kind: 'failed', retryable: false, errorType: 'InvalidResult' }])
    expect(completed).toEqual([])
  })

  test('after its time-out is refused', async () => {
    const { clock, completed, context } = begin(() => new Promise(() => {}), { timeoutMs: 5 })
    await clock.advance(5)
    await expect(context().completeInTransaction(client)).rejects.toMatchObject({ name: 'AttemptStopped', why: 'timeout' })
    expect(completed).toEqual([])
  })
})

test('a handler is given its job and its parents', async () => {
  const { endings } = await run(async (_: unknown, { job, parents }: JobContext) => ({ job, parents: await parents() }))
  expect(JSON.parse((endings[0] as { result: string }).result)).toEqual({
    job: { id: 'j1', name: 'work', queue: 'mail', tenant: 'acme', attempt: 2, correlationId: 'c1', traceparent: null },
    parents: [{ id: 'p', name: 'parent', payload: {}, result: 1 }],
  })
})

test('U+0000 is found where it is meant, and not where a backslash is', () => {
  for (const value of ['\0', 'a\0', { '\0': 1 }, '\\\0', ['\\\\', '\0']]) expect(holdsNul(JSON.stringify(value))).toBe(true)
  for (const value of ['\\u0000', '\\\\u0000', 'u0000', '\u0001']) expect(holdsNul(JSON.stringify(value))).toBe(false)
})

interface Given {
  readonly payload?: string
  readonly timeoutMs?: number
}

function begin(fn: AnyFunction, { payload = '{"n":21}', timeoutMs }: Given = {}) {
  const clock = new FakeClock()
  const endings: Ending[] = []
  const completed: (string | null)[] = []
  let given: JobContext | undefined
  const definition = definitionOf(isTask(fn) ? fn : task(fn, { name: 'work' }))
  const job: ClaimedJob = {
    id: 'j1', lease: { id: 'l1', queue: 'mail', claimedAt: 0, open: 1, inFlight: 0, lost: false }, name: 'work', tenant: 'acme',
    rank: 0, tag: 0, attempt: 2, spent: 0, payload, policy: {}, correlation: 'c1', traceparent: null,
  }
  const attempt = startAttempt({
    job, timeoutMs, clock,
    task: { ...definition, fn: (value: unknown, context: JobContext) => definition.fn(value, (given = context)) },
    parents: async () => [{ id: 'p', name: 'parent', payload: {}, result: 1 }],
    complete: async (_client, result) => { completed.push(result) },
    onEnd: (ending) => endings.push(ending),
  })
  return { attempt, endings, completed, clock, context: () => given! }
}

async function run(fn: AnyFunction, given: Given = {}) {
  const begun = begin(fn, given)
  await begun.clock.advance(0)
  return begun
}

/** An object on which every operation throws. */
function hostile(): object {
  const refuse = () => { throw new Error('hands off') }
  return new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse })
}
