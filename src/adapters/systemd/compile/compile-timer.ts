/**
 * Schedules to timers, by systemd.timer(5). A service has up to three: one starts
 * it, and the timers of its stop and restart schedules each start a small service
 * that tells systemd to.
 */
import type { CalendarSchedule, PeriodicSchedule } from '../../../engines/services/schedules.ts'
import type { Schedule } from '../../../engines/services/service-definition.ts'
import { timerCalendar } from '../../../kernel/schedule/index.ts'
import type { Compilation } from './compile-host.ts'
import { type UnitSection, type UnitText, literal, timeSpan, verbatim } from './unit-text.ts'

export interface Triggered {
  readonly unit: string
  /** Whether a period begins with a start, as for a service; what stops or restarts one waits for a whole period first. */
  readonly atOnce: boolean
}

export function timerDirectives(schedules: readonly Schedule[], triggered: Triggered, { warn }: Pick<Compilation, 'warn'>): UnitSection {
  const calendars = schedules.filter((schedule) => schedule.kind === 'calendar')
  const periods = schedules.filter((schedule) => schedule.kind === 'periodic')
  const delays = schedules.map(({ randomizedDelay = 0 }) => randomizedDelay)
  if (new Set(delays).size > 1 || new Set(schedules.map(({ accuracy }) => accuracy)).size > 1) warn('schedules of one timer share the finest accuracy and the longest random delay')
  if (calendars.some(({ persistent }) => persistent !== calendars[0]?.persistent)) warn('schedules of one timer are all persistent when one of them is')
  const longestDelay = Math.max(...delays)
  return {
    OnCalendar: distinct(calendars.map(({ schedule }: CalendarSchedule) => literal(timerCalendar(schedule)))),
    ...(triggered.atOnce ? firstStarts(periods) : { OnActiveSec: distinct(periods.map(({ period }) => timeSpan(period))) }),
    ...repetitions(periods),
    Persistent: calendars.some(({ persistent }) => persistent) ? true : undefined,
    // systemd would else gather timers within a minute.
    AccuracySec: timeSpan(Math.min(...schedules.map(({ accuracy }) => accuracy))),
    RandomizedDelaySec: longestDelay > 0 ? timeSpan(longestDelay) : undefined,
    Unit: verbatim(triggered.unit),
  }
}

/** At once when the timer is started later than that. `command` leaves the first start to a person. */
function firstStarts(periods: readonly PeriodicSchedule[]): UnitSection {
  const soon = (startOn: PeriodicSchedule['startOn']): UnitText | undefined => (periods.some((one) => one.startOn === startOn) ? timeSpan(1) : undefined)
  return { OnBootSec: soon('boot'), OnStartupSec: soon('login') }
}

/** Each next time counts from the last start or end, however it came about. */
function repetitions(periods: readonly PeriodicSchedule[]): UnitSection {
  const spans = (relativeTo: PeriodicSchedule['relativeTo']): readonly UnitText[] => distinct(periods.filter((one) => one.relativeTo === relativeTo).map(({ period }) => timeSpan(period)))
  return { OnUnitActiveSec: spans('start'), OnUnitInactiveSec: spans('finish') }
}

const distinct = (values: readonly UnitText[]): readonly UnitText[] => [...new Set(values)]
