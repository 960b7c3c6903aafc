/** Which lines of the journal are those of a unit: what journalctl is asked for, and what of its answer counts. Pure. */
import type { LogLine, LogSource, UnitNames } from '../../engines/services/logs/service-journal.ts'
import { isGlob, matchesGlob } from '../../kernel/glob.ts'

/** More are not asked for by name, but looked for among all: journalctl would hold each line against every name. */
const mostNames = 64

/** What journalctl is to look for; nothing, and so all lines, where it cannot know. */
export function matchesOf(source: LogSource, uid: number): string[] {
  switch (source.kind) {
    case 'run': return anyOf([[`INVOCATION_ID=${source.invocationId}`], [`USER_INVOCATION_ID=${source.invocationId}`]])
    case 'about': return source.scope === 'user' ? [`USER_UNIT=${source.unit}`, `_UID=${uid}`] : [`UNIT=${source.unit}`]
    case 'units': {
      const { user, system } = source.units
      if (user.length + system.length > mostNames || hasPatterns(source.units)) return []
      if (user.length + system.length === 0) return ['_SYSTEMD_UNIT=']
      return anyOf([...user.flatMap((unit) => matchesOfUserUnit(unit, uid)), ...system.flatMap(matchesOfSystemUnit)])
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

function anyOf(groups: readonly (readonly string[])[]): string[] {
  return groups.flatMap((matches, at) => (at === 0 ? matches : ['+', ...matches]))
}

export function hasPatterns({ user, system }: UnitNames): boolean {
  return [...user, ...system].some(isGlob)
}

/** SyslogIdentifier= of a unit of ours is the name of the service. */
function identifierOf(unit: string): string | undefined {
  return /^taskflows-(.+)\.service$/.exec(unit)?.[1]
}

/** The unit by the identifier in a line that names none. */
export function orphansOf(source: LogSource): (identifier: string) => string | undefined {
  if (source.kind !== 'units') return () => undefined
  const { user } = source.units
  const [exact, patterns] = [new Set(user), user.filter(isGlob)]
  return (identifier) => {
    const unit = `taskflows-${identifier}.service`
    return exact.has(unit) || patterns.some((pattern) => matchesGlob(unit, pattern)) ? unit : undefined
  }
}

/** Without what journalctl was not asked for, or could not know. */
export function sifter(source: LogSource, uid: number): (line: LogLine) => boolean {
  if (source.kind !== 'units') return () => true
  const { user, system } = source.units
  const exact = { user: new Set(user), system: new Set(system) }
  const patterns = { user: user.filter(isGlob), system: system.filter(isGlob) }
  return ({ unit, scope, uid: writer }) =>
    unit !== null && (scope === 'system' || writer === uid) && (exact[scope].has(unit) || patterns[scope].some((pattern) => matchesGlob(unit, pattern)))
}
