/**
 * When schedules want a service to begin: the slots that `judge-slots.ts` holds its runs against. Of a calendar they are
 * known for all time, with the rules of systemd for changes of clocks (`kernel/schedule`). A period has one at a time,
 * which counts from the last run.
 */
import { nextElapse, parseCalendar } from '../../../kernel/schedule/index.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { PeriodicSchedule } from '../schedules.ts'
import type { Schedule } from '../service-definition.ts'

/** From a moment that a timer keeps to until its service begins, on a machine that is busy. */
const graceMs = 5_000
/** What is held in memory of the slots of one service. */
const mostSlots = 5_000

/** How long after its slot a run may begin and still be on time, in milliseconds. */
export function toleranceOf(schedules: readonly Schedule[]): number {
  return graceMs + Math.max(0, ...schedules.map(({ accuracy, randomizedDelay = 0 }) => (accuracy + randomizedDelay) * 1000))
}

/**
 * The slots of calendars in (after, until], the soonest first, in epoch milliseconds; of more than 5,000 about the last half of them.
 * @param zone of calendars that name none; default that of the machine
 */
export function slotsBetween(schedules: readonly Schedule[], after: number, until: number, zone?: string): number[] {
  const nextAfter = nextSlotOf(schedules, zone)
  for (let from = after; ; from = until - (until - from) / 2) {
    const slots: number[] = []
    for (let slot = nextAfter(from); slot !== undefined && slot <= until && slots.length <= mostSlots; slot = nextAfter(slot)) slots.push(slot)
    if (slots.length <= mostSlots) return slots
  }
}

/** The next slot of calendars after a moment; `undefined` where there is none any more. */
export function nextSlotOf(schedules: readonly Schedule[], zone?: string): (after: number) => number | undefined {
  const calendars = schedules.filter((schedule) => schedule.kind === 'calendar').map(({ schedule }) => parseCalendar(schedule))
  return (after) => {
    const slots = calendars.flatMap((spec) => nextElapse(spec, Math.floor(after) * 1000 + 999, zone) ?? [])
    return slots.length === 0 ? undefined : Math.floor(Math.min(...slots) / 1000)
  }
}

/**
 * When a period wants the run after the last one; the soonest of several. `undefined` before the first run, and while the
 * run goes on from whose end it counts.
 */
export function periodicSlot(schedules: readonly Schedule[], last: Pick<ServiceRun, 'startedAt' | 'endedAt'> | undefined): number | undefined {
  const slots = schedules.filter((schedule): schedule is PeriodicSchedule => schedule.kind === 'periodic').flatMap(({ relativeTo, period }) => {
    const from = relativeTo === 'start' ? last?.startedAt : last?.endedAt
    return from === null || from === undefined ? [] : [from + period * 1000]
  })
  return slots.length === 0 ? undefined : Math.min(...slots)
}
