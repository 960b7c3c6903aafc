/** Calendar expressions by chance: most are right, some are just wrong, and all have values at the edges of their ranges. */
import fc from 'fast-check'

const edge = (first: number, last: number): fc.Arbitrary<number> => fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: first, max: last }) },
  { weight: 6, arbitrary: fc.constantFrom(first, last) },
  { weight: 1, arbitrary: fc.constantFrom(Math.max(0, first - 1), last + 1) },
)
const padded = (value: fc.Arbitrary<number>): fc.Arbitrary<string> => fc.tuple(value, fc.boolean()).map(([number, pad]) => (pad ? String(number).padStart(2, '0') : String(number)))

const span = (value: fc.Arbitrary<string>, step: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(
  { weight: 24, arbitrary: value },
  { weight: 6, arbitrary: fc.tuple(value, step).map(([start, by]) => `${start}/${by}`) },
  { weight: 8, arbitrary: fc.tuple(value, value).map((both) => both.sort((a, b) => Number(a) - Number(b)).join('..')) },
  { weight: 1, arbitrary: fc.tuple(value, value).map((both) => both.join('..')) },
  { weight: 4, arbitrary: fc.tuple(value, value, step).map(([start, stop, by]) => `${[start, stop].sort((a, b) => Number(a) - Number(b)).join('..')}/${by}`) },
)
const list = (value: fc.Arbitrary<string>, step: fc.Arbitrary<string>, any: number): fc.Arbitrary<string> => fc.oneof(
  { weight: any, arbitrary: fc.constant('*') },
  { weight: 5, arbitrary: value },
  { weight: 3, arbitrary: span(value, step) },
  { weight: 2, arbitrary: fc.array(span(value, step), { minLength: 2, maxLength: 4 }).map((spans) => spans.join(',')) },
)
const whole = (first: number, last: number, any: number): fc.Arbitrary<string> => list(padded(edge(first, last)), fc.oneof({ weight: 40, arbitrary: fc.integer({ min: 1, max: Math.max(2, Math.floor((last - first) / 3)) }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: last }) }).map(String), any)

const fraction = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.stringMatching(/^\.[0-9]{1,8}$/) },
)
const second = fc.tuple(padded(edge(0, 59)), fraction).map((parts) => parts.join(''))
const stepSecond = fc.tuple(fc.integer({ min: 0, max: 59 }), fraction).map((parts) => parts.join(''))

const year = fc.oneof({ weight: 12, arbitrary: fc.constant('*') }, { weight: 4, arbitrary: whole(2015, 2045, 0) }, { weight: 1, arbitrary: whole(0, 99, 0) }, { weight: 1, arbitrary: whole(1970, 2199, 0) })
const date = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(year, whole(1, 12, 6), whole(1, 31, 5)).map((parts) => parts.join('-')) },
  { weight: 3, arbitrary: fc.tuple(whole(1, 12, 4), whole(1, 31, 4)).map((parts) => parts.join('-')) },
  { weight: 2, arbitrary: fc.tuple(year, whole(1, 12, 6), whole(1, 28, 1)).map(([years, months, days]) => `${years}-${months}~${days}`) },
  { weight: 1, arbitrary: fc.tuple(whole(1, 12, 4), whole(1, 28, 1)).map((parts) => parts.join('~')) },
)
const hourAndMinute = fc.tuple(whole(0, 23, 3), whole(0, 59, 2)).map((parts) => parts.join(':'))
const time = fc.oneof(
  { weight: 4, arbitrary: hourAndMinute },
  { weight: 2, arbitrary: fc.tuple(hourAndMinute, list(second, stepSecond, 2)).map((parts) => parts.join(':')) },
)

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'monday', 'TUESDAY', 'wednesday', 'thu', 'friday', 'saturday', 'Sunday']
const weekday = fc.constantFrom(...days)
const range = fc.tuple(weekday, fc.constantFrom('..', '-'), weekday).map(([one, separator, other]) => (days.indexOf(one) % 7 > days.indexOf(other) % 7 ? other + separator + one : one + separator + other))
const wrapped = fc.tuple(weekday, weekday).map((both) => both.join('..'))
const weekdays = fc.tuple(
  fc.array(fc.oneof({ weight: 12, arbitrary: weekday }, { weight: 4, arbitrary: range }, { weight: 1, arbitrary: wrapped }), { minLength: 1, maxLength: 3 }),
  fc.constantFrom('', '', '', ','),
).map(([parts, end]) => parts.join(',') + end)

const word = fc.constantFrom('minutely', 'hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'semiannually', 'yearly', 'annually', 'DAILY', 'semi-annually')
const moment = fc.integer({ min: 0, max: 8_000_000_000 }).map((seconds) => `@${seconds}`)
const option = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const joined = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined).join(' ')

const expression = fc.oneof(
  { weight: 40, arbitrary: fc.tuple(option(weekdays), date, time).map(joined) },
  { weight: 15, arbitrary: fc.tuple(option(weekdays), time).map(joined) },
  { weight: 10, arbitrary: fc.tuple(option(weekdays), date).map(joined) },
  { weight: 3, arbitrary: weekdays },
  { weight: 2, arbitrary: word },
  { weight: 1, arbitrary: moment },
)

const marks = ['', ' ', ',', '..', '/', '-', '~', ':', '*', '0', '9', '.', 'Mon', '@', 'T']
/** One mark in place of one character. */
const broken = fc.tuple(expression, fc.nat(), fc.constantFrom(...marks)).map(([text, at, mark]) => text.slice(0, at % text.length) + mark + text.slice(at % text.length + 1))

/** Without a zone: those are added by whoever knows what they cost. */
export const calendarExpressions: fc.Arbitrary<string> = fc.oneof({ weight: 9, arbitrary: expression }, { weight: 1, arbitrary: broken })
