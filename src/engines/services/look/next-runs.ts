/** When a service runs next, by its schedules alone. What systemd knows better (`OnBootSec=`, random delays) is in `views.ts`. */
import { nextValue, ranges } from '../../../kernel/schedule/calendar-spec.ts'
import { neverElapses, nextRuns, parseCalendar } from '../../../kernel/schedule/index.ts'
import type { Schedule } from '../service-definition.ts'

/** Epoch milliseconds, the soonest first. Periods count from a start or an end that is not known here, and give none. */
export function nextRunsOf(schedules: readonly Schedule[], count: number, nowMs: number): number[] {
  const runs = schedules.flatMap((schedule) => (schedule.kind === 'calendar' ? nextRuns(parseCalendar(schedule.schedule), count, { from: nowMs }) : []))
  return [...new Set(runs)].sort((a, b) => a - b).slice(0, count)
}

export function neverRuns(schedule: Schedule, nowMs: number): boolean {
  return schedule.kind === 'calendar' && neverElapses(parseCalendar(schedule.schedule), nowMs)
}

/** Of a period whose next run is known: those after it too, if they count from starts. */
export function periodicRuns(schedule: Schedule & { readonly kind: 'periodic' }, nextElapseAt: number | null, count: number): number[] {
  if (nextElapseAt === null) return []
  const known = schedule.relativeTo === 'start' ? count : 1
  return Array.from({ length: Math.min(count, known) }, (_, run) => nextElapseAt + run * schedule.period * 1000)
}

/** Seconds between two runs below which systemd's own limit, 5 starts in 10 s, may end it. */
const slowEnough = 3

/** Whether a schedule begins runs faster than systemd lets things start. */
export function hasFastPace(schedule: Schedule): boolean {
  if (schedule.kind === 'periodic') return schedule.period < slowEnough
  const { second } = parseCalendar(schedule.schedule)
  for (let value = nextValue(second, 0, ranges.second); value !== undefined;) {
    const next = nextValue(second, value + 1, ranges.second)
    if (next !== undefined && next - value < slowEnough * 1_000_000) return true
    value = next
  }
  return false
}
