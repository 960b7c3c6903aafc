/**
 * Reads schedules as they are given, in code, YAML or over the API, into their
 * normal form: a string or an object with `schedule` is a calendar, an object
 * with a period is periodic. Names may be camelCase or snake_case.
 */
import { parseDuration } from '../../../kernel/duration.ts'
import { type FieldProblem, TaskflowsError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import { normalizeCalendar } from '../../../kernel/schedule/index.ts'
import { describe } from './reading.ts'
import type { CalendarSchedule, PeriodicSchedule } from '../schedules.ts'

/** Of `Calendar` and `Periodic`: their normal form is under it. Another copy of this package uses the same. */
export const scheduleBrand: unique symbol = Symbol.for('taskflows.schedule')

type Schedule = CalendarSchedule | PeriodicSchedule
type Given = Readonly<Record<string, unknown>>
interface Problem extends FieldProblem {
  readonly hint?: string
}

const calendarKeys = ['kind', 'schedule', 'persistent', 'accuracy', 'randomizedDelay']
const periodicKeys = ['kind', 'startOn', 'period', 'relativeTo', 'accuracy', 'randomizedDelay', 'hours', 'minutes', 'seconds']
const secondsOf = { hours: 3_600, minutes: 60, seconds: 1 } as const
const mostSchedules = 100
const longestSeconds = 100 * 365 * 86_400
const defaultAccuracy = 0.001

/** One schedule or a list. `undefined` when one of them is wrong; `problems` then says what. */
export function readSchedules(given: unknown, path: string, problems: Problem[]): readonly Schedule[] | undefined {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length > mostSchedules) return refuse(problems, path, `expected at most ${mostSchedules} schedules, got ${list.length}`)
  const read = list.map((each, index) => readSchedule(each, Array.isArray(given) ? `${path}.${index}` : path, problems))
  const schedules = read.filter((schedule) => schedule !== undefined)
  return schedules.length === list.length && agree(schedules, path, problems) ? schedules : undefined
}

export function readSchedule(given: unknown, path: string, problems: Problem[]): Schedule | undefined {
  if (typeof given === 'string') return readCalendar({ schedule: given }, path, problems)
  if (typeof given !== 'object' || given === null) return refuse(problems, path, `expected a calendar expression such as 'Mon..Fri 09:00', a Calendar or a Periodic, got ${describe(given)}`)
  const normal: unknown = scheduleBrand in given ? given[scheduleBrand] : given
  const fields = camelCased(normal as Given, path, problems)
  if (fields === undefined) return undefined
  const periodic = fields['kind'] === 'periodic' || (fields['kind'] === undefined && fields['schedule'] === undefined)
  return periodic ? readPeriodic(fields, path, problems) : readCalendar(fields, path, problems)
}

export function readCalendar(given: Given, path: string, problems: Problem[]): CalendarSchedule | undefined {
  const before = problems.length
  checkKeys(given, calendarKeys, 'calendar', path, problems)
  const schedule = expression(given['schedule'], field(path, 'schedule'), problems)
  const persistent = given['persistent'] ?? true
  if (typeof persistent !== 'boolean') refuse(problems, field(path, 'persistent'), `expected true or false, got ${describe(persistent)}`)
  const timing = readTiming(given, path, problems)
  return problems.length > before ? undefined : { kind: 'calendar', schedule: schedule!, persistent: persistent as boolean, ...timing }
}

export function readPeriodic(given: Given, path: string, problems: Problem[]): PeriodicSchedule | undefined {
  const before = problems.length
  checkKeys(given, periodicKeys, 'periodic', path, problems)
  const startOn = oneOf(given['startOn'] ?? 'boot', ['boot', 'login', 'command'] as const, field(path, 'startOn'), problems)
  const relativeTo = oneOf(given['relativeTo'] ?? 'start', ['start', 'finish'] as const, field(path, 'relativeTo'), problems)
  const period = readPeriod(given, path, problems)
  const timing = readTiming(given, path, problems)
  return problems.length > before ? undefined : { kind: 'periodic', startOn: startOn!, period: period!, relativeTo: relativeTo!, ...timing }
}

function expression(given: unknown, path: string, problems: Problem[]): string | undefined {
  if (typeof given !== 'string') return refuse(problems, path, `expected a calendar expression such as 'Mon..Fri 09:00', got ${describe(given)}`)
  try {
    return normalizeCalendar(given)
  } catch (thrown) {
    if (!(thrown instanceof TaskflowsError)) throw thrown
    return refuse(problems, path, thrown.message, thrown.hint)
  }
}

