import { expect, test } from 'vitest'
import { ProgressTeller } from './progress-teller.ts'

test('what is heard in time is told in full; else what came last is', () => {
  const told: unknown[] = []
  const unheard: (() => void)[] = []
  const teller = new ProgressTeller(([done], heard) => { told.push(done); unheard.push(heard) })
  for (let done = 1; done <= 150; done += 1) teller.say([done])
  expect(told.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
  expect(told.length).toBeLessThan(150)
  teller.flush()
  expect(told.at(-1)).toBe(150)
  for (const heard of unheard.splice(0)) heard()
  teller.flush()
  expect(told.filter((done) => done === 150)).toHaveLength(1)
  teller.say([151])
  expect(told.at(-1)).toBe(151)
})
