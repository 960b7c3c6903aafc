/** Calendar expressions of systemd.time(7): read, written, and when they come. Pure, but for the zones that Intl knows. */
export type { CalendarSpec } from './calendar-spec.ts'
export { closeSteps, timerCalendar } from './close-steps.ts'
export { type CronSchedule, cronToCalendar } from './cron-to-calendar.ts'
export { formatCalendar } from './format-calendar.ts'
export { neverElapses, nextElapse, nextRuns } from './next-elapse.ts'
export { normalizeCalendar, parseCalendar } from './parse-calendar.ts'
export { type Zone, localZone, openZone, zoneName } from './zone.ts'
