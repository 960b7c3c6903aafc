import { expect, test } from 'vitest'
import { runProgress } from './run-progress.ts'

function listen(isTerminal: boolean) {
  const notes: string[] = []
  const inPlace: string[] = []
  let now = 0
  const say = runProgress({ note: (text) => notes.push(text), progress: (text) => inPlace.push(text) }, () => now, isTerminal)
  return { notes, inPlace, say: (at: number, done: number, total: number | null = 10, message: string | null = null) => { now = at; say({ done, total, message }) } }
}

test('on a terminal each step is written over the one before', () => {
  const { inPlace, notes, say } = listen(true)
  say(0, 1, 10, 'one')
  say(1, 2, null)
  expect([inPlace, notes]).toEqual([['1 of 10: one', '2'], []])
})

test('elsewhere a line comes now and then, and the last one always', () => {
  const { notes, say } = listen(false)
  for (const [at, done] of [[0, 1], [500, 2], [999, 3], [1_000, 4], [1_500, 10]] as const) say(at, done)
  expect(notes).toEqual(['1 of 10', '4 of 10', '10 of 10'])
})
