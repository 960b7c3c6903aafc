import { expect, test } from 'vitest'
import { linePattern } from './line-pattern.ts'

test('a pattern is a regular expression of JavaScript', () => {
  const matches = linePattern('--grep', 'disk (full|gone)$')
  expect([matches('the disk full'), matches('the disk full.'), matches('Disk full')]).toEqual([true, false, false])
})

test('what is no pattern is refused with what is wrong about it', () => {
  expect(() => linePattern('--grep', 'a(b')).toThrow(/^--grep: expected a regular expression, got "a\(b": Invalid regular expression/)
})

test('nested repetitions end', { timeout: 5000 }, () => {
  expect(linePattern('--grep', '(a+)+$')(`${'a'.repeat(50)}b`)).toBe(false)
})

test('only the first ten thousand characters are looked at', () => {
  const matches = linePattern('--grep', 'b')
  expect([matches(`${'a'.repeat(9_999)}b`), matches(`${'a'.repeat(10_000)}b`)]).toEqual([true, false])
})
