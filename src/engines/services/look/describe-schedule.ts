/** A schedule in few words, for lists and plans. */
import { formatDuration } from '../../../kernel/duration.ts'
import type { CalendarSchedule, PeriodicSchedule } from '../schedules.ts'

const beginnings = { boot: 'from boot', login: 'from login', command: 'once started' } as const

/** The normal form of a calendar; `every 5 min from boot`, `5 min after each end, from boot` of a period. */
export function describeSchedule(schedule: CalendarSchedule | PeriodicSchedule): string {
  if (schedule.kind === 'calendar') return schedule.schedule
  const period = formatDuration(schedule.period * 1000)
  return schedule.relativeTo === 'start' ? `every ${period} ${beginnings[schedule.startOn]}` : `${period} after each end, ${beginnings[schedule.startOn]}`
}
