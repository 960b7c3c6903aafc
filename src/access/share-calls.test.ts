import { expect, test } from 'vitest'
import { shareCalls } from './share-calls.ts'

/** Calls that end when the test says so, each with what was true when it began. */
function subject() {
  let truth = 0
  const calls: { readonly keys: readonly string[]; end(): void; fail(error: Error): void }[] = []
  let begun = Promise.withResolvers<void>()
  const ask = shareCalls((keys: readonly string[]) => {
    const then = truth
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, number>>()
    calls.push({ keys, end: () => resolve(new Map(keys.filter((key) => key !== 'nothing').map((key) => [key, then]))), fail: reject })
    begun.resolve()
    return promise
  })
  return {
    ask,
    change: () => { truth += 1 },
    next: async () => {
      if (calls.length === 0) await begun.promise
      begun = Promise.withResolvers()
      return calls.shift()!
    },
  }
}

test('what is asked while a call is under way shares the next one, and is never answered by the one before', async () => {
  const { ask, change, next } = subject()
  const early = ask('a')
  const first = await next()
  change()
  const late = [ask('a'), ask('a'), ask('b'), ask('nothing')]
  first.end()
  expect(await early).toBe(0)
  const second = await next()
  expect(second.keys).toEqual(['a', 'b', 'nothing'])
  second.end()
  expect(await Promise.all(late)).toEqual([1, 1, 1, undefined])
})

test('a call that fails is told to those who shared it, and to nobody else', async () => {
  const { ask, next } = subject()
  const unlucky = [ask('a'), ask('b')]
  const first = await next()
  const lucky = ask('a')
  first.fail(new Error('away'))
  for (const each of unlucky) await expect(each).rejects.toThrow('away')
  ;(await next()).end()
  expect(await lucky).toBe(0)
})
