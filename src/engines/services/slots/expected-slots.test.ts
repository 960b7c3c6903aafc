import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Schedule } from '../service-definition.ts'
import { nextSlotOf, periodicSlot, slotsBetween, toleranceOf } from './expected-slots.ts'

const calendar = (schedule: string, changes: Partial<Schedule & { kind: 'calendar' }> = {}): Schedule => ({ kind: 'calendar', schedule, persistent: true, accuracy: 0.001, ...changes })
const every = (period: number, relativeTo: 'start' | 'finish' = 'start'): Schedule => ({ kind: 'periodic', startOn: 'boot', period, relativeTo, accuracy: 0.001 })
const at = (text: string): number => Date.parse(text)
const iso = (slots: readonly number[]): string[] => slots.map((slot) => new Date(slot).toISOString())

test('slots of several calendars come in order, and once where they meet', () => {
  expect(iso(slotsBetween([calendar('*:00/30 UTC'), calendar('*:00/20 UTC')], at('2026-01-01T00:00:00Z'), at('2026-01-01T01:00:00Z')))).toEqual([
    '2026-01-01T00:20:00.000Z', '2026-01-01T00:30:00.000Z', '2026-01-01T00:40:00.000Z', '2026-01-01T01:00:00.000Z',
  ])
})

test('what clocks skip is no slot, and what comes twice is one', () => {
  const nightly = calendar('*-*-* 02:30:00 Europe/Berlin')
  expect(iso(slotsBetween([nightly], at('2026-03-28T12:00:00Z'), at('2026-03-30T12:00:00Z')))).toEqual(['2026-03-30T00:30:00.000Z'])
  expect(iso(slotsBetween([nightly], at('2026-10-24T12:00:00Z'), at('2026-10-25T12:00:00Z')))).toEqual(['2026-10-25T00:30:00.000Z'])
})

test('of very many slots the latest are taken', () => {
  const slots = slotsBetween([calendar('*:*:* UTC')], at('2026-01-01T00:00:00Z'), at('2026-01-02T00:00:00Z'))
  expect(slots.length).toBeGreaterThan(2_000)
  expect(slots.length).toBeLessThanOrEqual(5_000)
  expect(iso(slots.slice(-1))).toEqual(['2026-01-02T00:00:00.000Z'])
})

test('any window is the sum of its parts', () => {
  const from = at('2026-03-28T00:00:00Z')
  fc.assert(fc.property(fc.constantFrom('*:00/7 Europe/Berlin', 'Sun *-*-* 02:30:00 Europe/Berlin', 'hourly', '*-*-* 12:34:56.5 UTC'), fc.integer({ min: 1, max: 72 * 3600 }), fc.integer({ min: 1, max: 72 * 3600 }), (schedule, first, second) => {
    const [middle, until] = [from + first * 1000, from + (first + second) * 1000]
    expect([...slotsBetween([calendar(schedule)], from, middle), ...slotsBetween([calendar(schedule)], middle, until)]).toEqual(slotsBetween([calendar(schedule)], from, until))
  }))
})

test('there is no next slot of what is past', () => {
  expect(nextSlotOf([calendar('2020-01-01 00:00:00 UTC')])(at('2026-01-01T00:00:00Z'))).toBeUndefined()
})

test('a run may begin later by accuracy and the delay by chance', () => {
  expect(toleranceOf([calendar('daily', { accuracy: 60, randomizedDelay: 600 })])).toBe(665_000)
})

test('a period counts from the last start, or the last end', () => {
  expect(periodicSlot([every(60)], { startedAt: 1000, endedAt: null })).toBe(61_000)
  expect(periodicSlot([every(60, 'finish')], { startedAt: 1000, endedAt: 5000 })).toBe(65_000)
  expect(periodicSlot([every(60, 'finish')], { startedAt: 1000, endedAt: null })).toBeUndefined()
  expect(periodicSlot([every(60)], undefined)).toBeUndefined()
})
