import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('no more have a turn than there are, and the rest get theirs in order', async () => {
  const take = createTurns(2)
  const got: number[] = []
  const turns = [1, 2, 3, 4].map((who) => take().then((turn) => {
    got.push(who)
    return turn
  }))
  const [first, second] = await Promise.all(turns.slice(0, 2))
  expect(got).toEqual([1, 2])
  second![Symbol.dispose]()
  const third = await turns[2]
  expect(got).toEqual([1, 2, 3])
  third![Symbol.dispose]()
  await turns[3]
  first![Symbol.dispose]()
  await take()
  expect(got).toEqual([1, 2, 3, 4])
})
