import { expect, test } from 'vitest'
import { normalizeCalendar } from '../../../kernel/schedule/index.ts'
import type { Schedule } from '../service-definition.ts'
import { type ScheduledService, type ServiceYear, simulateYear } from './simulate-year.ts'

const at = (text: string): number => Date.parse(text)
const calendar = (schedule: string): Schedule => ({ kind: 'calendar', schedule: normalizeCalendar(schedule), persistent: true, accuracy: 0.001 })
const every = (period: number, relativeTo: 'start' | 'finish' = 'start'): Schedule => ({ kind: 'periodic', startOn: 'boot', period, relativeTo, accuracy: 0.001 })

const options = { from: at('2026-01-01T05:00:00Z'), zone: 'America/New_York' }
const year = (schedules: readonly Schedule[], duration?: number): ServiceYear =>
  simulateYear([{ name: 'web', schedules, ...duration === undefined ? {} : { duration } }], options).services[0]!

test('a run that falls into the hour that clocks skip is left out, and the day is named', () => {
  expect(year([calendar('02:30')])).toEqual({
    name: 'web', runs: 364, estimated: false, never: [],
    clockChanges: [{ at: at('2026-03-08T07:00:00Z'), zone: 'America/New_York', kind: 'skipped', runs: 1, first: '2026-03-08 02:30' }],
  })
})

test('of an hour that comes twice only the first runs', () => {
  expect(year([calendar('*:00/30')])).toMatchObject({
    runs: 365 * 48 - 2,
    clockChanges: [{ kind: 'skipped', runs: 2, first: '2026-03-08 02:00' }, { at: at('2026-11-01T06:00:00Z'), kind: 'once', runs: 2, first: '2026-11-01 01:00' }],
  })
})

test('half an hour, a zone of its own and one without changes of clocks are seen as they are', () => {
  expect(year([calendar('*:15 Australia/Lord_Howe')]).clockChanges).toEqual([
    { at: at('2026-10-03T15:30:00Z'), zone: 'Australia/Lord_Howe', kind: 'skipped', runs: 1, first: '2026-10-04 02:15' },
  ])
  expect(year([calendar('*:45 Australia/Lord_Howe')]).clockChanges).toMatchObject([{ kind: 'once', runs: 1, first: '2026-04-05 01:45' }])
  expect(year([calendar('*:15 UTC')])).toMatchObject({ runs: 8760, clockChanges: [] })
})

test('runs are counted by the second, and what two calendars share counts once', () => {
  expect(year([calendar('*:*:0/10 UTC')]).runs).toBe(365 * 1440 * 6)
  expect(year([calendar('00:00 UTC'), calendar('0/12:00 UTC')]).runs).toBe(730)
  expect(year([calendar('00:00:30 UTC'), calendar('0/12:00 UTC')]).runs).toBe(365 + 730)
})

test('what begins before the last run is over is counted, with the least distance', () => {
  expect(year([calendar('*:00/30 UTC')], 3600).overlaps).toEqual({ runs: 365 * 24, beside: 365 * 48 - 1, atOnce: 2, shortest: 1800, first: at('2026-01-01T05:30:00Z') })
  expect(year([calendar('*:00/30 UTC')], 1800).overlaps).toBeUndefined()
  expect(year([calendar('*:*:0/10 UTC')], 15).overlaps).toMatchObject({ runs: 365 * 1440 * 3, atOnce: 2, shortest: 10 })
  expect(year([calendar('*:*:0/10 UTC')], 95).overlaps).toMatchObject({ atOnce: 10 })
  expect(year([calendar('*:00/30')])).not.toHaveProperty('overlaps')
})

test('a period is counted by arithmetic', () => {
  expect(year([every(300)])).toMatchObject({ runs: 365 * 288, estimated: true })
  expect(year([every(300, 'finish')], 300)).toMatchObject({ runs: 365 * 144, estimated: true })
  expect(year([every(300, 'finish')], 300)).not.toHaveProperty('overlaps')
  expect(year([every(300)], 400).overlaps).toEqual({ runs: 365 * 144, beside: 365 * 288 - 1, atOnce: 2, shortest: 300 })
})

test('a calendar whose dates are past is named; one that comes after the year is not', () => {
  expect(year([calendar('2020-01-01'), calendar('2030-01-01')])).toMatchObject({ runs: 0, never: ['2020-01-01 00:00:00'] })
})

test('minutes at which many start are told by the worst, with names', () => {
  const crowd = (count: number, schedule: string, name: string): ScheduledService[] => Array.from({ length: count }, (_, index) => ({ name: `${name}${index}`, schedules: [calendar(schedule)] }))
  const { crowdedMinutes, collisions } = simulateYear([...crowd(12, '03:00 UTC', 'night'), ...crowd(11, 'Mon 09:00 UTC', 'week'), ...crowd(10, '12:00 UTC', 'noon')], options)
  expect(crowdedMinutes).toBe(365 + 52)
  expect(collisions).toMatchObject([{ at: at('2026-01-02T03:00:00Z'), count: 12 }, { at: at('2026-01-05T09:00:00Z'), count: 11 }])
  expect(collisions[0]!.services).toEqual(Array.from({ length: 10 }, (_, index) => `night${index}`))
})

test('500 services take less than two seconds of the processor', { timeout: 60_000 }, () => {
  const schedules = ['*:00/15', 'Mon..Fri 09:00 Europe/Berlin', 'daily', 'hourly', '*:*']
  const services = Array.from({ length: 500 }, (_, index) => ({ name: `s${index}`, schedules: [calendar(schedules[index % (index % 10 === 9 ? 5 : 4)]!)], duration: 90 }))
  const before = process.cpuUsage()
  simulateYear(services, options)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(2000)
})
