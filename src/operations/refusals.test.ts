import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contract } from '../contract/index.ts'
import type { FieldProblem } from '../kernel/errors.ts'
import { refusal } from './refusals.ts'

function problems(input: unknown, operation: (typeof contract.jobs)['add' | 'addMany'] = contract.jobs.add): readonly FieldProblem[] {
  const checked = operation.input.safeParse(input)
  if (checked.success) return []
  return refusal(checked.error.issues, input, Object.keys(operation.input.shape)).details['fields'] as FieldProblem[]
}

test.each<[string, unknown, FieldProblem]>([
  ['a missing field', {}, { path: 'name', message: 'is required: expected text' }],
  ['a wrong type', { name: 7 }, { path: 'name', message: 'expected text, got 7' }],
  ['an empty text', { name: '' }, { path: 'name', message: 'expected at least 1 character, got none' }],
  ['a text too long', { name: 'x'.repeat(300) }, { path: 'name', message: 'expected at most 255 characters, got 300' }],
  ['a number too large', { name: 'x', priority: 40_000 }, { path: 'priority', message: 'expected at most 32767, got 40000' }],
  ['a broken number', { name: 'x', priority: 1.5 }, { path: 'priority', message: 'expected a whole number, got 1.5' }],
  ['an unknown word', { name: 'x', retry: { jitter: 'some' } }, { path: 'retry.jitter', message: 'expected one of full, equal, none, got "some"' }],
  ['a time without an offset', { name: 'x', run_at: '2030-01-01T00:00:00' }, { path: 'run_at', message: 'expected an instant with an offset such as 2030-01-31T08:00:00Z, got "2030-01-01T00:00:00"' }],
  ['neither of two forms', { name: 'x', delay: true }, { path: 'delay', message: 'expected a number, or expected text, got true' }],
  ['an unknown field inside another', { name: 'x', retry: { times: 3 } }, { path: 'retry.times', message: 'is not a field of this request' }],
])('%s is named with what was found and what was expected', (_case, input, problem) => {
  expect(problems(input)).toEqual([problem])
})

test('an unknown field comes with the known ones', () => {
  expect(problems({ name: 'x', nmae: 1 })).toEqual([{ path: 'nmae', message: expect.stringMatching(/^is not a field of this request; known are name, payload, /) }])
})

test('in a list the item is named', () => {
  expect(problems({ items: [{ name: 'a' }, { name: 'b', max_attempts: 0 }] }, contract.jobs.addMany)).toEqual([{ path: 'items[1].max_attempts', message: 'expected at least 1, got 0' }])
})

test('what is not an object is refused as a whole', () => {
  for (const [input, found] of [[null, 'null'], [[], 'an empty list'], ['x', '"x"']] as const) {
    expect(problems(input)).toEqual([{ path: '', message: `expected an object, got ${found}` }])
  }
})

test('a request with ten thousand problems gets a short answer', () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${'k'.repeat(1000)}${index}`, 1]))
  expect(JSON.stringify(problems(many)).length).toBeLessThan(20_000)
  expect(problems({ items: Array.from({ length: 10_000 }, () => ({})) }, contract.jobs.addMany)).toHaveLength(50)
})

test('whatever the input is, each problem says something', () => {
  fc.assert(fc.property(fc.anything(), (input) => {
    for (const { message } of problems(input)) expect(message).toMatch(/expected|must|is not a field|is required/)
  }))
})
