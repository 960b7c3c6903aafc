import { describe, expect, test } from 'vitest'
import { Destination } from '../../kernel/alerts/destination.ts'
import { TaskLogger } from './task-hooks.ts'
import type { TaskOptions } from './task-options.ts'
import { definitionOf, task } from './task.ts'

const add = (one: number, other: number) => one + other
const policyOf = (options: TaskOptions) => definitionOf(task(add, options)).policy
const settingsOf = (options: TaskOptions) => definitionOf(task(add, options)).settings

class Place extends Destination {
  readonly kind = 'place'
  readonly name = 'place'
  open(): never { throw new Error('closed') }
}

test('a policy holds what was said and nothing else, so that a job can say the rest', () => {
  expect(policyOf({})).toEqual({})
  expect(policyOf({ retries: 0 })).toEqual({ maxAttempts: 1 })
  expect(policyOf({ retries: 4, timeout: '1h 30min' })).toEqual({ maxAttempts: 5, timeoutMs: 5_400_000 })
  const retryIf = () => true
  expect(policyOf({ retries: { maxAttempts: 3, strategy: 'linear', baseDelaySeconds: 2, retryIf } })).toEqual({ maxAttempts: 3, retry: { strategy: 'linear', baseDelaySeconds: 2 }, retryIf })
  expect(policyOf({ retries: { retryIf: () => false }, retryIf }).retryIf).toBe(retryIf)
})

test('a direct call is tried once unless it says more; a policy that does not say how often is 3 attempts', () => {
  const defaults = { strategy: 'exponential', baseDelaySeconds: 1, maxDelaySeconds: 60, jitter: 'full' }
  expect(settingsOf({}).retries).toEqual({ ...defaults, maxAttempts: 1 })
  expect(settingsOf({ retries: 2 }).retries).toEqual({ ...defaults, maxAttempts: 3 })
  expect(settingsOf({ retries: { jitter: 'none' } }).retries).toEqual({ ...defaults, jitter: 'none', maxAttempts: 3 })
  expect(settingsOf({ retries: { maxAttempts: 7 } }).retries).toEqual({ ...defaults, maxAttempts: 7 })
})

describe('alerts', () => {
  const place = new Place()

  test('may be a destination or several, for all events, or say where and when', () => {
    const told = (alerts: TaskOptions['alerts']) => Object.entries(settingsOf({ alerts: alerts! }).alerts!).filter(([, tell]) => tell !== undefined).map(([event]) => event)
    for (const all of [place, [place, place], { sendTo: place }]) expect(told(all)).toEqual(['onStart', 'onError', 'onFinish'])
    expect(told({ sendTo: [place], sendOn: 'error' })).toEqual(['onError'])
    expect(told({ sendTo: place, sendOn: ['finish', 'start'] })).toEqual(['onStart', 'onFinish'])
  })

  test.each([
    ['#alerts', /`alerts` to be a destination.*got "#alerts"/], [[], /`alerts` to be a destination.*got \[\]/], [[place, 7], /got 7/], [{ channel: 'x' }, /got \{ channel: 'x' \}/],
    [Place, /got the class Place/], [null, /got null/],
    [{ sendTo: place, sendOn: 'success' }, /`alerts.sendOn` to be among start, error, finish, got "success"/], [{ sendTo: place, sendOn: [] }, /got \[\]/],
    [{ sendTo: place, sendOn: ['start', 'stop'] }, /got "stop"/], [{ sendOn: 'start' }, /`alerts.sendTo`.*got undefined/], [{ sendTo: place, on: 'start' }, /`alerts` to have sendTo, sendOn, got `on`/],
  ])('refuses %j', (alerts, message) => {
    expect(() => task(add, { alerts } as TaskOptions)).toThrow(TypeError)
    expect(() => task(add, { alerts } as TaskOptions)).toThrow(message)
  })
})

