import { describe, expect, test } from 'vitest'
import { failed, failing, watch } from '../../testing/task-runs.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import { getCurrentRun, getCurrentTaskId } from './context.ts'
import type { RunFacts } from './run.ts'
import type { RunSpan } from './runtime.ts'
import { runTask, task } from './task.ts'

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
