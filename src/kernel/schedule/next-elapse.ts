/**
 * When a calendar expression comes next. Candidates are local wall times, found
 * upward from that of `after`, coarse to fine; the zone then says at which
 * instants they come. As in systemd a wall time that clocks skip does not
 * elapse, and one that comes twice elapses once, at the first.
 *
 * Instants are microseconds since 1970, since seconds of expressions may have
 * six decimals; `nextRuns` and `neverElapses` speak milliseconds, like the rest.
 */
import { type CalendarSpec, type Component, type Range, nextValue, ranges, secondUs } from './calendar-spec.ts'
import { localZone, openZone } from './zone.ts'

const dayUs = 86_400 * secondUs
const hourUs = 3_600 * secondUs
const minuteUs = 60 * secondUs

/**
 * The first instant later than `afterUs`, or `undefined` when there is none up to the year 2199.
 * @param zone of an expression that names none; default that of the machine
 */
export function nextElapse(spec: CalendarSpec, afterUs: number, zone?: string): number | undefined {
  const clock = openZone(spec.zone ?? zone ?? localZone())
  let from = afterUs + clock.offsetAt(afterUs) + 1
  for (;;) {
    const wall = nextWall(spec, from)
    if (wall === undefined) return undefined
    const found = clock.instantsOf(wall)
    // In the second pass of a repeated hour the wall time has its second instant still before it.
    const later = found.find((instant) => instant > afterUs)
    if (later !== undefined) return later
    from = found.length === 0 ? clock.endOfGap(wall) : wall + 1
  }
}

/** Up to `count` times in epoch milliseconds, each the next after the one before; fractions of a millisecond are cut off. */
export function nextRuns(spec: CalendarSpec, count: number, { from = Date.now(), zone }: { readonly from?: number; readonly zone?: string | undefined } = {}): number[] {
  const runs: number[] = []
  for (let after: number | undefined = from * 1000; runs.length < count; ) {
    after = nextElapse(spec, after, zone)
    if (after === undefined) break
    runs.push(Math.floor(after / 1000))
  }
  return runs
}

/** Whether no run is left: all of its dates are past, or there is no such day. */
export function neverElapses(spec: CalendarSpec, nowMs: number, zone?: string): boolean {
  return nextElapse(spec, nowMs * 1000, zone) === undefined
}

/** The first wall time from `from` on, written as if it were UTC. */
function nextWall(spec: CalendarSpec, from: number): number | undefined {
  const today = Math.floor(from / dayUs)
  const rest = nextTime(spec, from - today * dayUs)
  const day = nextDay(spec, rest === undefined ? today + 1 : today)
  if (day === undefined) return undefined
  return day * dayUs + (day === today && rest !== undefined ? rest : nextTime(spec, 0)!)
}

/** The first matching day from `from` on, both as days since 1970. */
export function nextDay(spec: CalendarSpec, from: number): number | undefined {
  const first = new Date(Math.max(from, 0) * 86_400_000)
  const start = { year: first.getUTCFullYear(), month: first.getUTCMonth() + 1, day: first.getUTCDate() }
  for (const year of values(spec.year, start.year, ranges.year)) {
    for (const month of values(spec.month, year === start.year ? start.month : 1, ranges.month)) {
      const begin = Date.UTC(year, month - 1, 1) / 86_400_000
      const length = Date.UTC(year, month, 1) / 86_400_000 - begin
      const days = spec.fromMonthEnd ? fromStart(spec.day, length) : spec.day
      for (const day of values(days, year === start.year && month === start.month ? start.day : 1, { ...ranges.day, last: length })) {
        if (fallsOn(spec, begin + day - 1)) return begin + day - 1
      }
    }
  }
  return undefined
}

/** 1970 began on a Thursday. */
function fallsOn({ weekdays }: CalendarSpec, day: number): boolean {
  return weekdays.length === 0 || weekdays.includes((day + 3) % 7 + 1 as (typeof weekdays)[number])
}

/** Days counted from the end of a month of this length, counted from its start. */
function fromStart(component: Component, length: number): Component {
  const flip = (day: number): number => length + 1 - day
  return component.map(({ start, stop, step }) => step === undefined ? { start: flip(start) } : { start: flip(stop ?? start), stop: stop === undefined ? length : flip(start), step })
}

/** The first matching time of a day from `from` on, in microseconds since midnight. */
export function nextTime(spec: CalendarSpec, from: number): number | undefined {
  const start = { hour: Math.floor(from / hourUs), minute: Math.floor(from % hourUs / minuteUs), second: from % minuteUs }
  for (const hour of values(spec.hour, start.hour, ranges.hour)) {
    const sameHour = hour === start.hour
    for (const minute of values(spec.minute, sameHour ? start.minute : 0, ranges.minute)) {
      const second = nextValue(spec.second, sameHour && minute === start.minute ? start.second : 0, ranges.second)
      if (second !== undefined) return hour * hourUs + minute * minuteUs + second
    }
  }
  return undefined
}

function* values(component: Component, from: number, range: Range): Iterable<number> {
  for (let value = nextValue(component, from, range); value !== undefined; value = nextValue(component, value + 1, range)) yield value
}
