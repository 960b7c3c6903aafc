import { expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type LogLine, recordLog, useTestRuntime } from '../../testing/task-runtime.ts'
import { type TaskRuntime, currentRuntime, loadRuntime, processLog, provideRuntime, useTaskClock } from './runtime.ts'
import { runTask } from './task.ts'

test('tasks go by the clock of a test until it is disposed of', async () => {
  using own = useTestRuntime()
  const clock = new FakeClock(1_000)
  const slow = async (sleep: FakeClock) => { await sleep.sleep(5_000); return 'slept' }
  {
    using _ = await useTaskClock(clock)
    let calls = 0
    const called = runTask(() => { calls += 1; if (calls < 3) throw new Error('no'); return calls }, { retries: 2 })
    await clock.advance(60_000)
    expect(await called).toBe(3)
    const late = runTask(slow, { timeout: 4 }, clock)
    await clock.advance(60_000)
    expect(await late).toMatchObject({ outcome: 'timed_out', durationMs: 4_000 })
  }
  const called = runTask(slow, { timeout: 4 }, clock)
  await clock.advance(60_000)
  expect(await called).toBe('slept')
  expect(own.clock.sleeping).toBe(0)
})

test('without a runtime a call says what is missing', async () => {
  await expect(runTask(() => 1, {})).rejects.toThrow(new TypeError('Expected a task runtime: import tasks from "taskflows"'))
})

test('the runtime is made once, by the first that offers one, and what was said before is logged then', async () => {
  const lines: LogLine[] = []
  const asked: string[] = []
  const offer = (who: string) => provideRuntime(async () => { asked.push(who); return { log: recordLog(lines) } as TaskRuntime })
  processLog().info({}, 'nobody listens')
  offer('first')
  offer('second')
  expect(currentRuntime()).toBeUndefined()
  processLog().info({ rows: 3 }, 'early')
  const [one, other] = await Promise.all([loadRuntime(), loadRuntime()])
  processLog().warn({}, 'late')
  expect([one === other, currentRuntime() === one, asked]).toEqual([true, true, ['first']])
  expect(lines.map(({ level, message, fields }) => [level, message, fields])).toEqual([['info', 'early', { rows: 3 }], ['warn', 'late', {}]])
})
