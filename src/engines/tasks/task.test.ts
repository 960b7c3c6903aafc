import { describe, expect, test } from 'vitest'
import { NonRetryableError, type TaskOptions, defineJobs, definitionOf, isNonRetryable, isTask, task, tasksOf } from './task.ts'

const add = (one: number, other: number) => one + other

describe('a task', () => {
  test('is called like its function, and keeps what it was given', () => {
    const adding = task(add)
    expect(adding(1, 2)).toBe(3)
    expect(isTask(adding)).toBe(true)
    expect(definitionOf(adding)).toEqual({ name: 'add', fn: add, policy: {} })
    expect(isTask(add)).toBe(false)
    expect([null, undefined, {}, 'task'].some(isTask)).toBe(false)
  })

  test('passes `this` on', () => {
    const shop = { price: 5, total: task(function (this: { price: number }, count: number) { return this.price * count }, { name: 'total' }) }
    expect(shop.total(3)).toBe(15)
  })

  test('takes retries as a number of further tries, or as a policy', () => {
    const policyOf = (options: TaskOptions) => definitionOf(task(add, options)).policy
    expect(policyOf({ retries: 0 })).toEqual({ maxAttempts: 1 })
    expect(policyOf({ retries: 4, timeout: '1h 30min' })).toEqual({ maxAttempts: 5, timeoutMs: 5_400_000 })
    const retryIf = () => true
    expect(policyOf({ retries: { maxAttempts: 3, strategy: 'linear', baseDelaySeconds: 2, retryIf } })).toEqual({ maxAttempts: 3, retry: { strategy: 'linear', baseDelaySeconds: 2 }, retryIf })
  })

  test.each([
    [{ name: '' }, /`name`.*1 to 255 characters, got ""/], [{ name: 'x'.repeat(256) }, /`name`/], [{ name: 7 }, /`name`.*got 7/],
    [{ retries: -1 }, /`retries` to be a whole number from 0 to 99, got -1/], [{ retries: 1.5 }, /`retries`/], [{ retries: 100 }, /`retries`/],
    [{ retries: { maxAttempts: 0 } }, /`retries.maxAttempts` to be a whole number from 1 to 100, got 0/],
    [{ retries: { strategy: 'slow' } }, /`retries.strategy` to be one of fixed, linear, exponential, got "slow"/],
    [{ retries: { jitter: 'some' } }, /`retries.jitter`/], [{ retries: { baseDelaySeconds: -1 } }, /`retries.baseDelaySeconds`.*got -1/], [{ retries: { maxDelaySeconds: Number.NaN } }, /`retries.maxDelaySeconds`.*got NaN/],
    [{ timeout: 'soon' }, /`timeout`.*got "soon"/], [{ timeout: 0 }, /`timeout` to be longer than nothing, got 0/],
  ])('refuses %j by the name of the option', (options, message) => {
    expect(() => task(add, options as TaskOptions)).toThrow(TypeError)
    expect(() => task(add, options as TaskOptions)).toThrow(message)
  })

  test('refuses what is no function, and a function without a name', () => {
    expect(() => task(7 as never)).toThrow(new TypeError('Expected the first argument of `task` to be a function, got number'))
    expect(() => task((() => () => 1)())).toThrow(/an anonymous function needs \{ name \}/)
  })

  test('is known to a second copy of this module', async () => {
    const copy = (await import(new URL('./task.ts?copy', import.meta.url).href)) as typeof import('./task.ts')
    expect(copy.task).not.toBe(task)
    expect(isTask(copy.task(add))).toBe(true)
    expect(definitionOf(copy.task(add, { name: 'sum' })).name).toBe('sum')
    expect(isNonRetryable(new copy.NonRetryableError('no'))).toBe(true)
  })
})

describe('NonRetryableError', () => {
  test('and its subclasses ask not to be tried again, other errors do not', () => {
    class Gone extends NonRetryableError {}
    expect([new NonRetryableError('x'), new Gone('x')].every(isNonRetryable)).toBe(true)
    expect([new Error('x'), null, undefined, 'x', {}].some(isNonRetryable)).toBe(false)
  })
})

describe('the tasks of a module', () => {
  test('are its exports that are tasks, and those of an exported object', () => {
    const one = task(add, { name: 'one' })
    const tasks = tasksOf({ one, default: defineJobs({ two: add, three: task(add, { name: 'other', retries: 2 }) }), helper: add, version: 1 }, 'jobs.ts')
    expect([...tasks.keys()].toSorted()).toEqual(['one', 'three', 'two'])
    expect(tasks.get('three')).toEqual({ name: 'three', fn: add, policy: { maxAttempts: 3 } })
  })

  test('may be exported twice', () => {
    const one = task(add, { name: 'one' })
    expect([...tasksOf({ one, default: { one } }, 'jobs.ts').keys()]).toEqual(['one'])
  })

  test('must not share a name', () => {
    expect(() => tasksOf({ one: task(add, { name: 'same' }), two: task(() => 1, { name: 'same' }) }, 'jobs.ts')).toThrow(expect.objectContaining({ code: 'task.invalid', message: 'jobs.ts defines two tasks named "same"' }))
  })

  test('must be there', () => {
    expect(() => tasksOf({ helper: add }, 'jobs.ts')).toThrow(expect.objectContaining({ code: 'module.no_tasks', message: 'jobs.ts exports no tasks; found helper' }))
    expect(() => tasksOf({}, 'jobs.ts')).toThrow(/found no exports/)
  })

  test('have names as tasks do, also where the name is a key', () => {
    expect(() => defineJobs({ '': task(add) })).toThrow(/`name`/)
    expect(() => defineJobs({ ['x'.repeat(256)]: add })).toThrow(/`name`/)
  })
})
