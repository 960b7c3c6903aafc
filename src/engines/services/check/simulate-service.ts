/**
 * One service through a year, minute by minute: when its calendars start it, and
 * what changes of clocks do to that. `simulate-year.ts` puts services side by side.
 *
 * Days without a change of clocks are alike, so their minutes are found once.
 */
import type { CalendarSpec } from '../../../kernel/schedule/calendar-spec.ts'
import { nextValue, ranges, secondUs } from '../../../kernel/schedule/calendar-spec.ts'
import { type Zone, openZone } from '../../../kernel/schedule/index.ts'
import { nextDay, nextTime } from '../../../kernel/schedule/next-elapse.ts'

/** What a change of clocks does to the runs of one calendar. */
export interface ClockEffect {
  /** Epoch milliseconds of the change. */
  readonly at: number
  readonly zone: string
  /** `skipped`: these local times do not come on that day. `once`: they come twice, and run the first time only. */
  readonly kind: 'skipped' | 'once'
  readonly runs: number
  /** The first of them, local: `2026-03-08 02:30`. */
  readonly first: string
}

/** Counted in whole minutes since the beginning of the year that is simulated. */
export interface Minutes {
  readonly fromUs: number
  readonly count: number
}

const minuteUs = 60 * secondUs
const dayUs = 86_400 * secondUs
/** Of one minute. Beyond it a schedule is counted as if it had no more. */
export const mostInMinute = 6_000

/** Marks the minutes at which the calendar starts something. */
export function markRuns(spec: CalendarSpec, zone: string, { fromUs, count }: Minutes, marks: Uint8Array): readonly ClockEffect[] {
  const clock = openZone(spec.zone ?? zone)
  const untilUs = fromUs + count * minuteUs
  /** Beyond both ends of the array nothing is kept. */
  const minuteOf = (instant: number): number => Math.floor((instant - fromUs) / minuteUs)
  const minutes = minutesOfDay(spec)
  const changes = changesByDay(clock, fromUs, untilUs)
  const effects: ClockEffect[] = []
  const lastDay = Math.floor((untilUs + dayUs) / dayUs)
  for (let day = nextDay(spec, Math.floor((fromUs - dayUs) / dayUs)); day !== undefined && day <= lastDay; day = nextDay(spec, day + 1)) {
    const change = changes.get(day)
    if (change === undefined) {
      const start = minuteOf(clock.instantsOf(day * dayUs)[0]!)
      for (let index = 0; index < minutes.length; index += 1) marks[start + minutes[index]!] = 1
      continue
    }
    const come = minutes.map((minute) => ({ wall: day * dayUs + minute * minuteUs, instants: clock.instantsOf(day * dayUs + minute * minuteUs) }))
    for (const { instants } of come) if (instants.length > 0) marks[minuteOf(instants[0]!)] = 1
    for (const [kind, passes] of [['skipped', 0], ['once', 2]] as const) {
      const affected = come.filter(({ instants }) => instants.length === passes)
      if (affected.length === 0) continue
      effects.push({ at: change / 1000, zone: clock.name, kind, runs: affected.length * secondsOfMinute(spec).length, first: new Date(affected[0]!.wall / 1000).toISOString().slice(0, 16).replace('T', ' ') })
    }
  }
  return effects.filter(({ at }) => at * 1000 >= fromUs && at * 1000 < untilUs)
}

/** The local days whose times do not all come once, and the instant of the change. */
function changesByDay(clock: Zone, fromUs: number, untilUs: number): ReadonlyMap<number, number> {
  const days = new Map<number, number>()
  for (const { at, before, after } of clock.changes(fromUs - 2 * dayUs, untilUs + 2 * dayUs)) {
    const walls = [at + before, at + after]
    for (let day = Math.floor(Math.min(...walls) / dayUs); day <= Math.floor((Math.max(...walls) - 1) / dayUs); day += 1) days.set(day, at)
  }
  return days
}

function minutesOfDay(spec: CalendarSpec): readonly number[] {
  const minutes: number[] = []
  for (let time = nextTime(spec, 0); time !== undefined; time = nextTime(spec, (minutes.at(-1)! + 1) * minuteUs)) {
    minutes.push(Math.floor(time / minuteUs))
    if (minutes.at(-1) === 24 * 60 - 1) break
  }
  return minutes
}

/** In microseconds, ascending; the first `mostInMinute` of them. */
export function secondsOfMinute({ second }: CalendarSpec): readonly number[] {
  const seconds: number[] = []
  for (let value = nextValue(second, 0, ranges.second); value !== undefined && seconds.length < mostInMinute; value = nextValue(second, value + 1, ranges.second)) seconds.push(value)
  return seconds
}