test.each([
  [{ name: '' }, /`name`.*1 to 255 characters, got ""/], [{ name: 'x'.repeat(256) }, /`name`/], [{ name: 7 }, /`name`.*got 7/],
  [{ retires: 3 }, /got `retires`; did you mean `retries`\?/], [{ colour: 'red' }, /to have name, required, .*, got `colour`$/],
  [{ required: 'yes' }, /`required` to be true or false, got "yes"/],
  [{ retries: -1 }, /`retries` to be a whole number from 0 to 99, got -1/], [{ retries: 1.5 }, /`retries`/], [{ retries: 100 }, /`retries`/], [{ retries: '3' }, /`retries` to be a number of further tries or a retry policy, got "3"/],
  [{ retries: null }, /`retries`.*got null/],
  [{ retries: { maxAttempts: 0 } }, /`retries.maxAttempts` to be a whole number from 1 to 100, got 0/], [{ retries: { max_attempts: 3 } }, /`retries` to have maxAttempts, .*did you mean `maxAttempts`/],
  [{ retries: { strategy: 'slow' } }, /`retries.strategy` to be one of fixed, linear, exponential, got "slow"/],
  [{ retries: { jitter: 'some' } }, /`retries.jitter`/], [{ retries: { baseDelaySeconds: -1 } }, /`retries.baseDelaySeconds`.*got -1/], [{ retries: { maxDelaySeconds: Number.NaN } }, /`retries.maxDelaySeconds`.*got NaN/],
  [{ retries: { baseDelaySeconds: '1' } }, /`retries.baseDelaySeconds`.*got "1"/], [{ retries: { retryIf: true } }, /`retries.retryIf` to be a function/], [{ retryIf: /x/ }, /`retryIf` to be a function.*got \/x\//],
  [{ timeout: 'soon' }, /`timeout`.*got "soon"/], [{ timeout: 0 }, /`timeout` to be longer than nothing, got 0/], [{ timeout: -5 }, /`timeout`.*got -5/], [{ timeout: null }, /`timeout`.*got null/],
  [{ timeout: Infinity }, /`timeout`/], [{ totalTimeout: '-1s' }, /`totalTimeout`.*got "-1s"/],
  [{ logger: 'console' }, /`logger` to have the methods debug, info, warn, error.*got "console"/], [{ logger: { info: () => {} } }, /`logger`/],
  [{ hooks: {} }, /`hooks` to be an object with onTaskStart, onTaskError or onTaskFinish, got none of them/], [{ hooks: { onTaskEnd: () => {} } }, /got `onTaskEnd`/],
  [{ hooks: { onTaskStart: 1 } }, /`hooks.onTaskStart` to be a function, got 1/], [{ hooks: TaskLogger }, /got the class TaskLogger; make an instance of it/],
  [{ signal: {} }, /`signal` to be an AbortSignal, got \{\}/], [{ signal: new AbortController() }, /`signal`/],
  [{ concurrency: -1 }, /`concurrency` to be a whole number from 0 to 1000000, got -1/], [{ concurrency: 1.5 }, /`concurrency`/],
  [{ cacheKey: 'key', cacheFor: 5 }, /`cacheKey` to be a function of the arguments, got "key"/], [{ cacheKey: String }, /`cacheFor` to say how long/], [{ cacheFor: 5 }, /`cacheKey`.*got undefined/],
  [{ cacheKey: String, cacheFor: 0 }, /`cacheFor` to be longer than nothing/],
  [{ isolate: 1 }, /`isolate` to be true or false, got 1/],
])('refuses %j by the name of the option', (options, message) => {
  expect(() => task(add, options as unknown as TaskOptions)).toThrow(TypeError)
  expect(() => task(add, options as unknown as TaskOptions)).toThrow(message)
})

test('an option that is undefined is one that was not given', () => {
  expect(() => task(add, { timeout: undefined, retries: undefined, alerts: undefined, hooks: undefined, signal: undefined, concurrency: undefined } as unknown as TaskOptions)).not.toThrow()
})
