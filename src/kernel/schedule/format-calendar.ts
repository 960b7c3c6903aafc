/** The normal form of a calendar expression, the same as `systemd-analyze calendar` prints. */
import { type CalendarSpec, type Component, type Span, type Weekday, ranges, secondUs } from './calendar-spec.ts'

export const weekdayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

export function formatCalendar(spec: CalendarSpec): string {
  const date = `${list(spec.year)}-${list(spec.month)}${spec.fromMonthEnd ? '~' : '-'}${list(spec.day)}`
  const time = `${list(spec.hour)}:${list(spec.minute)}:${everySecond(spec.second) ? '*' : spec.second.map(secondSpan).join(',')}`
  return [formatWeekdays(spec.weekdays), date, time, spec.zone ?? ''].filter((part) => part !== '').join(' ')
}

/** Three days in a row and more are a range. */
function formatWeekdays(days: readonly Weekday[]): string {
  const rows: Weekday[][] = []
  for (const day of days) {
    const row = rows.at(-1)
    if (row?.at(-1) === day - 1) row.push(day)
    else rows.push([day])
  }
  const name = (day: Weekday | undefined): string => weekdayNames[(day ?? 1) - 1]!
  return rows.map((row) => row.length < 3 ? row.map(name).join(',') : `${name(row[0])}..${name(row.at(-1))}`).join(',')
}

function list(component: Component): string {
  return component.length === 0 ? '*' : component.map((span) => spanText(span, 1, twoDigits, String)).join(',')
}

function secondSpan(span: Span): string {
  return spanText(span, secondUs, (us) => twoDigits(Math.floor(us / secondUs)) + fraction(us), (us) => Math.floor(us / secondUs) + fraction(us))
}

function spanText({ start, stop, step }: Span, unit: number, value: (number: number) => string, length: (number: number) => string): string {
  const end = stop === undefined ? '' : `..${value(stop)}`
  return value(start) + end + (step === undefined || (stop !== undefined && step === unit) ? '' : `/${length(step)}`)
}

/** systemd looks at the first alone: `0/1` is every second, and what else the list says is not written. */
function everySecond([first]: Component): boolean {
  return first === undefined || (first.start === ranges.second.first && first.stop === undefined && first.step === secondUs)
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function fraction(us: number): string {
  return us % secondUs === 0 ? '' : `.${String(us % secondUs).padStart(6, '0')}`
}
