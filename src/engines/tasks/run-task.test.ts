import { EventEmitter, getEventListeners, once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { failed, failing, never, watch } from '../../testing/task-runs.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import { getCurrentRun } from './context.ts'
import { NonRetryableError, TaskTimeoutError } from './task-errors.ts'
import { isTaskFailure } from './task-failure.ts'
import { runTask, task } from './task.ts'

describe('tries', () => {
  test('a success after failed attempts is a success, with one finish', async () => {
    const { seen, observers } = watch()
    using time = useTestRuntime({ observers })
    const { fn, calls } = failing(2)
    const called = task(fn, { name: 'flaky', retries: 3, required: true })()
    await time.clock.advance(60_000)
    expect(await called).toBe('done')
    expect(calls()).toBe(3)
    expect(seen).toEqual(['started', 'failed 1 1000', 'failed 2 2000', 'ended succeeded 3'])
  })

  test('a required task rejects with the error of its last attempt, the same object', async () => {
    using time = useTestRuntime()
    const thrown: Error[] = []
    const called = task(() => { thrown.push(new Error(`no ${thrown.length}`)); throw thrown.at(-1)! }, { name: 'no', retries: 2, required: true })()
    const caught = called.catch((error: unknown) => error)
    await time.clock.advance(60_000)
    expect(await caught).toBe(thrown[2])
    expect(thrown).toHaveLength(3)
  })

  test('another resolves to what failed', async () => {
    using time = useTestRuntime()
    const { fn } = failing(9)
    const called = task(fn, { name: 'no', retries: 1 })()
    await time.clock.advance(60_000)
    const failure = failed(await called)
    expect(failure).toMatchObject({ name: 'no', outcome: 'failed', attempts: 2, durationMs: 1000, errors: [{ message: 'failure 1' }, { message: 'failure 2' }] })
    expect(failure.error).toBe(failure.errors[1])
    expect(JSON.parse(JSON.stringify(failure))).toMatchObject({ name: 'no', outcome: 'failed' })
    expect([{}, null, undefined, new Error('x'), 'failed'].some(isTaskFailure)).toBe(false)
  })

  test('what is thrown may be anything', async () => {
    using _ = useTestRuntime()
    for (const thrown of ['text', 0, null, undefined, { code: 7 }, Object.create(null)]) {
      expect(failed(await task(() => { throw thrown }, { name: 'odd' })()).error).toBe(thrown)
      await expect(task(() => Promise.reject(thrown), { name: 'odd', required: true })()).rejects.toBe(thrown)
    }
  })

  test('a NonRetryableError, and what retryIf refuses, is the last one; a retryIf that fails refuses nothing', async () => {
    using _ = useTestRuntime()
    const attempts = async (error: unknown, retryIf?: (error: unknown) => boolean) => failed(await runTask(() => { throw error }, { retries: { maxAttempts: 3, baseDelaySeconds: 0 }, ...(retryIf && { retryIf }) })).attempts
    expect(await attempts(new Error('x'))).toBe(3)
    expect(await attempts(new NonRetryableError('x'))).toBe(1)
    expect(await attempts(new Error('x'), (error) => (error as Error).message !== 'x')).toBe(1)
    expect(await attempts(new Error('x'), () => { throw new Error('y') })).toBe(3)
  })
})

describe('time-outs', () => {
  test('an attempt whose time is up has failed at once, and its signal says so', async () => {
    const { seen, observers } = watch()
    using time = useTestRuntime({ observers })
    const signals: AbortSignal[] = []
    const called = task(() => { signals.push(getCurrentRun()!.signal); return never() }, { name: 'slow', timeout: 5, retries: 1 })()
    await time.clock.advance(5_000)
    expect(signals[0]!.aborted).toBe(true)
    expect(signals[0]!.reason).toBeInstanceOf(TaskTimeoutError)
    expect(signals[0]!.reason).toMatchObject({ message: 'an attempt at task "slow" took longer than its time-out of 5 s', timeoutMs: 5000, total: false })
    await time.clock.advance(1_000)
    expect(signals[1]!.aborted).toBe(false)
    await time.clock.advance(5_000)
    expect(failed(await called)).toMatchObject({ outcome: 'timed_out', attempts: 2, durationMs: 11_000 })
    expect(seen).toEqual(['started', 'failed 1 timed out 1000', 'failed 2 timed out null', 'ended timed_out 2'])
  })

  test('what comes later is ignored, be it a result, an error or progress', async () => {
    const { seen, observers } = watch()
    using time = useTestRuntime({ observers })
    for (const late of [async () => 'late', async () => { throw new Error('late') }]) {
      const called = runTask(async () => { await time.clock.sleep(10_000); getCurrentRun()!.progress(1); return late() }, { timeout: 5 })
      await time.clock.advance(20_000)
      expect(failed(await called).outcome).toBe('timed_out')
    }
    expect(seen.filter((what) => what.startsWith('progress'))).toEqual([])
  })

  test('hold also for a function that blocks everything until it is late', async () => {
    using time = useTestRuntime()
    let now = 0
    vi.spyOn(time.clock, 'now').mockImplementation(() => now)
    expect(failed(await runTask(() => { now += 6_000; return 'late' }, { timeout: 5 })).outcome).toBe('timed_out')
    expect(await runTask(() => { now += 5_000; return 'in time' }, { timeout: 5 })).toBe('in time')
  })

  test('leave no timer behind in a run that was in time', async () => {
    using time = useTestRuntime()
    expect(await runTask(async () => 'in time', { timeout: 5, totalTimeout: 9 })).toBe('in time')
    expect(time.clock.sleeping).toBe(0)
  })

  test('a signal that nobody asked for in time is aborted all the same', async () => {
    using time = useTestRuntime()
    const asked = new EventEmitter()
    let signal: AbortSignal | undefined
    void runTask(async () => { await once(asked, 'go'); signal = getCurrentRun()!.signal }, { timeout: 5 })
    await time.clock.advance(5_000)
    asked.emit('go')
    await time.clock.advance(0)
    expect(signal?.reason).toBeInstanceOf(TaskTimeoutError)
  })

  test('the total one ends the running attempt, and no attempt follows', async () => {
    using time = useTestRuntime()
    const called = runTask(never, { name: 'slow', timeout: 6, totalTimeout: 10, retries: 9 })
    await time.clock.advance(60_000)
    const failure = failed(await called)
    expect(failure).toMatchObject({ outcome: 'timed_out', attempts: 2, durationMs: 10_000 })
    expect(failure.error).toMatchObject({ total: true, message: 'task "slow" took longer than its total time-out of 10 s' })
  })

  test('a delay that does not fit into the total one is not waited for', async () => {
    using time = useTestRuntime()
    const called = runTask(() => { throw new Error('no') }, { totalTimeout: 10, retries: { strategy: 'fixed', baseDelaySeconds: 6, maxAttempts: 9 } })
    await time.clock.advance(60_000)
    expect(failed(await called)).toMatchObject({ outcome: 'failed', attempts: 2, durationMs: 6_000, error: { message: 'no' } })
  })

  test('no attempt begins when a hook has used up the whole time', async () => {
    using time = useTestRuntime()
    let calls = 0
    const called = runTask(() => { calls += 1 }, { totalTimeout: 10, hooks: { onTaskStart: () => time.clock.sleep(10_000) } })
    await time.clock.advance(60_000)
    expect(failed(await called)).toMatchObject({ outcome: 'timed_out', attempts: 0, error: { total: true } })
    expect(calls).toBe(0)
  })
})

describe('the signal of the caller', () => {
  test('ends a running attempt at once, with its reason', async () => {
    const { seen, observers } = watch()
    using time = useTestRuntime({ observers })
    const caller = new AbortController()
    let inner: AbortSignal | undefined
    const called = runTask(() => { inner = getCurrentRun()!.signal; return never() }, { signal: caller.signal, retries: 3 })
    await time.clock.advance(1_000)
    caller.abort('enough')
    expect(failed(await called)).toMatchObject({ outcome: 'cancelled', attempts: 1, error: 'enough', errors: [] })
    expect(inner).toMatchObject({ aborted: true, reason: 'enough' })
    expect(seen).toEqual(['started', 'ended cancelled 1'])
    expect(getEventListeners(caller.signal, 'abort')).toEqual([])
  })

  test('ends a delay at once', async () => {
    using time = useTestRuntime()
    const caller = new AbortController()
    const called = runTask(() => { throw new Error('no') }, { required: true, signal: caller.signal, retries: 3 })
    const caught = called.catch((error: unknown) => error)
    await time.clock.advance(500)
    caller.abort('enough')
    expect(await caught).toBe('enough')
  })

  test('that was aborted before runs nothing and tells nobody', async () => {
    const { seen, observers } = watch()
    using _ = useTestRuntime({ observers })
    const { fn, calls } = failing(0)
    expect(failed(await runTask(fn, { signal: AbortSignal.abort('enough') }))).toMatchObject({ outcome: 'cancelled', attempts: 0, error: 'enough' })
    expect([calls(), seen]).toEqual([0, []])
  })

  test('may be shared by many runs without a warning', async () => {
    using _ = useTestRuntime()
    const warnings: Error[] = []
    const listen = (warning: Error) => void warnings.push(warning)
    process.on('warning', listen)
    const caller = new AbortController()
    const called = Array.from({ length: 50 }, () => runTask(never, { signal: caller.signal }))
    caller.abort()
    await Promise.all(called)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })
})

describe('an isolated task', () => {
  test('runs elsewhere, as the export of the module that defined it', async () => {
    const calls: unknown[] = []
    using _ = useTestRuntime({ runIsolated: async (call) => { calls.push(call); call.onProgress(1, 2); return 'from afar' } })
    const far = task((n: number) => n, { name: 'far', isolate: true, required: true })
    expect(await far(7)).toBe('from afar')
    expect(calls).toEqual([expect.objectContaining({ module: import.meta.url, name: 'far', args: [7], run: expect.objectContaining({ attempt: 1, correlationId: expect.any(String) }), signal: expect.any(AbortSignal) })])
    expect(await runTask((n: number) => n, { isolate: true, name: 'x' }, 1)).toBe('from afar')
    expect(calls[1]).toMatchObject({ module: import.meta.url, name: 'x' })
  })

  test('has ended when nothing of it is left, and no earlier', async () => {
    let end: (() => void) | undefined
    using time = useTestRuntime({ runIsolated: ({ signal }) => new Promise((_, reject) => { end = () => reject(signal.reason as Error) }) })
    let over = false
    const called = task(() => 1, { name: 'far', isolate: true, timeout: 5 })().finally(() => { over = true })
    await time.clock.advance(8_000)
    expect(over).toBe(false)
    end!()
    expect(failed(await called)).toMatchObject({ outcome: 'timed_out', durationMs: 8_000 })
  })
})
