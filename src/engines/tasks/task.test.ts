import { describe, expect, test } from 'vitest'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import { isNonRetryable } from './task-errors.ts'
import { isTaskFailure } from './task-failure.ts'
import type { AnyFunction, TaskOptions } from './task-options.ts'
import { type TaskDecorator, definitionOf, isTask, runTask, task } from './task.ts'

const add = (one: number, other: number) => one + other

describe('a task', () => {
  test('keeps what it was given, and the name of its function', () => {
    const adding = task(add)
    expect(isTask(adding)).toBe(true)
    expect(definitionOf(adding)).toMatchObject({ name: 'add', fn: add, policy: {} })
    expect((adding as unknown as AnyFunction).name).toBe('add')
    expect(isTask(add)).toBe(false)
    expect([null, undefined, {}, 'task'].some(isTask)).toBe(false)
  })

  test('is called with the arguments of its function, and answers with a promise of what that returns', async () => {
    using _ = useTestRuntime()
    expect(await task(add)(1, 2)).toBe(3)
    expect(await task(async (text: string) => `${text}!`, { name: 'shout' })('hey')).toBe('hey!')
  })

  test('passes `this` on', async () => {
    using _ = useTestRuntime()
    const shop = { price: 5, total: task(function (this: { price: number }, count: number) { return this.price * count }, { name: 'total' }) }
    expect(await shop.total(3)).toBe(15)
  })

  test('runs its function before the call returns, once a task has run', () => {
    using _ = useTestRuntime()
    let ran = false
    void task(() => { ran = true }, { name: 'now' })()
    expect(ran).toBe(true)
  })

  test('made of a task has the options of both', async () => {
    using _ = useTestRuntime()
    const strict = task(task(add, { name: 'sum', retries: 2 }), { required: true, timeout: undefined } as unknown as { required: true })
    expect(definitionOf(strict)).toMatchObject({ name: 'sum', fn: add, policy: { maxAttempts: 3 }, options: { required: true } })
    expect(await strict(1, 2)).toBe(3)
  })

  test('refuses what is no function, and a function without a name', () => {
    expect(() => task(7 as never)).toThrow(new TypeError('Expected the first argument of `task` to be a function, got 7'))
    expect(() => task(null as never)).toThrow(/got null/)
    expect(() => task((() => () => 1)())).toThrow(/an anonymous function needs \{ name \}/)
  })

  test('is known to a second copy of this module', async () => {
    const copy = (await import(new URL('./task.ts?copy', import.meta.url).href)) as typeof import('./task.ts')
    expect(copy.task).not.toBe(task)
    expect(isTask(copy.task(add))).toBe(true)
    expect(definitionOf(copy.task(add, { name: 'sum' })).name).toBe('sum')
    const { NonRetryableError } = (await import(new URL('./task-errors.ts?copy', import.meta.url).href)) as typeof import('./task-errors.ts')
    expect(isNonRetryable(new NonRetryableError('no'))).toBe(true)
  })
})

describe('runTask', () => {
  test('runs a function once, anonymous or not', async () => {
    using _ = useTestRuntime()
    expect(await runTask(add, {}, 1, 2)).toBe(3)
    expect(await runTask((text: string) => text.length, { retries: 2 }, 'four')).toBe(4)
  })

  test('runs a task with other options, and leaves the task as it was', async () => {
    using _ = useTestRuntime()
    let calls = 0
    const failing = task(() => { calls += 1; throw new Error('no') }, { name: 'failing', required: true })
    const failure = await runTask(failing, { required: false, retries: { maxAttempts: 3, baseDelaySeconds: 0 } })
    expect(isTaskFailure(failure) && failure).toMatchObject({ name: 'failing', attempts: 3 })
    await expect(failing()).rejects.toThrow('no')
    expect(calls).toBe(4)
  })

  test('refuses what is no function, and arguments where the options belong', async () => {
    await expect(runTask('add' as never, {})).rejects.toThrow(new TypeError('Expected the first argument of `runTask` to be a function or a task, got "add"'))
    await expect(runTask(add, 1 as never, 2, 3)).rejects.toThrow(new TypeError('Expected the options of a task to be an object, got 1'))
  })
})

describe('the decorator', () => {
  /** What compiled code does with it. */
  function decorated<R extends boolean>(decorator: TaskDecorator<R>, method: AnyFunction, context: object = { kind: 'method', name: 'total' }) {
    return decorator(method as never, context as never) as unknown as (this: unknown, ...args: unknown[]) => Promise<unknown>
  }

  test('makes a task of a method, under its name', async () => {
    using _ = useTestRuntime()
    const total = decorated(task({ required: true }), function (this: { price: number }, count: number) { return this.price * count })
    expect(await total.call({ price: 5 }, 3)).toBe(15)
    expect(definitionOf(total as never)).toMatchObject({ name: 'total' })
  })

  test('refuses what it cannot decorate', () => {
    expect(() => decorated(task({}), add, { kind: 'getter', name: 'x' })).toThrow(/`@task` to decorate a method.*"getter"/)
    expect(() => (task({}) as unknown as AnyFunction)({}, 'method', {})).toThrow(/turn experimentalDecorators off/)
    expect(() => task({ isolate: true })).toThrow(/`isolate` to be given to an exported function/)
    expect(() => task({ retires: 3 } as TaskOptions)).toThrow(/did you mean `retries`/)
  })
})
