/**
 * Reads calendar expressions in the grammar of systemd.time(7), CALENDAR EVENTS
 *
 *   [Mon..Fri,Sun] [[YEAR-]MONTH-DAY | [YEAR-]MONTH~DAY] [HOUR:MINUTE[:SECOND]] [ZONE]
 *
 * and in the forms of `everyday-forms.ts`. What is accepted, and its normal form,
 * is what `systemd-analyze calendar` says (`systemd-calendar.test.ts`).
 */
import { ValidationError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { visible } from '../visible.ts'
import { type CalendarSpec, type Component, type Range, type Span, type Weekday, componentOf, ranges, secondUs, spanTo } from './calendar-spec.ts'
import { cronHint } from './cron-to-calendar.ts'
import { calendarWords, plainForm } from './everyday-forms.ts'
import { formatCalendar, weekdayNames } from './format-calendar.ts'

/** As in systemd, where more are an error. */
const mostValues = 241
/** Far above what 241 values in each component need. */
const longestText = 10_000

/** A definition is read, compiled and asked for its next run: expressions come again and again. */
const lately = new Map<string, CalendarSpec>()
const mostKept = 1_000
/** Longer ones are rare, and would be kept for nothing. */
const longestKept = 200

/** @throws `calendar.invalid` with the part that is wrong and what was expected there */
export function parseCalendar(text: string): CalendarSpec {
  const known = lately.get(text)
  if (known) return known
  const spec = new Expression(text).read()
  if (lately.size >= mostKept) lately.clear()
  if (text.length <= longestKept) lately.set(text, spec)
  return spec
}

/** The normal form, as `systemd-analyze calendar` prints it. @throws `calendar.invalid` */
export function normalizeCalendar(text: string): string {
  return formatCalendar(parseCalendar(text))
}

const anyDate = { year: [], month: [], day: [], fromMonthEnd: false } as const
const midnight = { hour: [{ start: 0 }], minute: [{ start: 0 }], second: [{ start: 0 }] } as const

class Expression {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  read(): CalendarSpec {
    if (this.#text.trim() === '') this.#refuse(this.#text, 'it is empty')
    if (this.#text.length > longestText) this.#refuse(this.#text.slice(0, 20), `it has ${this.#text.length} characters, more than ${longestText}`)
    const cron = cronHint(this.#text)
    if (cron !== undefined) this.#refuse(this.#text, 'it is a line of cron', cron)
    if (/^every\b/i.test(this.#text.trim())) this.#refuse(this.#text, 'it is a sentence', 'Every five minutes is *:00/5, every day at three daily 03:00; a period of a service is a Periodic.')
    const { words, zone } = plainForm(this.#text)
    const left = [...words]
    const take = (belongs: (word: string) => boolean): string | undefined => left[0] !== undefined && belongs(left[0]) ? left.shift() : undefined

    const weekdays = take((word) => /^[a-z]/i.test(word) && !calendarWords.includes(word.toLowerCase()))
    const moment = take((word) => word.startsWith('@'))
    const date = moment === undefined ? take((word) => /[-~]/.test(word)) : undefined
    const time = moment === undefined ? take((word) => word.includes(':')) : undefined
    if (left[0] !== undefined) this.#refuseRest(left[0])

    return {
      weekdays: weekdays === undefined ? [] : this.#weekdays(weekdays),
      ...moment === undefined ? { ...this.#date(date), ...this.#time(time), ...zone === undefined ? {} : { zone } } : this.#moment(moment),
    }
  }

  #weekdays(word: string): readonly Weekday[] {
    const found = new Set<Weekday>()
    for (const part of word.replace(/,$/, '').split(',')) {
      const [first = '', last, ...more] = part.split(/\.\.|-/)
      const from = this.#weekday(first)
      const to = last === undefined ? from : this.#weekday(last)
      if (more.length > 0) this.#refuse(part, 'a range of days has one start and one end, as in Mon..Fri')
      if (to < from) this.#refuse(part, 'a range of days goes forward within Mon..Sun', `Write ${wrapped(from, to)}.`)
      for (let day = from; day <= to; day += 1) found.add(day as Weekday)
    }
    return found.size === 7 ? [] : [...found].sort()
  }

  #weekday(typed: string): Weekday {
    const name = typed.toLowerCase()
    const index = weekdayNames.findIndex((short, at) => name === short.toLowerCase() || name === longWeekdays[at])
    if (index >= 0) return index + 1 as Weekday
    const meant = name.length > longestWord ? undefined : nearest(name, [...weekdayNames, ...longWeekdays, ...calendarWords])
    return this.#refuse(typed, 'neither a day of the week nor a word such as daily', meant === undefined ? undefined : `Did you mean ${meant}?`)
  }

  #date(word: string | undefined): Pick<CalendarSpec, 'year' | 'month' | 'day' | 'fromMonthEnd'> {
    if (word === undefined) return anyDate
    const found = /^(?:([^-~]+)-)?([^-~]+)([-~])([^-~]+)$/.exec(word)
    if (!found) this.#refuse(word, 'a date is YEAR-MONTH-DAY, MONTH-DAY, or MONTH~DAY counted from the end of the month')
    const [, year = '*', month = '', separator, day = ''] = found!
    const fromMonthEnd = separator === '~'
    const days = fromMonthEnd ? this.#daysFromEnd(day) : this.#list('day', day, ranges.day)
    return {
      year: this.#list('year', year, ranges.year, shortYear),
      month: this.#list('month', month, ranges.month),
      day: days,
      fromMonthEnd: fromMonthEnd && days.length > 0,
    }
  }

  /** Of a list systemd takes ever less: the first up to 28, the next up to 25, 22, ... A unit with more would not load. */
  #daysFromEnd(text: string): Component {
    const days = this.#list('day', text, ranges.dayFromEnd, wholeNumber, ({ start, step = 0 }) => start > step)
    for (const [index, { start, stop = start }] of days.entries()) {
      const last = ranges.dayFromEnd.last - 3 * index
      if (stop > last) this.#refuse(text, `systemd takes no day beyond ${last} as number ${index + 1} of a list from the end of the month`, 'Write a calendar for each day.')
    }
    return days
  }

  #time(word: string | undefined): Pick<CalendarSpec, 'hour' | 'minute' | 'second'> {
    if (word === undefined) return midnight
    const [hour = '', minute = '', second = '0', ...more] = word.split(':')
    if (more.length > 0) this.#refuse(word, 'a time is HOUR:MINUTE or HOUR:MINUTE:SECOND')
    return { hour: this.#list('hour', hour, ranges.hour), minute: this.#list('minute', minute, ranges.minute), second: this.#list('second', second, ranges.second, microseconds) }
  }

  /** `@1700000000`: one second, in UTC. */
  #moment(word: string): Omit<CalendarSpec, 'weekdays'> {
    const date = new Date(/^@\d+$/.test(word) ? Number(word.slice(1)) * 1000 : NaN)
    const year = date.getUTCFullYear()
    if (!(year <= ranges.year.last)) this.#refuse(word, `@ is followed by seconds since 1970, up to the year ${ranges.year.last}`)
    const only = (start: number): Component => [{ start }]
    return {
      year: only(year), month: only(date.getUTCMonth() + 1), day: only(date.getUTCDate()), fromMonthEnd: false,
      hour: only(date.getUTCHours()), minute: only(date.getUTCMinutes()), second: only(date.getUTCSeconds() * secondUs), zone: 'UTC',
    }
  }

  #list(name: string, text: string, range: Range, read: (digits: string) => number = wholeNumber, reaches?: (span: Span) => boolean): Component {
    if (text === '*') return []
    const values = text.split(',')
    if (values.length > mostValues) this.#refuse(text.slice(0, 20), `${values.length} values for the ${name}, more than ${mostValues}`)
    return componentOf(values.map((value) => this.#span(name, value, range, read, reaches)))
  }

  #span(name: string, text: string, range: Range, read: (digits: string) => number, reaches = (span: Span) => span.start + span.step! <= range.last): Span {
    const found = (range.unit === 1 ? wholeSpan : fractionalSpan).exec(text)
    if (!found) this.#refuse(text, `a ${name} is a number, a range such as 1..5, or has a step such as 0/5`)
    const within = (digits: string, value = read(digits)): number =>
      value >= range.first && value <= range.last ? value : this.#refuse(digits, `the ${name} must be ${bounds(range)}`)
    const start = within(found![1]!)
    const stop = found![2] === undefined ? undefined : read(found![2])
    const step = found![3] === undefined ? undefined : (range.unit === 1 ? wholeNumber : microseconds)(found![3])
    if (step === 0) this.#refuse(text, 'the step is 0')
    if (stop === undefined) {
      const span = step === undefined ? { start } : { start, step }
      if (step !== undefined && !reaches(span)) this.#refuse(text, `the step leads out of the ${name}s, ${bounds(range)}, at once`)
      return span
    }
    // In systemd a range of seconds without a step needs two of them, while one of hours may have one.
    if (stop < start || (range.unit > 1 && step === undefined && stop < start + range.unit)) this.#refuse(text, 'a range goes from the smaller to the larger value')
    const span = spanTo(start, stop, step ?? range.unit)
    // What is written may lie outside, as in 0..24/13: what is reached counts.
    if (span.stop !== undefined) within(found![2]!, span.stop)
    return span
  }

  #refuseRest(word: string): never {
    if (/^\d+$/.test(word)) return this.#refuse(word, 'a time needs minutes', `Write ${word.padStart(2, '0')}:00.`)
    if (/^[a-z]/i.test(word)) return this.#refuse(word, 'no zone of the time zone database', 'Name it by place, such as America/New_York, or UTC.')
    return this.#refuse(word, 'expected days, a date, a time and a zone, in this order and each at most once')
  }

  #refuse(part: string, why: string, hint?: string): never {
    const expression = this.#text.slice(0, longestQuote)
    const where = part === this.#text ? '' : ` at ${quoted(part)}`
    throw new ValidationError('calendar.invalid', `${quoted(expression)} is not a calendar expression: ${why}${where}`, {
      details: { expression, part: part.slice(0, longestQuote), problem: why }, ...hint === undefined ? {} : { hint },
    })
  }
}

const longestQuote = 100
const longestWord = 'semi-annually'.length + 2
const longWeekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const wholeSpan = /^(\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/
const fractionalSpan = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?(?:\/(\d+(?:\.\d+)?))?$/

function wholeNumber(digits: string): number {
  return Number(digits)
}

/** `26` is 2026, `70` is 1970. */
function shortYear(digits: string): number {
  const year = Number(digits)
  return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year
}

/** Rounded at the sixth decimal; in text, since 23.4200004 has no exact number. */
function microseconds(digits: string): number {
  const [seconds = '', decimals = ''] = digits.split('.')
  return Number(seconds) * secondUs + Number(decimals.slice(0, 6).padEnd(6, '0')) + (Number(decimals[6] ?? 0) >= 5 ? 1 : 0)
}

function quoted(text: string): string {
  return visible(JSON.stringify(text.slice(0, longestQuote)))
}

function bounds({ first, last, unit }: Range): string {
  return unit === 1 ? `${first} to ${last}` : 'at least 0 and below 60'
}

function wrapped(from: Weekday, to: Weekday): string {
  return [...weekdayNames.slice(from - 1), ...weekdayNames.slice(0, to)].join(',')
}
