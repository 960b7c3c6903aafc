/**
 * Turns the five time fields of crontab(5) into calendar expressions: those of
 * Vixie's cron and cronie, with names, ranges, steps and `@daily`.
 */
import { messageOf } from '../errors.ts'
import { type Component, type Range, type Span, type Weekday, componentOf, ranges, spanTo } from './calendar-spec.ts'
import { formatCalendar } from './format-calendar.ts'

export type CronSchedule =
  /** Normal forms. Two when both day of month and day of week are restricted: cron then runs on either. */
  | { readonly kind: 'calendars'; readonly calendars: readonly string[] }
  /** `@reboot`: when the machine starts. */
  | { readonly kind: 'reboot' }
  | { readonly kind: 'refused'; readonly reason: string }

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
}
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
/** 0 and 7 are Sunday. */
const dayOfWeek: Range = { first: 0, last: 7, unit: 1 }

/** @param text the five fields, or a word such as `@daily`; no command */
export function cronToCalendar(text: string): CronSchedule {
  const line = text.trim().toLowerCase()
  if (line === '@reboot') return { kind: 'reboot' }
  const fields = (words[line] ?? line).split(/\s+/)
  if (fields.length !== 5) return { kind: 'refused', reason: `expected five fields or a word such as @daily, got ${JSON.stringify(text.slice(0, 200))}` }
  try {
    return { kind: 'calendars', calendars: calendarsOf(fields as [string, string, string, string, string]) }
  } catch (thrown) {
    return { kind: 'refused', reason: messageOf(thrown) }
  }
}

/** What to write instead of a line of cron; `undefined` when the text is none. */
export function cronHint(text: string): string | undefined {
  const line = text.trim()
  if (!/^@[a-z]+$/i.test(line) && !/^[\d*][\d*,/?-]*(\s+[\w*,/?#~-]+){4}$/.test(line)) return undefined
  const schedule = cronToCalendar(line)
  if (schedule.kind === 'reboot') return 'A service that is enabled starts with the machine, without a schedule.'
  if (schedule.kind === 'refused') return 'Write it in the form of systemd.time(7), such as *:0/5 or Mon..Fri 09:00.'
  return schedule.calendars.length === 1 ? `Write '${schedule.calendars[0]}'.` : `Write two: '${schedule.calendars.join("' and '")}'.`
}

function calendarsOf([minute, hour, day, month, weekday]: readonly [string, string, string, string, string]): string[] {
  const any = { year: [], month: fieldOf('month', month, ranges.month, monthNames, 1), fromMonthEnd: false, second: [{ start: 0 }] } as const
  const time = { minute: fieldOf('minute', minute, ranges.minute), hour: fieldOf('hour', hour, ranges.hour) }
  const days = fieldOf('day of month', day, ranges.day)
  const weekdays = weekdaysOf(weekday)
  // Restricted on both sides means either; a field that begins with a star, even one with a step, does not restrict.
  if (day.startsWith('*') || weekday.startsWith('*')) return [formatCalendar({ ...any, ...time, day: days, weekdays })]
  return [formatCalendar({ ...any, ...time, day: days, weekdays: [] }), formatCalendar({ ...any, ...time, day: [], weekdays })]
}

function fieldOf(name: string, text: string, range: Range, names: readonly string[] = [], firstName = 0): Component {
  const parts = text.split(',')
  if (parts.includes('*')) return []
  return componentOf(parts.map((part) => spanOf(name, part, range, names, firstName)))
}

function spanOf(name: string, text: string, range: Range, names: readonly string[], firstName: number): Span {
  const found = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(text)
  const value = (word: string): number => {
    const number = names.includes(word) ? names.indexOf(word) + firstName : /^\d+$/.test(word) ? Number(word) : NaN
    if (number >= range.first && number <= range.last) return number
    throw new RangeError(`the ${name} ${JSON.stringify(word)} is not one from ${range.first} to ${range.last}`)
  }
  if (!found) throw new RangeError(`the ${name} ${JSON.stringify(text)} is none that systemd knows`)
  const [, star, first, last, stepped] = found
  const start = star === undefined ? value(first!) : range.first
  const step = stepped === undefined ? undefined : Number(stepped)
  if (step === 0) throw new RangeError(`the step of the ${name} ${JSON.stringify(text)} is 0`)
  if (last === undefined) return step === undefined ? { start } : start + step > range.last ? { start } : { start, step }
  const stop = value(last)
  if (stop < start) throw new RangeError(`the ${name} ${JSON.stringify(text)} goes backward`)
  return spanTo(start, stop, step ?? 1)
}

function weekdaysOf(text: string): readonly Weekday[] {
  const spans = fieldOf('day of week', text, dayOfWeek, dayNames)
  const found = new Set<Weekday>()
  for (const { start, stop, step } of spans) {
    for (let day = start; day <= (stop ?? (step === undefined ? start : 6)); day += step ?? 1) found.add((day === 0 ? 7 : day) as Weekday)
  }
  return found.size === 7 ? [] : [...found].sort()
}
