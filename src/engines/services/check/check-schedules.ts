/** What is wrong with schedules, by the calendar and by a year of them that was simulated. Pure. */
import { formatDuration } from '../../../kernel/duration.ts'
import { localZone, neverElapses, nextRuns, openZone, parseCalendar } from '../../../kernel/schedule/index.ts'
import { type Finding, findingOf, generalFinding } from './check-finding.ts'
import { describeSchedule } from '../look/describe-schedule.ts'
import type { Schedule, ServiceDefinition } from '../service-definition.ts'
import type { Overlaps } from './simulate-overlap.ts'
import type { Collision, ServiceYear, SimulatedYear } from './simulate-year.ts'

export const scheduleFields = ['startSchedule', 'stopSchedule', 'restartSchedule'] as const

export interface ShownSchedule {
  readonly field: (typeof scheduleFields)[number]
  /** The normal form of a calendar, or a period in words. */
  readonly schedule: string
  /** In which the calendar holds; `null` for a period. */
  readonly zone: string | null
  /** Up to three; none of a period, which counts from a start that is not known. */
  readonly nextRuns: readonly { /** Epoch milliseconds. */ readonly at: number; /** In its zone: `2026-03-08 03:00:00`. */ readonly local: string }[]
}

const shownRuns = 3

/** @param zone of calendars that name none */
export function showSchedules(definition: ServiceDefinition, nowMs: number, zone: string = localZone()): ShownSchedule[] {
  return schedulesOf(definition).map(({ field, schedule }) => {
    if (schedule.kind === 'periodic') return { field, schedule: describeSchedule(schedule), zone: null, nextRuns: [] }
    const spec = parseCalendar(schedule.schedule)
    const place = spec.zone ?? zone
    const runs = nextRuns(spec, shownRuns, { from: nowMs, zone })
    return { field, schedule: schedule.schedule, zone: place, nextRuns: runs.map((at) => ({ at, local: wallTime(at, place) })) }
  })
}

/** What can be said of the calendars alone. */
export function checkCalendars(definition: ServiceDefinition, nowMs: number, zone?: string): Finding[] {
  return schedulesOf(definition).flatMap(({ field, schedule }) => {
    if (schedule.kind !== 'calendar' || !neverElapses(parseCalendar(schedule.schedule), nowMs, zone)) return []
    return [findingOf(definition, { severity: 'error', check: 'calendar', field, message: `${schedule.schedule} never comes again`, hint: 'Its dates are past, or there is no such day. Leave it out, or correct it.' })]
  })
}

const overlapped = {
  queue: ({ runs }, all) => `up to ${runs} of ${all} runs would be late or left out`,
  skip: ({ runs }, all) => `up to ${runs} of ${all} runs would be left out`,
  replace: ({ runs }, all) => `up to ${runs} of ${all} runs would be begun by ending the one before`,
  allow: ({ beside, atOnce }, all) => `up to ${beside} of ${all} runs would be begun beside another, and up to ${atOnce} go on at once`,
} as const satisfies Record<NonNullable<ServiceDefinition['overlap']>, (overlaps: Overlaps, runs: number) => string>

/** Runs in a day from which on one that is left out is soon made good. */
const hourly = 24

export function checkYear(definition: ServiceDefinition, year: ServiceYear, { from, until }: Pick<SimulatedYear, 'from' | 'until'>): Finding[] {
  const days = (until - from) / 86_400_000
  const findings: Finding[] = []
  const tell = (found: Omit<Parameters<typeof findingOf>[1], 'field'>): void => void findings.push(findingOf(definition, { field: 'startSchedule', ...found }))
  for (const { kind, runs, first, zone } of year.runs < (hourly - 1) * days ? year.clockChanges : []) {
    const time = runs === 1 ? first : `${first} and ${runs - 1} more`
    if (kind === 'skipped') tell({ severity: 'warning', check: 'clock', message: `${time} ${zone} will not come, because clocks go forward: no run then`, hint: 'Choose an hour that clocks never skip, or write the schedule in UTC.' })
    else tell({ severity: 'advice', check: 'clock', message: `${time} ${zone} comes twice, because clocks go back: it runs the first time only`, hint: 'Choose another hour, or write the schedule in UTC, if the hours between two runs count.' })
  }
  if (year.overlaps) {
    const { shortest } = year.overlaps
    tell({
      severity: 'warning', check: 'overlap',
      message: `a run may take ${formatDuration(durationOf(definition)! * 1000)}, and the next is due after ${formatDuration(shortest * 1000)}: ${overlapped[definition.overlap ?? 'queue'](year.overlaps, year.runs)}`,
      hint: 'A shorter timeout, fewer runs, new Periodic({ relativeTo: \'finish\' }), or another overlap.',
    })
  }
  if (year.runs > 0 && definition.overlap === 'allow' && durationOf(definition) === undefined) {
    tell({ severity: 'advice', check: 'overlap', message: 'runs that hang would add up', hint: 'Say how long one may take: timeout: \'10m\'.' })
  } else if (year.runs > 0 && definition.type === 'oneshot' && durationOf(definition) === undefined) {
    tell({ severity: 'advice', check: 'overlap', message: 'a run that hangs would keep all others from starting', hint: 'Say how long it may take: timeout: \'10m\'.' })
  }
  if (definition.catchUp === 'all') tell({ severity: 'advice', check: 'calendar', message: 'its catchUp is done by a server: without one on its host nothing is made up for', hint: 'tf api start' })
  if (year.runs === 0 && definition.startSchedule !== undefined && year.never.length === 0) tell({ severity: 'advice', check: 'calendar', message: 'it does not run within the year', hint: 'See whether that is meant.' })
  return findings
}

export function checkCollisions({ crowdedMinutes, collisions }: Pick<SimulatedYear, 'crowdedMinutes' | 'collisions'>): Finding[] {
  const [worst] = collisions
  if (worst === undefined) return []
  return [generalFinding({
    severity: 'warning', check: 'collision', message: `${worst.count} services start at ${utcMinute(worst.at)} UTC (${namesOf(worst)}), and more than ten in ${crowdedMinutes} minutes of the year`,
    hint: 'Spread them: other minutes, or randomizedDelay in their schedules.',
  })]
}

/** The longest a run may take, in seconds, if anything limits it. */
export function durationOf({ type, timeout, startTimeout }: ServiceDefinition): number | undefined {
  return timeout ?? (type === 'oneshot' ? startTimeout : undefined)
}

/** `2026-03-08 03:00:00` */
export function wallTime(at: number, zone: string): string {
  return new Date(at + openZone(zone).offsetAt(at * 1000) / 1000).toISOString().slice(0, 19).replace('T', ' ')
}

function schedulesOf(definition: ServiceDefinition): { readonly field: ShownSchedule['field']; readonly schedule: Schedule }[] {
  return scheduleFields.flatMap((field) => (definition[field] ?? []).map((schedule) => ({ field, schedule })))
}

function utcMinute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}

function namesOf({ count, services }: Collision): string {
  const shown = services.slice(0, 5)
  return `${shown.join(', ')}${count > shown.length ? ', ...' : ''}`
}
