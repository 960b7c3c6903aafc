import { EventEmitter, getEventListeners, once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { type LogLine, recordLog, useTestRuntime } from '../../testing/task-runtime.ts'
import { getCurrentRun, getCurrentTaskId } from './context.ts'
import type { RunFacts, TaskObserver } from './run.ts'
import type { RunSpan } from './runtime.ts'
import { NonRetryableError, TaskTimeoutError } from './task-errors.ts'
import { type TaskFailure, isTaskFailure } from './task-failure.ts'
import { TaskLogger } from './task-hooks.ts'
import { runTask, task } from './task.ts'

/** Fails so many times, then answers. */
function failing(times: number) {
  let calls = 0
  return { fn: async () => { if (++calls <= times) throw new Error(`failure ${calls}`); return 'done' }, calls: () => calls }
}

const never = () => new Promise<never>(() => {})
const failed = (value: unknown): TaskFailure => { expect(isTaskFailure(value)).toBe(true); return value as TaskFailure }
/** Everything that a run tells its observers. */
function watch() {
  const seen: string[] = []
  const observer: TaskObserver = {
    runStarted: () => void seen.push('started'),
    attemptFailed: (_run, { attempt, retryInMs, timedOut }) => void seen.push(`failed ${attempt}${timedOut ? ' timed out' : ''} ${retryInMs}`),
    progressed: (_run, { done, total, message }) => void seen.push(`progress ${done}/${total} ${message}`),
    runEnded: (_run, { outcome, attempts }) => void seen.push(`ended ${outcome} ${attempts}`),
  }
  return { seen, observers: new Set([observer]) }
}

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

describe('the run that code is part of', () => {
  test('is there within, with one id for all attempts, and nowhere else', async () => {
    using time = useTestRuntime()
    const seen: unknown[] = []
    expect([getCurrentRun(), getCurrentTaskId()]).toEqual([undefined, undefined])
    const called = task(async () => {
      await Promise.resolve()
      const { id, name, attempt, startedAt } = getCurrentRun()!
      seen.push([id, name, attempt, startedAt])
      expect(getCurrentTaskId()).toBe(id)
      throw new Error('no')
    }, { name: 'mine', retries: 1 })()
    await time.clock.advance(1_000)
    const { id } = failed(await called)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(seen).toEqual([[id, 'mine', 1, Date.UTC(2030, 0, 1)], [id, 'mine', 2, Date.UTC(2030, 0, 1)]])
    expect(getCurrentRun()).toBeUndefined()
  })

  test('knows the run that called it, and goes on with its trace and correlation', async () => {
    const runs: RunFacts[] = []
    using _ = useTestRuntime({ observers: new Set([{ runStarted: (run) => void runs.push(run) }]) })
    const inner = task(() => getCurrentRun()!.traceparent, { name: 'inner', required: true })
    const outer = task(async () => [getCurrentRun()!.traceparent, await inner()], { name: 'outer', required: true })
    const [above, below] = await outer()
    expect(runs[1]).toMatchObject({ name: 'inner', parentId: runs[0]!.id, correlationId: runs[0]!.id })
    expect(runs[0]).toMatchObject({ name: 'outer', parentId: null, correlationId: runs[0]!.id })
    expect(above).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(below!.split('-')[1]).toBe(above!.split('-')[1])
    expect(below!.split('-')[2]).not.toBe(above!.split('-')[2])
    expect(runs[0]!.traceparent).toBe(above)
  })

  test('goes on with the trace and correlation of whoever started the process', async () => {
    using _ = useTestRuntime({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`, correlationId: 'run-1' })
    const { correlationId, traceparent } = (await runTask(() => getCurrentRun()!, { required: true }))
    expect([correlationId, traceparent.slice(0, 36), traceparent.slice(-3)]).toEqual(['run-1', `00-${'a'.repeat(32)}-`, '-00'])
  })

  test('has a log whose lines name it, and tells how far it is', async () => {
    const { seen, observers } = watch()
    using time = useTestRuntime({ observers })
    const id = await runTask(() => {
      const run = getCurrentRun()!
      run.log.info({ rows: 3 }, 'loaded')
      run.progress(1)
      run.progress(2, 5, 'half')
      run.progress(Number.NaN)
      return run.id
    }, { name: 'mine', required: true })
    expect(time.lines.find(({ message }) => message === 'loaded')).toEqual({ level: 'info', message: 'loaded', fields: { rows: 3, task_id: id, task_name: 'mine', attempt: 1 } })
    expect(seen).toEqual(['started', 'progress 1/null null', 'progress 2/5 half', 'ended succeeded 1'])
  })

  test('has a span, and each attempt one within it, where there is a tracer', async () => {
    const told: unknown[] = []
    const span: RunSpan = {
      traceparent: 'run',
      startAttempt: (attempt) => ({ traceparent: `attempt ${attempt}`, within: (work) => { told.push('within'); return work() }, end: (failure) => void told.push(failure?.timedOut ?? 'fine') }),
      end: (outcome) => void told.push(outcome),
    }
    using _ = useTestRuntime({ tracer: { startRun: ({ name }) => { told.push(name); return span } } })
    const { fn } = failing(1)
    expect(await runTask(async () => { await fn(); return getCurrentRun()!.traceparent }, { name: 'traced', retries: { maxAttempts: 2, baseDelaySeconds: 0 } })).toBe('attempt 2')
    expect(told).toEqual(['traced', 'within', false, 'within', 'fine', 'succeeded'])
  })
})

describe('what is told of a run', () => {
  test('a line at the start, at each failure with the error itself, and one at the end', async () => {
    using time = useTestRuntime()
    const { fn } = failing(1)
    const called = task(fn, { name: 'flaky', retries: 1 })()
    await time.clock.advance(1_000)
    await called
    const id = time.lines[0]!.fields['task_id']
    const ids = { task_id: id, task_name: 'flaky' }
    expect(time.lines).toEqual([
      { level: 'debug', message: 'task started', fields: { ...ids, correlation_id: id } },
      { level: 'error', message: 'task attempt failed', fields: { ...ids, attempt: 1, max_attempts: 2, retry_in_ms: 1000, timed_out: false, err: new Error('failure 1') } },
      { level: 'info', message: 'task finished', fields: { ...ids, outcome: 'succeeded', attempts: 2, duration_ms: 1000, started_at: Date.UTC(2030, 0, 1), correlation_id: id } },
    ])
  })

  test('the last line of a failure names the error', async () => {
    using time = useTestRuntime()
    await runTask(() => { throw new RangeError('too far') }, {})
    await runTask(() => { throw { toString() { throw new Error('never') } } }, {})
    const ends = time.lines.filter(({ message }) => message === 'task finished').map(({ fields }) => [fields['error_type'], fields['error_message']])
    expect(ends).toEqual([['RangeError', 'too far'], ['object', 'what was thrown cannot be shown']])
  })

  test('lines go to the logger of the task, fields first or text first as it likes', async () => {
    using time = useTestRuntime()
    const mine: LogLine[] = []
    await runTask(() => 1, { logger: recordLog(mine) })
    const textFirst: unknown[][] = []
    const say = (...line: unknown[]) => void textFirst.push(line)
    await runTask(() => 1, { name: 'x', logger: { log: say, debug: say, info: say, warn: say, error: say } as never })
    expect(time.lines).toEqual([])
    expect(mine.map(({ message }) => message)).toEqual(['task started', 'task finished'])
    expect(textFirst.map(([message, fields]) => [message, (fields as Record<string, unknown>)['task_name']])).toEqual([['task started', 'x'], ['task finished', 'x']])
  })

  test('hooks of a class hear of start, errors and finish, and are waited for', async () => {
    using time = useTestRuntime()
    const heard: unknown[] = []
    class Mine extends TaskLogger {
      override async onTaskStart(run?: RunFacts) { await time.clock.sleep(1_000); heard.push(['start', run!.name, getCurrentTaskId() === run!.id]) }
      override async onTaskError(error: unknown) { void super.onTaskError(error); await time.clock.sleep(5_000); heard.push((error as Error).message) }
    }
    const { fn, calls } = failing(1)
    const called = task(fn, { name: 'flaky', retries: { maxAttempts: 2, baseDelaySeconds: 0 }, hooks: new Mine() })()
    await time.clock.advance(999)
    expect([heard, calls()]).toEqual([[], 0])
    await time.clock.advance(5_000)
    expect([heard, calls()]).toEqual([[['start', 'flaky', true]], 1])
    await time.clock.advance(60_000)
    await called
    expect([heard, calls()]).toEqual([[['start', 'flaky', true], 'failure 1'], 2])
  })

  test('the hook of the end is told everything about it, once', async () => {
    using time = useTestRuntime()
    const ends: unknown[] = []
    const hooks = { onTaskFinish: (finish: unknown) => void ends.push(finish) }
    const { fn } = failing(1)
    const called = task(fn, { name: 'flaky', retries: 1, hooks })()
    await time.clock.advance(1_000)
    await called
    await runTask(() => { throw new Error('no') }, { hooks })
    const at = Date.UTC(2030, 0, 1)
    expect(ends).toEqual([
      { success: true, outcome: 'succeeded', returnValue: 'done', error: undefined, errors: [new Error('failure 1')], attempts: 2, retries: 1, startedAt: at, endedAt: at + 1000, durationMs: 1000 },
      { success: false, outcome: 'failed', returnValue: undefined, error: new Error('no'), errors: [new Error('no')], attempts: 1, retries: 0, startedAt: at + 1000, endedAt: at + 1000, durationMs: 0 },
    ])
  })

  test('hooks, observers and loggers that fail change nothing; what is told of every run is complained of once', async () => {
    const fail = () => { throw new Error('telling failed') }
    const failLater = async () => fail()
    using time = useTestRuntime({ observers: new Set([{ runStarted: fail, runEnded: fail }]) })
    const wrong = task(() => 'fine', { name: 'x', hooks: { onTaskStart: fail, onTaskFinish: failLater }, logger: { debug: fail, info: fail, warn: fail, error: fail } })
    expect([await wrong(), await wrong()]).toEqual(['fine', 'fine'])
    const complaints = time.lines.map(({ level, fields }) => `${level} ${fields['failed']}`)
    expect(complaints).toEqual(['warn logger', 'warn observer', 'warn onTaskStart', 'warn onTaskFinish', 'warn onTaskStart', 'warn onTaskFinish'])
  })
})

describe('concurrency', () => {
  test('lets so many calls run at once; the others wait in order', async () => {
    using time = useTestRuntime()
    let now = 0
    let most = 0
    const order: number[] = []
    const limited = task(async (n: number) => {
      order.push(n)
      most = Math.max(most, ++now)
      await time.clock.sleep(1_000)
      now -= 1
      if (n === 2) throw new Error('no')
    }, { name: 'limited', concurrency: 2 })
    const called = Promise.all(Array.from({ length: 7 }, (_, n) => limited(n)))
    await time.clock.advance(10_000)
    await called
    expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5, 6]])
  })

  test('holds for a function, whoever runs it', async () => {
    using time = useTestRuntime()
    let most = 0
    let now = 0
    const fn = async () => { most = Math.max(most, ++now); await time.clock.sleep(1_000); now -= 1 }
    const called = Promise.all(Array.from({ length: 4 }, () => runTask(fn, { concurrency: 1 })))
    await time.clock.advance(10_000)
    await called
    expect(most).toBe(1)
  })

  test('a call that is cancelled while it waits never runs, and gives up its place', async () => {
    using time = useTestRuntime()
    const ran: string[] = []
    const limited = task(async (who: string) => { ran.push(who); await time.clock.sleep(1_000) }, { name: 'limited', concurrency: 1 })
    const caller = new AbortController()
    const calls = [limited('first'), runTask(limited, { signal: caller.signal }, 'second'), limited('third')] as const
    await time.clock.advance(0)
    caller.abort('enough')
    expect(failed(await calls[1])).toMatchObject({ outcome: 'cancelled', attempts: 0, error: 'enough' })
    await time.clock.advance(5_000)
    await Promise.all(calls)
    expect(ran).toEqual(['first', 'third'])
  })
})

describe('kept results', () => {
  const counting = (fn: (key: string, call: number) => unknown = (key, call) => `${key}${call}`) => {
    let calls = 0
    return task((key: string) => fn(key, ++calls), { name: 'kept', cacheKey: (key) => (key === 'never' ? undefined : key), cacheFor: '1m' })
  }

  test('calls with equal keys share a result for the stated time', async () => {
    using time = useTestRuntime()
    const kept = counting()
    expect([await kept('a'), await kept('a'), await kept('b'), await kept('never'), await kept('never')]).toEqual(['a1', 'a1', 'b2', 'never3', 'never4'])
    await time.clock.advance(59_999)
    expect(await kept('a')).toBe('a1')
    await time.clock.advance(1)
    expect(await kept('a')).toBe('a5')
  })

  test('calls at the same time share one run', async () => {
    using time = useTestRuntime()
    const kept = counting(async (key, call) => { await time.clock.sleep(120_000); return `${key}${call}` })
    const called = Promise.all([kept('a'), kept('a'), kept('a')])
    await time.clock.advance(120_000)
    expect(await called).toEqual(['a1', 'a1', 'a1'])
  })

  test('a failure is shared while it happens, and not kept', async () => {
    using _ = useTestRuntime()
    const kept = counting(async (key, call) => { if (call === 1) throw new Error('no'); return `${key}${call}` })
    const [one, other] = await Promise.all([kept('a'), runTask(kept, { required: true }, 'a').catch((error: unknown) => error)])
    expect([failed(one).error, other]).toEqual([new Error('no'), new Error('no')])
    expect(await kept('a')).toBe('a2')
  })

  test('the last 1000 that were asked for are kept', async () => {
    using _ = useTestRuntime()
    const kept = counting()
    for (let n = 0; n < 1000; n += 1) await kept(`k${n}`)
    await kept('k0')
    await kept('new')
    expect([await kept('k0'), await kept('k1')]).toEqual(['k01', 'k11002'])
  })

  test('a key that cannot be made keeps nothing, and is told of', async () => {
    using time = useTestRuntime()
    const wrong = task(() => 1, { name: 'wrong', cacheKey: () => { throw new Error('no key') }, cacheFor: 5 })
    expect(await wrong()).toBe(1)
    expect(time.lines[0]).toMatchObject({ level: 'warn', fields: { task_name: 'wrong', err: { message: 'no key' } } })
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
