import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutText, jsonText } from './log-text.ts'

test('a text that is too long says how much is missing', () => {
  expect(cutText('abcdef', 6)).toBe('abcdef')
  expect(cutText('abcdef', 4)).toBe('abcd...[cut, 2 characters]')
})

test('a character of two code units is not cut through', () => {
  expect(cutText('ab😀cd', 3)).toBe('ab...[cut, 4 characters]')
  expect(cutText('ab😀cd', 4)).toBe('ab😀...[cut, 2 characters]')
})

test('any text is one line of JSON that reads back, in well-formed UTF-8', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const json = jsonText(text)
    expect(JSON.parse(json)).toBe(text.toWellFormed())
    expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u)
  }))
})

test('half a surrogate pair becomes the replacement character', () => {
  expect(jsonText('a\ud800b')).toBe('"a\ufffdb"')
})
