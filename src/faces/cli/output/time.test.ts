import { expect, test } from 'vitest'
import { localTime, shortTime } from './time.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

test.each([
  ['2026-11-21T11:59:48Z', '12s ago'],
  ['2026-11-21T12:05:30Z', 'in 5m'],
  ['2026-11-21T09:01:00Z', '2h ago'],
  ['2026-11-21T12:00:00Z', '0s ago'],
])('%s is %s at noon', (iso, short) => {
  expect(shortTime(iso, now)).toBe(short)
})

test('a day away it is the local date and time', () => {
  const iso = '2026-11-20T12:00:00Z'
  expect(shortTime(iso, now)).toBe(localTime(iso))
  expect(localTime(new Date(2026, 0, 2, 3, 4, 5).toISOString())).toBe('2026-01-02 03:04:05')
})

test('text that is no time stays as it is', () => {
  expect(shortTime('soon', now)).toBe('soon')
})
