/**
 * A year of schedules before it comes: how often each service runs, what changes
 * of clocks do to it, which of its runs would begin while the last one still goes
 * on, and at which minutes many start together. Pure; `tf check` prints it.
 *
 * Calendars are simulated to the minute, random delays aside. Periods count from
 * a start that is not known here: they are counted by arithmetic, and are in no
 * collision.
 */
import { type CalendarSpec, formatCalendar, localZone, neverElapses, nextElapse, parseCalendar } from '../../../kernel/schedule/index.ts'
import type { Schedule } from '../service-definition.ts'
import { type Marked, type Overlaps, overlapOfCalendars, overlapOfPeriods, periodicRuns } from './simulate-overlap.ts'
import { type ClockEffect, type Minutes, markRuns, mostInMinute, secondsOfMinute } from './simulate-service.ts'

export interface ScheduledService {
  readonly name: string
  readonly schedules: readonly Schedule[]
  /** How long a run takes, in seconds: measured, or the most it may. Without it nothing is said about overlaps. */
  readonly duration?: number
}

export interface SimulationOptions {
  /** Epoch milliseconds; cut off to the minute. */
  readonly from: number
  /** For calendars that name none; default that of the machine. */
  readonly zone?: string
  /** Default 365. */
  readonly days?: number
  /** Starts in one minute that are no collision yet. Default 10. */
  readonly crowd?: number
}

export interface ServiceYear {
  readonly name: string
  readonly runs: number
  /** The count is not exact: a period, or more than 6,000 runs in a minute. */
  readonly estimated: boolean
  /** Its calendars that never elapse again, not even after the year. */
  readonly never: readonly string[]
  readonly clockChanges: readonly ClockEffect[]
  readonly overlaps?: Overlaps
}

export interface Collision {
  /** Epoch milliseconds of the minute. */
  readonly at: number
  readonly count: number
  /** Up to ten of them, by name. */
  readonly services: readonly string[]
}

export interface SimulatedYear {
  /** Epoch milliseconds. */
  readonly from: number
  readonly until: number
  readonly services: readonly ServiceYear[]
  /** Minutes of the year at which more than `crowd` services start. */
  readonly crowdedMinutes: number
  /** The worst of them, of different times of the day, up to five. */
  readonly collisions: readonly Collision[]
}

const minuteMs = 60_000
const worstShown = 5
const namesShown = 10

export function simulateYear(services: readonly ScheduledService[], { from, zone = localZone(), days = 365, crowd = 10 }: SimulationOptions): SimulatedYear {
  const start = from - from % minuteMs
  const minutes: Minutes = { fromUs: start * 1000, count: days * 24 * 60 }
  const starts = new Uint16Array(minutes.count)
  const marks = new Uint8Array(minutes.count)
  // Many services share a schedule.
  const alike = Map.groupBy(services, scheduleKey)
  const years = new Map([...alike].map(([key, same]) => [key, yearOf(same[0]!, minutes, zone, starts, marks.fill(0), same.length)]))
  const collisions = worst(starts, crowd).map((minute) => collisionAt(start + minute * minuteMs, starts[minute]!, services, zone))
  return { from: start, until: start + minutes.count * minuteMs, services: services.map((service) => ({ ...years.get(scheduleKey(service))!, name: service.name })), crowdedMinutes: crowdedOf(starts, crowd), collisions }
}

function scheduleKey({ schedules, duration }: ScheduledService): string {
  return JSON.stringify([schedules, duration])
}

/** @param times how many services are like it */
function yearOf({ name, schedules, duration }: ScheduledService, minutes: Minutes, zone: string, starts: Uint16Array, marks: Uint8Array, times: number): ServiceYear {
  const calendars = specsOf(schedules)
  const periods = schedules.filter((schedule) => schedule.kind === 'periodic')
  const clockChanges = calendars.flatMap((spec) => markRuns(spec, zone, minutes, marks))
  const marked = addTo(starts, marks, times)
  const counted = countRuns(calendars, minutes, zone, marked.count)
  const periodic = periods.reduce((sum, period) => sum + periodicRuns(period, minutes, duration), 0)
  const overlaps = duration === undefined ? undefined : overlapOfPeriods(periods, minutes, duration) ?? overlapOfCalendars(calendars, minutes, marked, duration)
  return {
    name,
    runs: counted.runs + periodic,
    estimated: counted.capped || periods.length > 0,
    never: calendars.filter((spec) => neverElapses(spec, minutes.fromUs / 1000 - 1, zone)).map(formatCalendar),
    clockChanges,
    ...overlaps === undefined ? {} : { overlaps },
  }
}

/** Of the same meaning once. */
function specsOf(schedules: readonly Schedule[]): CalendarSpec[] {
  const texts = schedules.flatMap((schedule) => (schedule.kind === 'calendar' ? [schedule.schedule] : []))
  return [...new Set(texts)].map(parseCalendar)
}

function addTo(starts: Uint16Array, marks: Uint8Array, times: number): Marked {
  let count = 0
  let closest = Infinity
  let before = -Infinity
  for (let minute = 0; minute < marks.length; minute += 1) {
    if (marks[minute] === 0) continue
    starts[minute]! += times
    count += 1
    closest = Math.min(closest, minute - before)
    before = minute
  }
  return { marks, count, closest }
}

/** Calendars with the same seconds share their minutes; those of others are taken to come at other seconds. */
function countRuns(calendars: readonly CalendarSpec[], minutes: Minutes, zone: string, marked: number): { readonly runs: number; readonly capped: boolean } {
  const bySecond = Map.groupBy(calendars, ({ second }) => JSON.stringify(second))
  let runs = 0
  let capped = false
  for (const group of bySecond.values()) {
    const each = secondsOfMinute(group[0]!).length
    runs += each * (bySecond.size === 1 ? marked : minutesOf(group, minutes, zone))
    capped ||= each === mostInMinute
  }
  return { runs, capped }
}

function minutesOf(calendars: readonly CalendarSpec[], minutes: Minutes, zone: string): number {
  const marks = new Uint8Array(minutes.count)
  for (const spec of calendars) markRuns(spec, zone, minutes, marks)
  return marks.reduce((sum, mark) => sum + mark, 0)
}

function crowdedOf(starts: Uint16Array, crowd: number): number {
  let minutes = 0
  for (let minute = 0; minute < starts.length; minute += 1) if (starts[minute]! > crowd) minutes += 1
  return minutes
}

/** The most crowded minutes, the first of each time of the day. */
function worst(starts: Uint16Array, crowd: number): number[] {
  const byTime = new Map<number, number>()
  for (let minute = 0; minute < starts.length; minute += 1) {
    const time = minute % (24 * 60)
    if (starts[minute]! > crowd && starts[minute]! > (starts[byTime.get(time) ?? -1] ?? 0)) byTime.set(time, minute)
  }
  return [...byTime.values()].sort((a, b) => starts[b]! - starts[a]! || a - b).slice(0, worstShown)
}

function collisionAt(at: number, count: number, services: readonly ScheduledService[], zone: string): Collision {
  const startsThen = ({ schedules }: ScheduledService): boolean => specsOf(schedules).some((spec) => (nextElapse(spec, at * 1000 - 1, zone) ?? Infinity) < (at + minuteMs) * 1000)
  const names: string[] = []
  for (const service of services) if (names.length < namesShown && startsThen(service)) names.push(service.name)
  return { at, count, services: names }
}
