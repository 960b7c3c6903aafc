import { expect, test } from 'vitest'
import { displayWidth, padEnd, padStart, truncate } from './display-width.ts'

test.each([['resize', 6], ['', 0], ['日本語', 6], ['ｈａｌｆ', 8], ['e\u0301a', 2], ['한글', 4], ['👍', 2], ['👩‍👩‍👧', 2], ['❤️', 2], ['⚡', 2], ['é→…', 3]])('%s is %i columns wide', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

test('what is cut off is marked, and a wide character is never halved', () => {
  expect(truncate('resize', 6)).toBe('resize')
  expect(truncate('resize', 5)).toBe('resi…')
  expect(truncate('日本語', 4)).toBe('日…')
  expect(truncate('日本語', 5)).toBe('日本…')
})

test('padding counts columns, not characters', () => {
  expect(padEnd('日本', 6)).toBe('日本  ')
  expect(padStart('7', 3)).toBe('  7')
})
