/** How the units on disk differ from those that were applied last, in words. */
import type { FoundService } from './match-services.ts'
import type { InstalledUnit, UnitDetails } from '../service-manager.ts'
import { isTimer } from './service-units.ts'
import { factsOf } from './unit-facts.ts'
import type { AppliedVersion } from '../versions.ts'
import { listed } from '../apply/judge-change.ts'

/**
 * @param installed the units of one service
 * @param meant the texts that the disk should have by now, by unit: what differs from the version and is like these was
 *   written by an apply that did not come to its end
 */
export function driftOf(installed: readonly InstalledUnit[], applied: AppliedVersion | undefined, meant?: ReadonlyMap<string, string>): string[] {
  const dropIns = installed.flatMap(({ dropIns }) => dropIns).map(({ path, text }) => {
    const keys = [...factsOf(text).keys()]
    return keys.length === 0 ? `drop-in ${path}` : `drop-in ${path} sets ${listed(keys)}`
  })
  return [...(applied && installed.length > 0 ? [...textDrift(installed, applied, meant), ...enablementDrift(installed, applied)] : []), ...new Set(dropIns)]
}

/** The same, and what systemd has not read yet. @param details of its units, as far as the manager was asked */
export function driftIn({ installed, units }: FoundService, details: ReadonlyMap<string, UnitDetails>, applied: AppliedVersion | undefined): string[] {
  const unread = [...units.values()].filter((unit) => details.get(unit)?.needsReload).map((unit) => `${unit} changed on disk since systemd read it`)
  return [...driftOf(installed, applied), ...unread]
}

function textDrift(installed: readonly InstalledUnit[], { version, units }: AppliedVersion, meant: ReadonlyMap<string, string> | undefined): string[] {
  const onDisk = new Map(installed.map(({ unit, text }) => [unit, text]))
  const then = new Map(units.map(({ unit, text }) => [unit, text]))
  const unfinished = (unit: string): boolean => meant?.get(unit) === onDisk.get(unit)
  const gone = units.filter(({ unit }) => !onDisk.has(unit)).map(({ unit }) => `${unit} was removed from disk`)
  const differing = installed.filter(({ unit, text }) => then.get(unit) !== text).map(({ unit }) => {
    if (unfinished(unit)) return `${unit} was written by an apply that did not come to its end`
    return then.has(unit) ? `${unit} was edited by hand since version ${version}` : `${unit} is no part of version ${version}`
  })
  return [...gone, ...differing]
}

function enablementDrift(installed: readonly InstalledUnit[], { definition }: AppliedVersion): string[] {
  return installed.flatMap(({ unit, role, enabled }) => {
    const wanted = isEnabled(role, definition.enabled)
    if (wanted === undefined || wanted === enabled) return []
    return [`${unit} is ${enabled ? 'enabled, which its definition does not say' : 'disabled, though its definition enables it'}`]
  })
}

/** Whether a unit should start by itself: timers always, the service if it says so; the rest is started by its timer. */
export function isEnabled(role: InstalledUnit['role'], serviceEnabled: boolean): boolean | undefined {
  if (role === 'service') return serviceEnabled
  return isTimer(role) ? true : undefined
}