function readPeriod(given: Given, path: string, problems: Problem[]): number | undefined {
  const parts = Object.entries(secondsOf).filter(([part]) => given[part] !== undefined)
  if (given['period'] !== undefined && parts.length > 0) return refuse(problems, path, `expected a period or ${parts.map(([part]) => part).join(' and ')}, got both`)
  if (parts.length === 0) return duration(given['period'], field(path, 'period'), defaultAccuracy, problems)
  const wrong = parts.find(([part]) => typeof given[part] !== 'number' || !(given[part] >= 0))
  if (wrong) return refuse(problems, field(path, wrong[0]), `expected a number from 0, got ${describe(given[wrong[0]])}`)
  return duration(parts.reduce((sum, [part, seconds]) => sum + (given[part] as number) * seconds, 0), path, defaultAccuracy, problems)
}

/** systemd takes an accuracy of 0 for its own default, a quarter of a second. */
function readTiming(given: Given, path: string, problems: Problem[]): { readonly accuracy: number; readonly randomizedDelay?: number } {
  const accuracy = given['accuracy'] === undefined ? defaultAccuracy : duration(given['accuracy'], field(path, 'accuracy'), 0.000001, problems)
  const delay = given['randomizedDelay'] === undefined ? 0 : duration(given['randomizedDelay'], field(path, 'randomizedDelay'), 0, problems)
  return { accuracy: accuracy ?? defaultAccuracy, ...delay ? { randomizedDelay: delay } : {} }
}

/** Seconds, to the microsecond. */
function duration(given: unknown, path: string, least: number, problems: Problem[]): number | undefined {
  const us = typeof given === 'number' ? Math.round(given * 1_000_000) : typeof given === 'string' ? parseMicroseconds(given) : undefined
  if (us !== undefined && us >= Math.round(least * 1_000_000) && us <= longestSeconds * 1_000_000) return us / 1_000_000
  return refuse(problems, path, `expected a duration in seconds or such as '5m', ${least > 0 ? `at least ${least} s and ` : ''}at most 100 years, got ${describe(given)}`)
}

/** The spans of kernel/duration.ts and `us`, a thousand times as long: what it rounds to milliseconds are then microseconds. */
function parseMicroseconds(text: string): number | undefined {
  return parseDuration(text.replace(/(\d+(?:\.\d+)?)(\s*(?:microseconds?|usec|us|µs|μs)(?![a-z]))?/gi, (_, number: string, micro?: string) => (micro ? `${number}ms` : String(Number(number) * 1000))))
}

/** One timer has one accuracy, one random delay and one way with what was missed. */
function agree(schedules: readonly Schedule[], path: string, problems: Problem[]): boolean {
  const calendars = schedules.filter((schedule) => schedule.kind === 'calendar')
  const differ = (name: string, values: readonly unknown[]): boolean => {
    if (new Set(values).size < 2) return false
    problems.push({ path, message: `expected the same ${name} for all schedules of one list, since one timer holds them, got ${[...new Set(values)].map((value) => value ?? 'none').join(' and ')}` })
    return true
  }
  const disagreements = [
    differ('accuracy', schedules.map(({ accuracy }) => accuracy)),
    differ('randomizedDelay', schedules.map(({ randomizedDelay }) => randomizedDelay)),
    differ('persistent', calendars.map(({ persistent }) => persistent)),
  ]
  return !disagreements.includes(true)
}

function oneOf<W extends string>(given: unknown, words: readonly W[], path: string, problems: Problem[]): W | undefined {
  return words.find((word) => word === given) ?? refuse(problems, path, `expected one of ${words.join(', ')}, got ${describe(given)}`)
}

/** A key whose value is `undefined` is not there. */
function camelCased(given: Given, path: string, problems: Problem[]): Given | undefined {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, value] of Object.entries(given)) {
    const name = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (value === undefined) continue
    if (name in fields) return refuse(problems, field(path, key), 'is given twice')
    fields[name] = value
  }
  return fields
}

function checkKeys(given: Given, known: readonly string[], kind: string, path: string, problems: Problem[]): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key) && (key !== 'kind' || given[key] === kind)) continue
    const meant = nearest(key, known.filter((word) => word !== 'kind'))
    refuse(problems, field(path, key), key === 'kind' ? 'expected calendar or periodic' : `is not known for a ${kind} schedule; ${meant === undefined ? `known are ${known.slice(1).join(', ')}` : `did you mean ${meant}?`}`)
  }
}

function field(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function refuse(problems: Problem[], path: string, message: string, hint?: string): undefined {
  problems.push({ path, message, ...hint === undefined ? {} : { hint } })
}
