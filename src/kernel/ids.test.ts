import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstIdAt, isId, newId, timeOfId } from './ids.ts'

/** Ahead of whatever time another test used, since ids never go back within a process. */
let now = Date.UTC(2040, 0, 1)
const later = (): number => (now += 3_600_000)

test('an id is a UUID of version 7 that holds its time', () => {
  const ms = later()
  const id = newId(ms + 0.9)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(isId(id)).toBe(true)
  expect(timeOfId(id)).toBe(ms)
})

test('a hundred thousand ids of one millisecond are unique and ascend', () => {
  const ms = later()
  const ids = Array.from({ length: 100_000 }, () => newId(ms))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toEqual(ids.toSorted())
  // 3072 to 4096 fit into a millisecond; then the time part runs ahead, no further than it must.
  expect(timeOfId(ids.at(-1)!) - ms).toBeLessThanOrEqual(Math.ceil(100_000 / 3072))
})

test('ids ascend although the clock steps back and forth', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 2, maxLength: 50 }), (steps) => {
    const base = later()
    const ids = steps.map((step) => newId(base + step))
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
  }))
})

test('the first id of a millisecond is below every id of it and above every earlier one', () => {
  const ms = later()
  const before = newId(ms - 1)
  const at = newId(ms)
  expect(before < firstIdAt(ms)).toBe(true)
  expect(firstIdAt(ms) < at).toBe(true)
  expect(isId(firstIdAt(ms))).toBe(true)
})

test('what is not a UUID in lower case is no id', () => {
  for (const text of ['', 'job', newId(later()).toUpperCase(), `${newId(later())}0`, newId(later()).replaceAll('-', ''), ` ${newId(later())}`]) expect(isId(text), text).toBe(false)
})
