import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationMs, formatDuration, parseDuration } from './duration.ts'

test('a number is seconds', () => {
  expect([0, 1, 2.5, 0.0004].map(parseDuration)).toEqual([0, 1000, 2500, 0])
  expect([-1, Number.NaN, Infinity].map(parseDuration)).toEqual([undefined, undefined, undefined])
})

test('text is a sum of spans with the units of systemd.time', () => {
  const texts = { '5m': 300_000, '1h 30min': 5_400_000, '1h30min': 5_400_000, ' 2 days ': 172_800_000, '1w': 604_800_000, '1.5s': 1500, '20': 20_000, '250ms': 250, '1H': 3_600_000 }
  for (const [text, ms] of Object.entries(texts)) expect(parseDuration(text), text).toBe(ms)
})

test('what is not a duration is refused whole', () => {
  for (const text of ['', '  ', 'soon', '5 parsecs', '-5s', '5m later', '1,5s', '.5s', `${'9'.repeat(400)}h`]) expect(parseDuration(text), text).toBeUndefined()
})

test('the error names the option and what was given', () => {
  expect(() => durationMs('timeout', 'soon')).toThrow(new TypeError("Expected `timeout` to be a number of seconds or text such as '5m' or '1h 30min', got \"soon\""))
})

test('a duration is shown short, in its two largest units', () => {
  const shown = [0, 820, 3_200, 4_000, 250_000, 7_500_000, 273_600_000, 3_600_000].map(formatDuration)
  expect(shown).toEqual(['0 ms', '820 ms', '3.2 s', '4 s', '4 min 10 s', '2 h 5 min', '3 d 4 h', '1 h'])
})

test('what is shown can be read again, and is off by less than the unit that was left out', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 86_400_000 }), (ms) => {
    const read = parseDuration(formatDuration(ms))!
    const tolerance = ms < 1000 ? 0 : ms < 60_000 ? 50 : ms < 3_600_000 ? 500 : 60_000
    expect(Math.abs(read - ms)).toBeLessThanOrEqual(tolerance)
  }))
})
