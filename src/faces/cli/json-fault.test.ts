import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findJsonFault } from './json-fault.ts'

test.each([
  ['{a: 1}', 1],
  ['{"a": cat}', 6],
  ['{"a": 1,}', 8],
  ['[1, 2', 5],
  ['[1 2]', 3],
  ['{"a" 1}', 5],
  ["{'a': 1}", 1],
  ['{"a": 01}', 6],
  ['{"a": "b}', 6],
  ['[1]]', 3],
  ['1, 2', 1],
  ['{"a": [1, 2}', 11],
  ['"a\nb"', 0],
  ['nul', 0],
  ['', 0],
])('%j is faulty at %i', (text, position) => {
  expect(findJsonFault(text).position).toBe(position)
})

test('the fault is told by line and column, with the text around it', () => {
  expect(findJsonFault('{\n  "file": cat.jpg\n}')).toEqual({ position: 12, line: 2, column: 11, piece: '{\n  "file": cat.jpg\n}' })
})

test('what JSON.parse takes has its fault at the end, and what it refuses has it before or there', () => {
  const parses = (text: string) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  fc.assert(fc.property(fc.json(), (text) => findJsonFault(text).position === text.length))
  fc.assert(fc.property(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:01e.-tx \n'), (text, at, char) => {
    const place = at % (text.length + 1)
    const changed = text.slice(0, place) + char + text.slice(place)
    const { position } = findJsonFault(changed)
    // A prefix before the fault can still become JSON; so a fault before the end is a refusal, and no refusal is missed.
    return position < changed.length ? !parses(changed) : true
  }))
})
