import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskflowsError } from '../errors.ts'
import { normalizeCalendar, parseCalendar } from './parse-calendar.ts'

const refusal = (text: string): TaskflowsError => {
  try {
    parseCalendar(text)
  } catch (thrown) {
    return thrown as TaskflowsError
  }
  throw new Error(`${text} was accepted`)
}

test.each([
  // The table of systemd.time(7).
  ['Sat,Thu,Mon..Wed,Sat..Sun', 'Mon..Thu,Sat,Sun *-*-* 00:00:00'],
  ['Mon,Sun 12-*-* 2,1:23', 'Mon,Sun 2012-*-* 01,02:23:00'],
  ['Wed *-1', 'Wed *-*-01 00:00:00'],
  ['Wed..Wed,Wed *-1', 'Wed *-*-01 00:00:00'],
  ['Wed, 17:48', 'Wed *-*-* 17:48:00'],
  ['Wed..Sat,Tue 12-10-15 1:2:3', 'Tue..Sat 2012-10-15 01:02:03'],
  ['*-*-7 0:0:0', '*-*-07 00:00:00'],
  ['10-15', '*-10-15 00:00:00'],
  ['monday *-12-* 17:00', 'Mon *-12-* 17:00:00'],
  ['Mon,Fri *-*-3,1,2 *:30:45', 'Mon,Fri *-*-01,02,03 *:30:45'],
  ['12,14,13,12:20,10,30', '*-*-* 12,13,14:10,20,30:00'],
  ['12..14:10,20,30', '*-*-* 12..14:10,20,30:00'],
  ['mon,fri *-1/2-1,3 *:30:45', 'Mon,Fri *-01/2-01,03 *:30:45'],
  ['05:40:23.4200004/3.1700005', '*-*-* 05:40:23.420000/3.170001'],
  ['2003-02..04-05', '2003-02..04-05 00:00:00'],
  ['2003-03-05 05:40 UTC', '2003-03-05 05:40:00 UTC'],
  ['weekly Pacific/Auckland', 'Mon *-*-* 00:00:00 Pacific/Auckland'],
  ['semiannually', '*-01,07-01 00:00:00'],
  ['quarterly', '*-01,04,07,10-01 00:00:00'],
  ['hourly', '*-*-* *:00:00'],
  ['*:2/3', '*-*-* *:02/3:00'],
  ['Mon *-05~07/1', 'Mon *-05~07/1 00:00:00'],
  // Ours, as people write them.
  ['daily 03:00', '*-*-* 03:00:00'],
  ['weekly 09:00', 'Mon *-*-* 09:00:00'],
  ['monthly 6:30 utc', '*-*-01 06:30:00 UTC'],
  ['Mon-Fri 09:00', 'Mon..Fri *-*-* 09:00:00'],
  ['Mon-Fri 09:00 America/New_York', 'Mon..Fri *-*-* 09:00:00 America/New_York'],
  ['Mon-Sun 14:00 America/New_York', '*-*-* 14:00:00 America/New_York'],
  ['Mon,Wed,Fri 16:30:30', 'Mon,Wed,Fri *-*-* 16:30:30'],
  ['Mon, Wed, Fri 16:30', 'Mon,Wed,Fri *-*-* 16:30:00'],
  ['Sun 17:00 UTC', 'Sun *-*-* 17:00:00 UTC'],
  ['  Mon..Fri   09:00  europe/berlin ', 'Mon..Fri *-*-* 09:00:00 Europe/Berlin'],
  ['@1700000000', '2023-11-14 22:13:20 UTC'],
])('%s is %s', (written, normal) => {
  expect(normalizeCalendar(written)).toBe(normal)
  expect(normalizeCalendar(normal)).toBe(normal)
})

test('a range ends with the last value that is reached, and repeated values count once', () => {
  expect(normalizeCalendar('*-*-1..30/5 0..24/13:5,5,5..9/9')).toBe('*-*-01..26/5 00..13/13:05:00')
})

test('two digits of a year are of this century below 70', () => {
  expect(normalizeCalendar('69-1-1')).toBe('2069-01-01 00:00:00')
  expect(normalizeCalendar('70-1-1')).toBe('1970-01-01 00:00:00')
})

