/** Timers back to schedules. What a schedule cannot say stays a directive of [Timer]. */
import type { UnitSettings } from './read-unit-file.ts'
import { booleanOf, secondsIn } from './unit-values.ts'

export interface ImportedTimer {
  readonly startSchedule: readonly Readonly<Record<string, unknown>>[]
  readonly directives: Readonly<Record<string, readonly string[]>>
}

/** Without a word about it systemd gathers timers within a minute. */
const systemdAccuracy = 60

/** `undefined`: it says no time that comes again. */
export function importTimer(settings: UnitSettings): ImportedTimer | undefined {
  const timer = new Map([...settings].filter(([key]) => key.startsWith('Timer.')).map(([key, values]) => [key.slice('Timer.'.length), values]))
  const take = (directive: string): readonly string[] => {
    const values = timer.get(directive) ?? []
    timer.delete(directive)
    return values
  }
  take('Unit')
  const accuracy = secondsIn(take('AccuracySec').at(-1) ?? String(systemdAccuracy)) ?? systemdAccuracy
  const delay = secondsIn(take('RandomizedDelaySec').at(-1) ?? '0') ?? 0
  const shared = { accuracy, ...(delay > 0 && { randomizedDelay: delay }) }
  const calendars = take('OnCalendar')
  const persistent = calendars.length > 0 && (booleanOf(take('Persistent').at(-1) ?? 'no') ?? false)
  const startOn = begins(timer)
  const periods = [...periodsOf('start', take('OnUnitActiveSec')), ...periodsOf('finish', take('OnUnitInactiveSec'))]
  if (periods.length > 0) for (const [directive] of beginnings.filter(([, word]) => startOn.includes(word))) timer.delete(directive)
  const startSchedule = [
    ...calendars.map((schedule) => ({ schedule, persistent, ...shared })),
    // Each beginning needs a period that has it; a period more with the same value is the same line.
    ...periods.flatMap((period, at) => (at === 0 && startOn.length > 0 ? startOn : [startOn[0] ?? 'command']).map((on) => ({ startOn: on, ...period, ...shared }))),
  ]
  return startSchedule.length === 0 ? undefined : { startSchedule, directives: Object.fromEntries(timer) }
}

const beginnings = [['OnBootSec', 'boot'], ['OnStartupSec', 'login']] as const

/** Beginnings as a schedule has them, a second after; others stay directives. */
function begins(timer: ReadonlyMap<string, readonly string[]>): readonly ('boot' | 'login')[] {
  return beginnings.filter(([directive]) => timer.get(directive)?.length === 1 && secondsIn(timer.get(directive)![0]!) === 1).map(([, word]) => word)
}

function periodsOf(relativeTo: 'start' | 'finish', values: readonly string[]): readonly { readonly period: number; readonly relativeTo: string }[] {
  return values.map((value) => ({ period: secondsIn(value) ?? 0, relativeTo }))
}
