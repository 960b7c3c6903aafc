/** Schedules by a period, for code. What is given as plain data is read by `read-schedule.ts`, too. */
import type { DurationInput } from '../../../kernel/duration.ts'
import { readPeriodic, scheduleBrand } from '../define/read-schedule.ts'
import { refuseProblems } from '../define/reading.ts'
import type { PeriodicSchedule } from '../schedules.ts'

export interface PeriodicOptions {
  /** When it starts by itself: with the machine, with the first login of the account, or only by `tf start`. Default `'boot'`. */
  readonly startOn?: 'boot' | 'login' | 'command'
  /** Seconds, or text such as `'5m'` or `'1h 30min'`. */
  readonly period?: DurationInput
  /** From one start to the next, or from an end to the next start. Default `'start'`. */
  readonly relativeTo?: 'start' | 'finish'
  /** How late it may run, so that timers can share a wake-up: seconds, or text such as `'1min'` or `'100us'`. Default `'1ms'`. */
  readonly accuracy?: DurationInput
  /** Adds a random delay of up to this, a new one each time. Default none. */
  readonly randomizedDelay?: DurationInput
  /** In place of `period`: these are summed. */
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
}

/**
 * When a service runs, by a period.
 *
 * @throws ValidationError `service.invalid`, naming the option
 * @example
 * new Periodic({ startOn: 'boot', period: '5m', relativeTo: 'finish' })
 * new Periodic({ hours: 1, minutes: 30 })
 */
export class Periodic implements PeriodicSchedule {
  readonly kind = 'periodic'
  readonly startOn: 'boot' | 'login' | 'command'
  /** Seconds. */
  readonly period: number
  readonly relativeTo: 'start' | 'finish'
  /** Seconds. */
  readonly accuracy: number
  /** Seconds. */
  declare readonly randomizedDelay?: number

  constructor(options: PeriodicOptions) {
    const problems: { path: string; message: string }[] = []
    const read = readPeriodic({ ...options }, '', problems)
    refuseProblems('The period', problems)
    this.startOn = read!.startOn
    this.period = read!.period
    this.relativeTo = read!.relativeTo
    this.accuracy = read!.accuracy
    if (read!.randomizedDelay !== undefined) this.randomizedDelay = read!.randomizedDelay
  }

  /** The normal form, as plain data. */
  toJSON(): PeriodicSchedule {
    const { kind, startOn, period, relativeTo, accuracy, randomizedDelay } = this
    return { kind, startOn, period, relativeTo, accuracy, ...randomizedDelay === undefined ? {} : { randomizedDelay } }
  }

  get [scheduleBrand](): PeriodicSchedule {
    return this.toJSON()
  }
}
