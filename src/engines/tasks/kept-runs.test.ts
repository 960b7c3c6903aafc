import { describe, expect, test } from 'vitest'
import { failed } from '../../testing/task-runs.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import { runTask, task } from './task.ts'

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
