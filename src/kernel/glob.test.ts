import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isGlob, matchesGlob } from './glob.ts'

test.each([
  ['nightly', 'nightly', true],
  ['nightly', 'night', false],
  ['nightly-report', 'night*', true],
  ['nightly-report', '*report', true],
  ['nightly-report', 'n*-*t', true],
  ['nightly', 'n?ghtly', true],
  ['nghtly', 'n?ghtly', false],
  ['a/b.c', '*', true],
  ['', '*', true],
  ['', '?', false],
  ['👩', '?', true],
])('%s against %s: %s', (name, pattern, expected) => {
  expect(matchesGlob(name, pattern)).toBe(expected)
})

test('it agrees with the regular expression that says the same', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), letters, (name, pattern) => {
    expect(matchesGlob(name, pattern)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name))
  }))
})

test('only what stands for other text is a pattern', () => {
  expect([isGlob('a*'), isGlob('?'), isGlob('a[b]')]).toEqual([true, true, false])
})
