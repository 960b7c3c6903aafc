/** Which times of a schedule a backfill is about, and which of them ran well already. Pure. */
import { TaskflowsError, invalidFields } from '../../../kernel/errors.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { Schedule } from '../service-definition.ts'
import { nextSlotOf, slotsBetween } from '../slots/expected-slots.ts'
import { judgeSlots } from '../slots/judge-slots.ts'

/** Both ends within, in epoch milliseconds. */
export interface Range {
  readonly since: number
  readonly until: number
}

/** Of one backfill or catch-up. */
export const mostTimes = 1_000
/** Further nobody counts. */
const mostCounted = 10_000

/** The times of calendars within a range, ascending. @throws `request.invalid` for a range that is none, `backfill.invalid` for none or too many */
export function timesOf(service: string, schedules: readonly Schedule[], { since, until }: Range, now: number): readonly number[] {
  if (until > now) throw invalidFields([{ path: 'until', message: `must not be in the future: it is ${iso(now)}, got ${iso(until)}` }])
  if (since > until) throw invalidFields([{ path: 'since', message: `must not be after until, got ${iso(since)} and ${iso(until)}` }])
  const count = countTimes(schedules, { since, until })
  const details = { name: service, since: iso(since), until: iso(until), count, most: mostTimes }
  if (count === 0) throw new TaskflowsError('backfill.invalid', `the schedule of ${service} has no time from ${iso(since)} to ${iso(until)}`, { details, hint: `tf next ${service} shows its times.` })
  if (count > mostTimes) {
    const said = count > mostCounted ? `more than ${mostCounted}` : String(count)
    throw new TaskflowsError('backfill.invalid', `the schedule of ${service} has ${said} times from ${iso(since)} to ${iso(until)}: expected at most ${mostTimes}`, { details, hint: 'Choose a shorter range, and the next one when that is done.' })
  }
  return slotsBetween(schedules, since - 1, until)
}

function countTimes(schedules: readonly Schedule[], { since, until }: Range): number {
  const nextAfter = nextSlotOf(schedules)
  let count = 0
  for (let slot = nextAfter(since - 1); slot !== undefined && slot <= until && count <= mostCounted; slot = nextAfter(slot)) count += 1
  return count
}

/**
 * Those that ran well: at their time, late, or by somebody who started the service before the next one.
 * @param runs from the first time until the one after the last
 */
export function ranWell(times: readonly number[], runs: readonly ServiceRun[], now: number): ReadonlySet<number> {
  const findings = judgeSlots(times, runs, { now, toleranceMs: 0, overlap: undefined, timerSince: null, managerSince: null, outages: [] })
  return new Set(findings.flatMap(({ slot, verdict, run }) => ((verdict === 'on_time' || verdict === 'late') && run?.state === 'succeeded' ? [slot] : [])))
}

const iso = (at: number): string => new Date(at).toISOString()
