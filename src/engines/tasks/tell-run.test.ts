import { describe, expect, test } from 'vitest'
import { failing } from '../../testing/task-runs.ts'
import { type LogLine, recordLog, useTestRuntime } from '../../testing/task-runtime.ts'
import { getCurrentTaskId } from './context.ts'
import type { RunFacts } from './run.ts'
import { TaskLogger } from './task-hooks.ts'
import { runTask, task } from './task.ts'

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
