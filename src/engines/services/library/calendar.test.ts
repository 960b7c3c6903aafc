import { expect, test } from 'vitest'
import { Calendar } from './calendar.ts'
import { describeSchedule } from '../look/describe-schedule.ts'
import { Periodic } from './periodic.ts'
import { readSchedules, scheduleBrand } from '../define/read-schedule.ts'

const read = (given: unknown) => {
  const problems: { path: string; message: string; hint?: string }[] = []
  return { schedules: readSchedules(given, 'start_schedule', problems), problems }
}
const thrown = (act: () => unknown): { code: string; message: string } => {
  try {
    act()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('nothing was thrown')
}

test('a calendar is in normal form, with the documented defaults', () => {
  expect({ ...new Calendar('Mon-Fri 09:00') }).toStrictEqual({ kind: 'calendar', schedule: 'Mon..Fri *-*-* 09:00:00', persistent: true, accuracy: 0.001 })
  expect({ ...new Calendar({ schedule: 'daily 03:00', persistent: false, accuracy: '100us', randomizedDelay: '5m' }) }).toStrictEqual({ kind: 'calendar', schedule: '*-*-* 03:00:00', persistent: false, accuracy: 0.0001, randomizedDelay: 300 })
})

test('next runs are dates, in the zone of the expression or the one asked for', () => {
  const from = new Date('2026-11-21T12:00:00Z')
  expect(new Calendar('Mon..Fri 09:00 America/New_York').nextRuns(2, { from })).toEqual([new Date('2026-11-23T14:00:00Z'), new Date('2026-11-24T14:00:00Z')])
  expect(new Calendar('09:00').nextRuns(1, { from, zone: 'Asia/Kathmandu' })).toEqual([new Date('2026-11-22T03:15:00Z')])
  expect(new Calendar('09:00').nextRuns()).toHaveLength(5)
  expect(new Calendar('2020-01-01').nextRuns()).toEqual([])
  expect(thrown(() => new Calendar('09:00').nextRuns(1, { zone: 'Mars' })).message).toContain('"Mars" is no zone')
  expect(() => new Calendar('09:00').nextRuns(-1)).toThrow(TypeError)
})

test('a date is kept in UTC, with its fraction of a second', () => {
  const calendar = Calendar.fromDate(new Date('2026-03-01T12:00:00.250Z'))
  expect(calendar.schedule).toBe('2026-03-01 12:00:00.250000 UTC')
  expect(calendar.nextRuns(2, { from: new Date('2026-01-01T00:00:00Z') })).toEqual([new Date('2026-03-01T12:00:00.250Z')])
  expect(Calendar.fromDate({ epochMilliseconds: 1_800_000_000_000 }, { persistent: false })).toMatchObject({ schedule: '2027-01-15 08:00:00 UTC', persistent: false })
  expect(() => Calendar.fromDate(new Date(NaN))).toThrow('not a valid one')
})

test('a date as local time of a zone is the same instant; the second pass of an hour stays in UTC', () => {
  const at = (date: string) => Calendar.fromDate(new Date(date), { zone: 'America/New_York' }).schedule
  expect(at('2026-11-01T05:30:00Z')).toBe('2026-11-01 01:30:00 America/New_York')
  expect(at('2026-11-01T06:30:00Z')).toBe('2026-11-01 06:30:00 UTC')
})

test('a wrong expression and a wrong option are told apart', () => {
  expect(thrown(() => new Calendar('sometimes'))).toMatchObject({ name: 'ValidationError', code: 'calendar.invalid' })
  expect(thrown(() => new Calendar('daily', { persitent: true } as object))).toMatchObject({ name: 'ValidationError', code: 'service.invalid', message: 'The calendar: persitent: is not known for a calendar schedule; did you mean persistent?' })
  expect(thrown(() => new Calendar('daily', { accuracy: 0 })).message).toContain('at least')
})

test('a period is given whole or in parts', () => {
  expect({ ...new Periodic({ period: '5m' }) }).toStrictEqual({ kind: 'periodic', startOn: 'boot', period: 300, relativeTo: 'start', accuracy: 0.001 })
  expect(new Periodic({ hours: 1, minutes: 30, seconds: 5, startOn: 'login', relativeTo: 'finish' })).toMatchObject({ period: 5405, startOn: 'login', relativeTo: 'finish' })
  for (const options of [{}, { period: 0 }, { period: '5m', hours: 1 }, { hours: -1 }, { minutes: '5' }, { period: '5 parsecs' }, { period: 1, startOn: 'noon' }, { period: 1, startsOn: 'boot' }]) {
    expect(thrown(() => new Periodic(options as object))).toMatchObject({ code: 'service.invalid' })
  }
})

test('strings, objects in either case, and schedules of another copy of the package mean the same', () => {
  const daily = [{ kind: 'calendar', schedule: '*-*-* 00:00:00', persistent: true, accuracy: 0.001, randomizedDelay: 60 }]
  expect(read({ schedule: 'daily', randomized_delay: '1min' }).schedules).toEqual(daily)
  expect(read({ schedule: 'daily', randomizedDelay: 60 }).schedules).toEqual(daily)
  expect(read([new Calendar('daily', { randomizedDelay: 60 })]).schedules).toEqual(daily)
  expect(read({ [scheduleBrand]: daily[0] }).schedules).toEqual(daily)
  expect(read(JSON.parse(JSON.stringify(new Calendar('daily', { randomizedDelay: 60 })))).schedules).toEqual(daily)
  expect(read('daily').schedules).toEqual([new Calendar('daily').toJSON()])
  expect(read({ start_on: 'login', minutes: 5 }).schedules).toEqual([new Periodic({ startOn: 'login', period: 300 }).toJSON()])
})

test.each([
  [5, 'start_schedule', 'expected a calendar expression'],
  [null, 'start_schedule', 'expected a calendar expression'],
  ['sometimes', 'start_schedule.schedule', '"sometimes" is not a calendar expression'],
  [['daily', 'sometimes'], 'start_schedule.1.schedule', '"sometimes" is not a calendar expression'],
  [{ schedul: 'daily' }, 'start_schedule.schedul', 'is not known'],
  [{ schedule: 'daily', period: 5 }, 'start_schedule.period', 'is not known for a calendar schedule'],
  [{ kind: 'cron', schedule: 'daily' }, 'start_schedule.kind', 'expected calendar or periodic'],
  [{ period: 5, start_on: 'boot', startOn: 'boot' }, 'start_schedule.startOn', 'is given twice'],
  [['daily', { schedule: 'weekly', persistent: false }], 'start_schedule', 'expected the same persistent for all schedules of one list, since one timer holds them, got true and false'],
  [['daily', { period: 5, accuracy: '1s' }], 'start_schedule', 'expected the same accuracy'],
  [['daily', { period: 5, randomized_delay: 5 }], 'start_schedule', 'expected the same randomizedDelay for all schedules of one list, since one timer holds them, got none and 5'],
])('%j is refused, at %s', (given, path, message) => {
  const { schedules, problems } = read(given)
  expect(schedules).toBeUndefined()
  expect(problems[0]).toMatchObject({ path, message: expect.stringContaining(message) as string })
})

test('a schedule is described in few words', () => {
  expect(describeSchedule(new Calendar('daily'))).toBe('*-*-* 00:00:00')
  expect(describeSchedule(new Periodic({ period: 300 }))).toBe('every 5 min from boot')
  expect(describeSchedule(new Periodic({ period: 90, startOn: 'command', relativeTo: 'finish' }))).toBe('1 min 30 s after each end, once started')
})
