/** Runs that would begin while the last one still goes on: what becomes of them is for `overlap` to say. */
import type { CalendarSpec } from '../../../kernel/schedule/calendar-spec.ts'
import type { PeriodicSchedule } from '../schedules.ts'
import { type Minutes, secondsOfMinute } from './simulate-service.ts'

export interface Overlaps {
  /** That are left out. Counted over the first 100,000 runs, and as often after them. */
  readonly runs: number
  /** That begin while another goes on, were they let. */
  readonly beside: number
  /** That would go on at once then, at the most. */
  readonly atOnce: number
  /** Seconds from one start to the next, at the least. */
  readonly shortest: number
  /** Epoch milliseconds of the first that is left out; absent for a period. */
  readonly first?: number
}

const mostChecked = 100_000

/** Of a year. An end is not known; `duration` stands for it. */
export function periodicRuns({ period, relativeTo }: PeriodicSchedule, { count }: Minutes, duration = 0): number {
  return Math.floor(count * 60 / (relativeTo === 'start' ? period : period + duration))
}

/** systemd starts one that it missed at once, so only the period tells how many are left out. */
export function overlapOfPeriods(periods: readonly PeriodicSchedule[], minutes: Minutes, duration: number): Overlaps | undefined {
  const late = periods.filter(({ relativeTo, period }) => relativeTo === 'start' && period < duration).sort((a, b) => a.period - b.period)[0]
  if (late === undefined) return undefined
  const carriedOut = Math.floor(minutes.count * 60 / (Math.ceil(duration / late.period) * late.period))
  const runs = periodicRuns(late, minutes)
  return { runs: runs - carriedOut, beside: Math.max(0, runs - 1), atOnce: Math.ceil(duration / late.period), shortest: late.period }
}

/** The minutes of a year at which a service starts. */
export interface Marked {
  readonly marks: Uint8Array
  readonly count: number
  /** Minutes between two of them, at the least. */
  readonly closest: number
}

export function overlapOfCalendars(calendars: readonly CalendarSpec[], minutes: Minutes, { marks, count, closest }: Marked, duration: number): Overlaps | undefined {
  const seconds = [...new Set(calendars.flatMap(secondsOfMinute))].sort((a, b) => a - b).map((us) => us / 1_000_000)
  const narrowest = seconds.length === 1 ? closest * 60 : seconds.reduce((least, second, index) => Math.min(least, (seconds[index + 1] ?? seconds[0]! + 60) - second), Infinity)
  if (narrowest >= duration) return undefined
  let runs = 0
  let beside = 0
  let atOnce = 1
  let checked = 0
  let shortest = Infinity
  let first = -1
  let before = -Infinity
  let busyUntil = -Infinity
  /** When those began that would go on. */
  const going: number[] = []
  for (let minute = 0; minute < marks.length && checked < mostChecked; minute += 1) {
    if (marks[minute] === 0) continue
    for (const second of seconds) {
      const at = minute * 60 + second
      while (going.length > 0 && going[0]! + duration <= at) going.shift()
      if (going.push(at) > 1) beside += 1
      atOnce = Math.max(atOnce, going.length)
      if (at >= busyUntil) {
        busyUntil = at + duration
      } else {
        if (first < 0) first = at
        runs += 1
        shortest = Math.min(shortest, at - before)
      }
      before = at
      checked += 1
    }
  }
  if (first < 0) return undefined
  const ofYear = (some: number): number => Math.round(some * count * seconds.length / checked)
  return { runs: ofYear(runs), beside: ofYear(beside), atOnce, shortest: Math.round(shortest * 1_000_000) / 1_000_000, first: minutes.fromUs / 1000 + first * 1000 }
}
