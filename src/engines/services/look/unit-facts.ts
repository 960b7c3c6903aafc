/**
 * What a unit's text says, for plans and lists. The adapter writes the text;
 * here it is only read, and a text that a person edited is read as well
 * (systemd.syntax(7), without the quoting of values).
 */
import { parseDuration } from '../../../kernel/duration.ts'
import type { Schedule } from '../service-definition.ts'

/** `Service.ExecStart` -> its values, in order. */
export type UnitFacts = ReadonlyMap<string, readonly string[]>

export function factsOf(text: string): UnitFacts {
  const facts = new Map<string, string[]>()
  let section = ''
  for (const line of wholeLines(text)) {
    if (line.startsWith('[')) section = line.slice(1, -1)
    const at = line.indexOf('=')
    if (line.startsWith('[') || at < 0) continue
    const key = `${section}.${line.slice(0, at).trim()}`
    const values = facts.get(key)
    const value = line.slice(at + 1).trim()
    if (values) values.push(value)
    else facts.set(key, [value])
  }
  return facts
}

/** Lines that mean something, continued ones joined. */
function wholeLines(text: string): string[] {
  return text.replaceAll(/\\\n/g, ' ').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith(';'))
}

export function firstOf(facts: UnitFacts, key: string): string | undefined {
  return facts.get(key)?.[0]
}

/** Keys whose values differ between two texts, sorted. */
export function changedKeys(from: UnitFacts, to: UnitFacts): string[] {
  const keys = new Set([...from.keys(), ...to.keys()])
  return [...keys].filter((key) => (from.get(key) ?? []).join('\n') !== (to.get(key) ?? []).join('\n')).sort()
}

/** Whether a timer counts from a moment that systemd alone knows: systemd.timer(5). */
export function isPeriodic(text: string): boolean {
  return /^On(?:UnitActive|UnitInactive|Boot|Startup|Active)Sec=/m.test(text)
}

/** The schedules that a timer's text keeps to. */
export function schedulesOf(timer: UnitFacts): Schedule[] {
  const seconds = (key: string) => secondsOf(firstOf(timer, `Timer.${key}`) ?? '')
  const randomizedDelay = seconds('RandomizedDelaySec')
  const shared = { accuracy: seconds('AccuracySec') ?? 60, ...(randomizedDelay !== undefined && { randomizedDelay }) }
  const persistent = /^(1|yes|y|true|t|on)$/i.test(firstOf(timer, 'Timer.Persistent') ?? 'no')
  const calendars = (timer.get('Timer.OnCalendar') ?? []).map((schedule): Schedule => ({ kind: 'calendar', schedule, persistent, ...shared }))
  const startOn = timer.has('Timer.OnBootSec') ? 'boot' : timer.has('Timer.OnStartupSec') ? 'login' : 'command'
  const periods = (['start', 'finish'] as const).flatMap((relativeTo): Schedule[] => {
    const period = seconds(relativeTo === 'start' ? 'OnUnitActiveSec' : 'OnUnitInactiveSec')
    return period === undefined ? [] : [{ kind: 'periodic', startOn, period, relativeTo, ...shared }]
  })
  return [...calendars, ...periods]
}

function secondsOf(span: string): number | undefined {
  const [, microseconds] = /^(\d+)us$/.exec(span) ?? []
  if (microseconds !== undefined) return Number(microseconds) / 1e6
  const ms = parseDuration(span)
  return ms === undefined ? undefined : ms / 1000
}
