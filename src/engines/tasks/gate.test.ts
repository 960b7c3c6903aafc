import { describe, expect, test } from 'vitest'
import { failed } from '../../testing/task-runs.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import { runTask, task } from './task.ts'

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
