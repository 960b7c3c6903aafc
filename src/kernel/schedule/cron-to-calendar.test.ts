import { expect, test } from 'vitest'
import { cronToCalendar } from './cron-to-calendar.ts'
import { normalizeCalendar } from './parse-calendar.ts'

test.each([
  ['*/5 * * * *', ['*-*-* *:00/5:00']],
  ['0 9 * * 1-5', ['Mon..Fri *-*-* 09:00:00']],
  ['30 4 1,15 * *', ['*-*-01,15 04:30:00']],
  ['15,45 8-18/2 * jan-mar mon,WED', ['Mon,Wed *-01..03-* 08..18/2:15,45:00']],
  ['0 0 * * 0', ['Sun *-*-* 00:00:00']],
  ['0 0 * * 7', ['Sun *-*-* 00:00:00']],
  ['0 0 * * 5-7', ['Fri..Sun *-*-* 00:00:00']],
  ['0 0 * * */2', ['Tue,Thu,Sat,Sun *-*-* 00:00:00']],
  ['0 0 * * 0-7', ['*-*-* 00:00:00']],
  ['5/15 * * * *', ['*-*-* *:05/15:00']],
  ['*/40 * * * *', ['*-*-* *:00/40:00']],
  ['*/90 * * * *', ['*-*-* *:00:00']],
  ['0 0 13 * 5', ['*-*-13 00:00:00', 'Fri *-*-* 00:00:00']],
  // A day of month that begins with a star restricts the day of week, as in cron.
  ['0 0 */2 * 1', ['Mon *-*-01/2 00:00:00']],
  ['@hourly', ['*-*-* *:00:00']],
  ['@weekly', ['Sun *-*-* 00:00:00']],
  ['@midnight', ['*-*-* 00:00:00']],
  ['@yearly', ['*-01-01 00:00:00']],
])('%s is %j', (line, calendars) => {
  expect(cronToCalendar(line)).toEqual({ kind: 'calendars', calendars })
  expect(calendars.map(normalizeCalendar)).toEqual(calendars)
})

test('@reboot is no calendar', () => {
  expect(cronToCalendar('@reboot')).toEqual({ kind: 'reboot' })
})

test.each([
  ['60 * * * *', 'the minute "60" is not one from 0 to 59'],
  ['* * 0 * *', 'the day of month "0" is not one from 1 to 31'],
  ['0 22-2 * * *', 'the hour "22-2" goes backward'],
  ['0 0 L * *', 'the day of month "l" is not one from 1 to 31'],
  ['0~30 * * * *', 'the minute "0~30" is none that systemd knows'],
  ['*/0 * * * *', 'the step of the minute "*/0" is 0'],
  ['* * * *', 'expected five fields or a word such as @daily, got "* * * *"'],
  ['0 0 * foo *', 'the month "foo" is not one from 1 to 12'],
  ['@every 5m', 'expected five fields or a word such as @daily, got "@every 5m"'],
])('%s is refused', (line, reason) => {
  expect(cronToCalendar(line)).toEqual({ kind: 'refused', reason })
})