test.each([
  ['', 'it is empty'],
  ['Frii 5:00', 'neither a day of the week nor a word such as daily at "Frii"'],
  ['Sun..Mon 5:00', 'a range of days goes forward within Mon..Sun at "Sun..Mon"'],
  ['25:00', 'the hour must be 0 to 23 at "25"'],
  ['*:*:60', 'the second must be at least 0 and below 60 at "60"'],
  ['2026-13-01', 'the month must be 1 to 12 at "13"'],
  ['2200-1-1', 'the year must be 1970 to 2199 at "2200"'],
  ['*-*-0', 'the day must be 1 to 31 at "0"'],
  ['*-*~29', 'the day must be 1 to 28 at "29"'],
  ['*:0/0', 'the step is 0 at "0/0"'],
  ['*:30/30', 'the step leads out of the minutes, 0 to 59, at once at "30/30"'],
  ['*/5:00', 'a hour is a number'],
  ['9..5:00', 'a range goes from the smaller to the larger value at "9..5"'],
  ['1:2:3:4', 'a time is HOUR:MINUTE or HOUR:MINUTE:SECOND'],
  ['09:00 EDT', 'no zone of the time zone database at "EDT"'],
  ['09:00 +02:00', 'expected days, a date, a time and a zone'],
  ['5:00 1-1', 'expected days, a date, a time and a zone, in this order and each at most once at "1-1"'],
  ['@99999999999', '@ is followed by seconds since 1970'],
  ['*-*~1,28', 'systemd takes no day beyond 25 as number 2 of a list'],
])('%s is refused with the part that is wrong', (text, problem) => {
  const { code, message } = refusal(text)
  expect(code).toBe('calendar.invalid')
  expect(message).toContain(problem)
})

test('what was probably meant is in the hint', () => {
  expect(refusal('Frii 5:00').hint).toBe('Did you mean Fri?')
  expect(refusal('Fri..Mon 5:00').hint).toBe('Write Fri,Sat,Sun,Mon.')
  expect(refusal('Mon 5').hint).toBe('Write 05:00.')
  expect(refusal('09:00 EDT').hint).toBe('Name it by place, such as America/New_York, or UTC.')
  expect(refusal('*/5 * * * *').hint).toBe("Write '*-*-* *:00/5:00'.")
  expect(refusal('0 9 1 * 1').hint).toBe("Write two: '*-*-01 09:00:00' and 'Mon *-*-* 09:00:00'.")
  expect(refusal('@daily').hint).toBe("Write '*-*-* 00:00:00'.")
  expect(refusal('@reboot').hint).toContain('enabled')
  expect(refusal('every 5 minutes').hint).toMatch(/^Every five minutes is \*:00\/5, /)
})

test('hostile text is refused as a calendar, quickly, and nothing of a second line is kept', { timeout: 60_000 }, () => {
  const marks = fc.constantFrom('*', ',', '..', '/', '-', '~', ':', ' ', '.', '0', '7', '59', '@', 'Mon', 'daily', 'UTC', '\n', '\t', '\0', 'é', '%', '[Service]', '99999999999999999999', 'e9', '__proto__')
  const hostile = fc.oneof(fc.array(marks, { maxLength: 40 }).map((parts) => parts.join('')), fc.string({ unit: 'binary', maxLength: 200 }))
  const texts = [...fc.sample(hostile, { numRuns: 100_000, seed: 5 }), '*:'.repeat(50_000), `*:${'0,'.repeat(4_000)}0`, ' '.repeat(100_000), 'a/'.repeat(5_000), ', '.repeat(5_000), '1'.repeat(9_000), `Mon${',Mon'.repeat(2_000)} 5:00`]
  let slowestMs = 0
  for (const text of texts) {
    const before = process.cpuUsage()
    const normal = normalOrNothing(text)
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if (normal !== undefined && !/^[ -~]+$/.test(normal)) throw new Error(`${JSON.stringify(text)} became ${JSON.stringify(normal)}`)
  }
  expect(slowestMs).toBeLessThan(50)
})

function normalOrNothing(text: string): string | undefined {
  try {
    return normalizeCalendar(text)
  } catch (thrown) {
    if (thrown instanceof TaskflowsError && thrown.code === 'calendar.invalid') return undefined
    throw new Error(JSON.stringify(text), { cause: thrown })
  }
}
