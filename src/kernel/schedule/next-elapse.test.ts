import { expect, test } from 'vitest'
import { closeSteps } from './close-steps.ts'
import { formatCalendar } from './format-calendar.ts'
import { neverElapses, nextElapse, nextRuns } from './next-elapse.ts'
import { parseCalendar } from './parse-calendar.ts'

const after = (expression: string, from: string, zone = 'UTC', count = 3): string[] =>
  nextRuns(parseCalendar(expression), count, { from: Date.parse(from), zone }).map((ms) => new Date(ms).toISOString().replace(':00.000Z', 'Z'))

test('the next runs are later than the moment they are asked for', () => {
  expect(after('*:00/30', '2026-01-01T00:30:00Z')).toEqual(['2026-01-01T01:00Z', '2026-01-01T01:30Z', '2026-01-01T02:00Z'])
  expect(after('*:00/30', '2026-01-01T00:29:59.999Z', 'UTC', 1)).toEqual(['2026-01-01T00:30Z'])
})

test('months, ends of months and days of the week meet', () => {
  expect(after('*-02~01', '2026-01-01T00:00:00Z')).toEqual(['2026-02-28T00:00Z', '2027-02-28T00:00Z', '2028-02-29T00:00Z'])
  expect(after('Mon *-05~07/1', '2026-01-01T00:00:00Z', 'UTC', 2)).toEqual(['2026-05-25T00:00Z', '2027-05-31T00:00Z'])
  expect(after('Fri *-*-13', '2026-01-01T00:00:00Z')).toEqual(['2026-02-13T00:00Z', '2026-03-13T00:00Z', '2026-11-13T00:00Z'])
  expect(after('*-*~1..10/4', '2026-02-01T00:00:00Z')).toEqual(['2026-02-20T00:00Z', '2026-02-24T00:00Z', '2026-02-28T00:00Z'])
})

test('seconds have six decimals', () => {
  const spec = parseCalendar('*:*:0/0.333333')
  const first = nextElapse(spec, 0, 'UTC')!
  expect([first, nextElapse(spec, first, 'UTC'), nextElapse(spec, 59_999_940, 'UTC')]).toEqual([333_333, 666_666, 60_000_000])
})

test('a time that clocks skip does not come', () => {
  expect(after('02:30', '2026-03-07T12:00:00Z', 'America/New_York', 2)).toEqual(['2026-03-09T06:30Z', '2026-03-10T06:30Z'])
  expect(after('*:00/30', '2026-03-08T06:30:00Z', 'America/New_York', 2)).toEqual(['2026-03-08T07:00Z', '2026-03-08T07:30Z'])
  expect(after('*:00/15', '2026-10-03T15:15:00Z', 'Australia/Lord_Howe', 2)).toEqual(['2026-10-03T15:30Z', '2026-10-03T15:45Z'])
  expect(after('12:00', '2011-12-28T22:00:00Z', 'Pacific/Apia', 2)).toEqual(['2011-12-29T22:00Z', '2011-12-30T22:00Z'])
  expect(after('daily', '2018-11-03T12:00:00Z', 'America/Sao_Paulo', 1)).toEqual(['2018-11-05T02:00Z'])
})

test('a time that comes twice counts once, at the first', () => {
  expect(after('01:30', '2026-11-01T03:00:00Z', 'America/New_York', 2)).toEqual(['2026-11-01T05:30Z', '2026-11-02T06:30Z'])
  expect(after('*:00/30', '2026-11-01T05:00:00Z', 'America/New_York', 2)).toEqual(['2026-11-01T05:30Z', '2026-11-01T07:00Z'])
})

test('asked in the second pass of an hour, it goes on in it', () => {
  expect(after('*:00/15', '2026-11-01T06:10:00Z', 'America/New_York', 3)).toEqual(['2026-11-01T06:15Z', '2026-11-01T06:30Z', '2026-11-01T06:45Z'])
})

test('a fine step crosses a skipped hour without counting through it', () => {
  const start = performance.now()
  expect(nextElapse(parseCalendar('*:*:0/0.000001'), Date.parse('2026-03-08T06:59:59.999Z') * 1000 + 999, 'America/New_York')).toBe(Date.parse('2026-03-08T07:00:00Z') * 1000)
  expect(performance.now() - start).toBeLessThan(50)
})

test('the zone of the expression holds before that of the machine', () => {
  expect(after('09:00 Asia/Kathmandu', '2026-01-01T00:00:00Z', 'America/New_York', 1)).toEqual(['2026-01-01T03:15Z'])
})

test('an expression whose dates are past, or are none, never elapses', () => {
  const now = Date.parse('2026-06-01T00:00:00Z')
  expect(['2026-05-31', '*-02-30', '1970..2025-*-*', 'Sun 2026-06-01', '*-*-* 5:00'].map((text) => neverElapses(parseCalendar(text), now, 'UTC'))).toEqual([true, true, true, true, false])
})

test('steps that leave something over are closed for the timer, with the same elapses', () => {
  const closed = (text: string): string => formatCalendar(closeSteps(parseCalendar(text)))
  expect(closed('*:0/7')).toBe('*-*-* *:00..56/7:00')
  expect(closed('*:0/15')).toBe('*-*-* *:00/15:00')
  expect(closed('*-*-1/3 0/5:30:0/0.7')).toBe('*-*-01..31/3 00..20/5:30:00..59.500000/0.700000')
  expect(closed('*-*~7/2')).toBe('*-*~01..07/2 00:00:00')
  expect(after(closed('*-*~7/2'), '2026-02-01T00:00:00Z')).toEqual(after('*-*~7/2', '2026-02-01T00:00:00Z'))
  expect(after(closed('*:0/7'), '2026-02-01T23:50:00Z')).toEqual(['2026-02-01T23:56Z', '2026-02-02T00:00Z', '2026-02-02T00:07Z'])
})
