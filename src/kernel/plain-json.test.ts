import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepestNesting, problemOfJson } from './plain-json.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
const parsed = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

test('every JSON value of modest size can be kept', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    fc.pre(!JSON.stringify(value).includes('\\u0000'))
    expect(problemOfJson(value, 1_000_000)).toBeUndefined()
  }))
})

test.each<[string, unknown, RegExp]>([
  ['text with a null character', { a: ['x\u0000'] }, /must not hold \\u0000/],
  ['a key with a null character', { 'x\u0000': 1 }, /in a key/],
  ['a date', { at: new Date(0) }, /instance of Date/],
  ['undefined', [undefined], /got undefined/],
  ['a big integer', 1n, /got a bigint/],
  ['NaN', { a: Number.NaN }, /the number NaN/],
  ['a function', { a: () => 1 }, /got a function/],
  ['a map', new Map(), /instance of Map/],
])('%s is not', (_name, value, problem) => {
  expect(problemOfJson(value, 1000)).toMatch(problem)
})

test('nesting is bounded, however deep it is and even when it has no end', () => {
  expect(problemOfJson(nested(deepestNesting), 10_000)).toBeUndefined()
  expect(problemOfJson(nested(deepestNesting + 1), 10_000)).toMatch(/levels of nesting/)
  expect(problemOfJson(parsed(500_000), 10_000_000)).toMatch(/levels of nesting/)
  const endless: unknown[] = []
  endless.push(endless)
  expect(problemOfJson(endless, 10_000)).toMatch(/levels of nesting/)
})

test('the limit counts bytes of JSON text', () => {
  expect(problemOfJson('ä'.repeat(10), 22)).toBeUndefined()
  expect(problemOfJson('ä'.repeat(10), 21)).toBe('expected at most 21 bytes of JSON text, got 22')
})
