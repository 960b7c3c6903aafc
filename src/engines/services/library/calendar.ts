/** Schedules by the calendar, for code. What is given as plain data is read by `read-schedule.ts`, too. */
import type { DurationInput } from '../../../kernel/duration.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { localZone, nextRuns, openZone, parseCalendar, zoneName } from '../../../kernel/schedule/index.ts'
import { readCalendar, scheduleBrand } from '../define/read-schedule.ts'
import { refuseProblems } from '../define/reading.ts'
import type { CalendarSchedule } from '../schedules.ts'

export interface CalendarOptions {
  /** Runs at once what was missed while the machine was off. Default true. */
  readonly persistent?: boolean
  /** How late it may run, so that timers can share a wake-up: seconds, or text such as `'1min'` or `'100us'`. Default `'1ms'`. */
  readonly accuracy?: DurationInput
  /** Adds a random delay of up to this, a new one each time. Default none. */
  readonly randomizedDelay?: DurationInput
}

/** A moment: a Date, or a Temporal.Instant or ZonedDateTime. */
export type Moment = Date | { readonly epochMilliseconds: number }

/**
 * When a service runs, by an expression of systemd.time(7), CALENDAR EVENTS. Also understood: `daily 03:00`, `Mon-Fri 09:00`.
 * An expression without a zone holds in the zone of the machine.
 *
 * A time that clocks skip in spring does not come on that day; one that comes twice in autumn counts once, at the first.
 *
 * @throws ValidationError `calendar.invalid` for an expression that is none, `service.invalid` for a wrong option
 * @example
 * new Calendar('Mon..Fri 09:00 America/New_York', { persistent: false }).nextRuns(3)
 */
export class Calendar implements CalendarSchedule {
  readonly kind = 'calendar'
  /** In normal form. */
  readonly schedule: string
  readonly persistent: boolean
  /** Seconds. */
  readonly accuracy: number
  /** Seconds. */
  declare readonly randomizedDelay?: number

  constructor(schedule: string | (CalendarOptions & { readonly schedule: string }), options: CalendarOptions = {}) {
    const given = typeof schedule === 'string' ? { ...options, schedule } : { ...schedule, ...options }
    if (typeof given.schedule === 'string') parseCalendar(given.schedule)
    const read = readWhole(given)
    this.schedule = read.schedule
    this.persistent = read.persistent
    this.accuracy = read.accuracy
    if (read.randomizedDelay !== undefined) this.randomizedDelay = read.randomizedDelay
  }

  /**
   * Once, at this moment, with its fraction of a second. Written in UTC, or as the local time of `zone`; the second pass of an hour
   * that comes twice has no local time of its own and stays in UTC.
   */
  static fromDate(date: Moment, { zone = 'UTC', ...options }: CalendarOptions & { readonly zone?: string } = {}): Calendar {
    const instant = millisecondsOf(date) * 1000
    if (!Number.isFinite(instant)) throw new ValidationError('calendar.invalid', 'The date of a calendar is not a valid one')
    const place = openZone(knownZone(zone))
    const wall = instant + place.offsetAt(instant)
    const [written, name] = place.instantsOf(wall)[0] === instant ? [wall, place.name] : [instant, 'UTC']
    return new Calendar(`${new Date(written / 1000).toISOString().slice(0, -1).replace('T', ' ')} ${name}`, options)
  }

  /** Up to `count` runs after `from` (default now). `zone` is for an expression that names none; default that of the machine. */
  nextRuns(count = 5, { from, zone = localZone() }: { readonly from?: Moment; readonly zone?: string } = {}): Date[] {
    if (!Number.isInteger(count) || count < 0) throw new TypeError(`Expected the number of runs to be a whole number from 0, got ${count}`)
    const start = from === undefined ? undefined : millisecondsOf(from)
    if (start !== undefined && !Number.isFinite(start)) throw new TypeError('Expected `from` to be a valid date')
    return nextRuns(parseCalendar(this.schedule), count, { zone: knownZone(zone), ...start === undefined ? {} : { from: start } }).map((ms) => new Date(ms))
  }

  /** The normal form, as plain data. */
  toJSON(): CalendarSchedule {
    const { kind, schedule, persistent, accuracy, randomizedDelay } = this
    return { kind, schedule, persistent, accuracy, ...randomizedDelay === undefined ? {} : { randomizedDelay } }
  }

  get [scheduleBrand](): CalendarSchedule {
    return this.toJSON()
  }
}

function readWhole(given: Readonly<Record<string, unknown>>): CalendarSchedule {
  const problems: { path: string; message: string }[] = []
  const read = readCalendar(given, '', problems)
  refuseProblems('The calendar', problems)
  return read!
}

function millisecondsOf(moment: Moment): number {
  return moment instanceof Date ? moment.getTime() : moment.epochMilliseconds
}

function knownZone(zone: string): string {
  const known = zoneName(zone)
  if (known !== undefined) return known
  throw new ValidationError('calendar.invalid', `${JSON.stringify(zone)} is no zone of the time zone database`, { hint: 'Name it by place, such as America/New_York, or UTC.' })
}
