import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible, visibleJson, visibleLines } from './visible.ts'

test('what a terminal would obey is shown instead', () => {
  expect(visible('\u001b]0;owned\u0007')).toBe('\\x1b]0;owned\\x07')
  expect(visible('a\r\n\tb')).toBe('a\\r\\n\\tb')
  expect(visible('\u009b31m')).toBe('\\x9b31m')
  expect(visible('exe\u202egpj')).toBe('exe\\u202egpj')
  expect(visible('\ud800!')).toBe('\\ud800!')
})

test('ordinary text of any language stays as it is', () => {
  for (const text of ['résumé', '日本語', 'क्षत्रिय', '👩‍👩‍👧', 'עברית']) expect(visible(text)).toBe(text)
})

test('several lines stay several lines', () => {
  expect(visibleLines('a\r\nb\u001b[0m')).toBe('a\nb\\x1b[0m')
})

test('JSON keeps its meaning and holds nothing a terminal would obey', () => {
  const anything = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units))
  const awkward = fc.string({ unit: fc.constantFrom('\u009b', '\u007f', '\u202e', '\n', '"', '\\', 'a') })
  fc.assert(fc.property(anything, awkward, (key, text) => {
    const json = visibleJson(JSON.stringify({ [key]: [text] }, null, 2))
    expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    expect(JSON.parse(json)).toEqual({ [key]: [text] })
  }))
})
