/**
 * Reads the text of units as systemd does, by systemd.syntax(7): of anybody, so with comments, continued
 * lines, drop-ins and resets. What the values mean is in `unit-values.ts`.
 */

/** `Service.ExecStart` -> values, in order. What was set and then taken back is not there. */
export type UnitSettings = ReadonlyMap<string, readonly string[]>

export interface UnitAssignment {
  readonly section: string
  readonly directive: string
  readonly value: string
  /** From 1. */
  readonly line: number
}

export interface ReadUnitFile {
  readonly assignments: readonly UnitAssignment[]
  /** Lines that systemd would skip with a warning. */
  readonly problems: readonly string[]
}

export function readUnitFile(text: string): ReadUnitFile {
  const assignments: UnitAssignment[] = []
  const problems: string[] = []
  let section: string | undefined
  for (const { text: joined, line } of logicalLines(text)) {
    const whole = joined.trim()
    const header = /^\[(.*)\]$/.exec(whole)?.[1]
    const equals = whole.indexOf('=')
    if (header !== undefined) section = header
    else if (whole.startsWith('[') || equals < 1) problems.push(`line ${line} is no directive`)
    else if (section === undefined) problems.push(`line ${line} is in no section`)
    else assignments.push({ section, directive: whole.slice(0, equals).trimEnd(), value: whole.slice(equals + 1).trimStart(), line })
  }
  return { assignments, problems }
}

/** Lines that end with a backslash go on in the next that is no comment; the backslash counts as a blank. */
function logicalLines(text: string): readonly { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = []
  let open: { text: string; line: number } | undefined
  for (const [at, line] of text.replace(/^\uFEFF/, '').split(/\r?\n|\r|\0/).entries()) {
    if (/^\s*[#;]/.test(line)) continue
    const goesOn = /(?<!\\)(?:\\\\)*\\$/.test(line)
    const part = goesOn ? `${line.slice(0, -1)} ` : line
    if (open) open.text += part
    else open = { text: part, line: at + 1 }
    if (goesOn) continue
    found.push(open)
    open = undefined
  }
  return open ? [...found, open] : found
}

/** Words that were renamed, and what stood in another section once. */
const olderNames: Readonly<Record<string, string>> = {
  'Service.StartLimitInterval': 'Unit.StartLimitIntervalSec', 'Service.StartLimitIntervalSec': 'Unit.StartLimitIntervalSec', 'Unit.StartLimitInterval': 'Unit.StartLimitIntervalSec',
  'Service.StartLimitBurst': 'Unit.StartLimitBurst', 'Service.StartLimitAction': 'Unit.StartLimitAction', 'Unit.BindTo': 'Unit.BindsTo', 'Service.FailureAction': 'Unit.FailureAction',
  'Service.SuccessAction': 'Unit.SuccessAction', 'Service.RebootArgument': 'Unit.RebootArgument',
}

/** An empty value is a value there: no capability at all. */
const emptyMeansNone = ['Service.CapabilityBoundingSet', 'Service.SystemCallFilter', 'Service.RestrictAddressFamilies']

/** What a unit and its drop-ins come to, read in their order. An empty value takes back all before it. */
export function mergeUnit(texts: readonly string[]): { readonly settings: UnitSettings; readonly problems: readonly string[] } {
  const settings = new Map<string, readonly string[]>()
  const problems: string[] = []
  for (const text of texts) {
    const read = readUnitFile(text)
    problems.push(...read.problems)
    for (const { section, directive, value } of read.assignments) {
      const key = olderNames[`${section}.${directive}`] ?? `${section}.${directive}`
      if (value !== '') settings.set(key, [...settings.get(key) ?? [], value])
      else if (emptyMeansNone.includes(key)) settings.set(key, [''])
      else for (const taken of takenBackBy(key, settings)) settings.delete(taken)
    }
  }
  return { settings: splitTimeouts(settings), problems }
}

/** One empty On...= takes back all times of a timer (systemd.timer(5)). */
function takenBackBy(key: string, settings: UnitSettings): readonly string[] {
  const times = /^Timer\.On(?:Calendar|Active|Boot|Startup|UnitActive|UnitInactive)/
  return times.test(key) ? [...settings.keys()].filter((one) => times.test(one)) : [key]
}

/** TimeoutSec= is short for both (systemd.service(5)). */
function splitTimeouts(settings: ReadonlyMap<string, readonly string[]>): UnitSettings {
  const { 'Service.TimeoutSec': both, ...rest } = Object.fromEntries(settings)
  if (both === undefined) return settings
  return new Map(Object.entries({ 'Service.TimeoutStartSec': both, 'Service.TimeoutStopSec': both, ...rest }))
}
