import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const known = ['jobs add', 'jobs list', 'serve', 'worker', 'doctor']

test.each([['jobs lst', 'jobs list'], ['serv', 'serve'], ['wroker', 'worker'], ['DOCTOR', 'doctor'], ['sevre', 'serve']])('%s is near %s', (typed, meant) => {
  expect(nearest(typed, known)).toBe(meant)
})

test('a word that is like none of the known ones is near nothing', () => {
  expect(nearest('kubernetes', known)).toBeUndefined()
  expect(nearest('', known)).toBeUndefined()
})
