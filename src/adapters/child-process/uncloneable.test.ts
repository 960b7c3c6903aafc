import { expect, test } from 'vitest'
import { findUncloneable } from './uncloneable.ts'

class Socket { readonly send = () => {} }

test.each([
  [() => {}, 'it is a function'], [{ a: [1, { b: Symbol('x') }] }, '.a[1].b is a symbol'], [{ socket: new Socket() }, '.socket.send is a function'],
  [{ wait: Promise.resolve() }, '.wait is an instance of Promise'], [new Map([['a', () => {}]]), 'it is an instance of Map'],
])('%o cannot be passed on, and why is said', (value, problem) => {
  expect(findUncloneable(value)).toBe(problem)
})

test('values that hold themselves are looked through once', () => {
  const value: Record<string, unknown> = { late: () => {} }
  value['self'] = value
  expect(findUncloneable(value)).toBe('.late is a function')
  expect(findUncloneable({ plain: [1n, new Date(), new Uint8Array(2), undefined] })).toBeUndefined()
})
