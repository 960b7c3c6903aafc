/** Which lines of the journal are those of a unit: what journalctl is asked for, and what of its answer counts. Pure. */
import type { LogLine, LogSource, UnitNames } from '../../engines/services/logs/service-journal.ts'
import { isSingleRun, patternOfRun, runUnitOf, serviceOfUnit, serviceUnit } from '../../engines/services/run-units.ts'
import { isGlob, matchesGlob } from '../../kernel/glob.ts'

/** More are not asked for by name, but looked for among all: journalctl would hold each line against every name. */
const mostNames = 64

/** What journalctl is to look for; nothing, and so all lines, where it cannot know. */
export function matchesOf(source: LogSource, uid: number): string[] {
  switch (source.kind) {
    case 'run': return anyOf([[`INVOCATION_ID=${source.invocationId}`], [`USER_INVOCATION_ID=${source.invocationId}`]])
    case 'about': return source.scope === 'user' ? [`USER_UNIT=${source.unit}`, `_UID=${uid}`] : [`UNIT=${source.unit}`]
    case 'units': {
      const { user, system } = { user: source.units.user.filter(isAskedFor), system: source.units.system.filter(isAskedFor) }
      if (user.length + system.length > mostNames || hasPatterns({ user, system })) return []
      if (user.length + system.length === 0) return ['_SYSTEMD_UNIT=']
      return anyOf([...user.flatMap((unit) => matchesOfUserUnit(unit, uid)), ...system.flatMap(matchesOfSystemUnit), ...source.units.system.flatMap(matchesOfMadeUpRuns)])
    }
  }
}

/** Those of `--user-unit=` (journalctl(1)), and lines that bear only the name of their program: see `parseUnitEntry`. */
function matchesOfUserUnit(unit: string, uid: number): string[][] {
  const own = `_UID=${uid}`
  const identifier = identifierOf(unit)
  return [
    [`_SYSTEMD_USER_UNIT=${unit}`, own], [`USER_UNIT=${unit}`, own], [`COREDUMP_USER_UNIT=${unit}`, `COREDUMP_UID=${uid}`, '_UID=0'],
    [`OBJECT_SYSTEMD_USER_UNIT=${unit}`, `OBJECT_UID=${uid}`, '_UID=0'],
    ...(identifier === undefined ? [] : [[`SYSLOG_IDENTIFIER=${identifier}`, '_TRANSPORT=stdout', own]]),
  ]
}

/** Those of `--unit=`. To the system's own manager journald always hands the unit along. */
function matchesOfSystemUnit(unit: string): string[][] {
  return [[`_SYSTEMD_UNIT=${unit}`], [`UNIT=${unit}`, '_PID=1'], [`COREDUMP_UNIT=${unit}`, '_UID=0'], [`OBJECT_SYSTEMD_UNIT=${unit}`, '_UID=0']]
}

/** Times that are made up for are few, and may begin later on: what their programs write bears the name of the service, as in the user scope above. */
function isAskedFor(unit: string): boolean {
  return !isMadeUp(unit)
}

function matchesOfMadeUpRuns(unit: string): string[][] {
  return isMadeUp(unit) ? [[`SYSLOG_IDENTIFIER=${serviceOfUnit(unit)}`, '_TRANSPORT=stdout']] : []
}

function isMadeUp(unit: string): boolean {
  return isGlob(unit) && runUnitOf(unit)?.kind === 'slot'
}

function anyOf(groups: readonly (readonly string[])[]): string[] {
  return groups.flatMap((matches, at) => (at === 0 ? matches : ['+', ...matches]))
}

export function hasPatterns({ user, system }: UnitNames): boolean {
  return [...user, ...system].some(isGlob)
}

/** SyslogIdentifier= of a unit of ours is the name of the service. */
function identifierOf(unit: string): string | undefined {
  const run = runUnitOf(unit)
  return run?.kind === 'service' ? run.service : undefined
}

/** The unit by the identifier in a line that names none. */
export function orphansOf(source: LogSource): (identifier: string) => string | undefined {
  if (source.kind !== 'units') return () => undefined
  const { user } = source.units
  const isOne = matcher(user)
  const only = user.length === 1 && isSingleRun(user[0]!) ? user[0] : undefined
  return (identifier) => {
    if (only !== undefined) return serviceOfUnit(only) === identifier ? only : undefined
    return isOne(serviceUnit(identifier)) ? serviceUnit(identifier) : undefined
  }
}

/** Without what journalctl was not asked for, or could not know. */
export function sifter(source: LogSource, uid: number): (line: LogLine) => boolean {
  if (source.kind !== 'units') return () => true
  const isOne = { user: matcher(source.units.user), system: matcher(source.units.system) }
  return ({ unit, scope, uid: writer }) => unit !== null && (scope === 'system' || writer === uid) && isOne[scope](unit)
}

/** Whether a unit is one of these. Patterns of single runs there may be thousands of: they are looked up. */
export function matcher(names: readonly string[]): (unit: string) => boolean {
  const exact = new Set(names)
  const patterns = names.filter((name) => isGlob(name) && !isSingleRun(name))
  return (unit) => exact.has(unit) || exact.has(patternOfRun(unit) ?? unit) || patterns.some((pattern) => matchesGlob(unit, pattern))
}
