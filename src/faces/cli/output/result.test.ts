import { expect, test } from 'vitest'
import { jsonOf } from './result.ts'

test('what JSON knows nothing of is shown all the same', () => {
  const value = { big: 10n, set: new Set([1]), map: new Map([['a', { b: new Map([[1, 2]]) }]]), bytes: Buffer.from('abc'), error: Object.assign(new RangeError('x'), { code: 'E' }), at: new Date(0) }
  expect(JSON.parse(jsonOf(value)!)).toEqual({
    big: '10', set: [1], map: { a: { b: [[1, 2]] } }, bytes: 'YWJj', error: { name: 'RangeError', message: 'x', code: 'E' }, at: '1970-01-01T00:00:00.000Z',
  })
})

test('a value that holds itself ends, and one that is there twice is there twice', () => {
  const inner = { n: 1 }
  const value: Record<string, unknown> = { one: inner, other: [inner, inner] }
  value['self'] = value
  value['deep'] = { set: new Set([value]) }
  const map = new Map<string, unknown>()
  value['map'] = map.set('map', map)
  expect(JSON.parse(jsonOf(value)!)).toEqual({ one: { n: 1 }, other: [{ n: 1 }, { n: 1 }], self: '[circular]', deep: { set: ['[circular]'] }, map: { map: '[circular]' } })
})

test.each([[undefined, undefined], [null, 'null'], [1n, '"1"'], ['text', '"text"'], [() => {}, undefined]])('%s as JSON is %s', (value, json) => {
  expect(jsonOf(value)).toBe(json)
})
