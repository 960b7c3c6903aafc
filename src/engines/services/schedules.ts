/** Schedules in normal form. Durations are seconds, with fractions. */

export interface CalendarSchedule {
  readonly kind: 'calendar'
  /** A normal form of systemd.time(7), such as `Mon..Fri *-*-* 09:00:00 America/New_York`. */
  readonly schedule: string
  /** Runs at once what was missed while the machine was off. */
  readonly persistent: boolean
  readonly accuracy: number
  readonly randomizedDelay?: number
}

export interface PeriodicSchedule {
  readonly kind: 'periodic'
  /** When it starts by itself: with the machine, with the account's manager, or only by command. */
  readonly startOn: 'boot' | 'login' | 'command'
  readonly period: number
  /** From one start to the next, or from an end to the next start. */
  readonly relativeTo: 'start' | 'finish'
  readonly accuracy: number
  readonly randomizedDelay?: number
}
