/** Directives of a unit and the fields that they become. What is optional may go back to being a directive. */
import { type SpecifierPlace, literalOf } from './specifiers.ts'
import { longestSeconds } from './compare-units.ts'
import { fieldsOf, requirementOf } from './import-fields.ts'
import { importCommand } from './import-exec.ts'
import type { UnitSettings } from './read-unit-file.ts'
import { type ExecCommand, type UnitWord, commandsOf, secondsIn, wordsOf } from './unit-values.ts'

export interface Claim {
  /** `Service.MemoryMax`: all that the field covers. */
  readonly keys: readonly string[]
  /** `cgroupConfig.memoryLimit`. */
  readonly field: string
  readonly value: unknown
  readonly optional: boolean
}

export interface ClaimPlace extends SpecifierPlace {
  /** What a unit is called that is imported along. */
  renamed(unit: string): string
}

/** Lists of one field are put together, objects too. */
export function optionsOf(claims: readonly Claim[]): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const { field, value } of claims) {
    const [name, part] = field.split('.') as [string, string?]
    const said = part === undefined ? value : { [part]: value }
    const before = options[name]
    options[name] = Array.isArray(before) ? [...before, ...(said as unknown[])] : typeof before === 'object' ? { ...before, ...(said as object) } : said
  }
  return options
}

/** The start command, and the others where they are literal; a line with more in it stays as it is. */
export function commandClaims(settings: UnitSettings, place: SpecifierPlace): { readonly claims: readonly Claim[]; readonly notes: readonly string[] } | { readonly refused: string } {
  const start = commandsIn(settings, 'Service.ExecStart')
  if (start.length === 0) return { refused: 'it has no ExecStart=' }
  if (start.length > 1) return { refused: 'it has several ExecStart= and is no oneshot' }
  const command = start[0] && importCommand(start[0], place)
  if (command === undefined) return { refused: `ExecStart=${settings.get('Service.ExecStart')!.at(-1)} cannot be read` }
  if ('refused' in command) return { refused: `ExecStart=${settings.get('Service.ExecStart')!.at(-1)}: ${command.refused}` }
  const others = Object.entries(otherCommands).flatMap(([key, { field, many }]) => {
    const found = commandsIn(settings, key).map((one) => (one === undefined ? undefined : importCommand(one, place)))
    const literal = found.flatMap((one) => (one === undefined || 'refused' in one || one.shell ? [] : [one.argv]))
    if (literal.length === 0 || literal.length < found.length || (!many && literal.length > 1)) return []
    return [{ keys: [key], field, value: many ? literal : literal[0], optional: true }]
  })
  return {
    claims: [{ keys: ['Service.ExecStart'], field: 'startCommand', value: command.argv, optional: false }, ...others],
    notes: [
      ...(command.shell ? ['a shell expands the variables of its ExecStart=, and does not read quotes within their values as systemd does'] : []),
      ...(/%(?!%|i)/.test((settings.get('Service.ExecStart') ?? []).join().replaceAll('%%', '')) ? ['specifiers in its ExecStart= are written out'] : []),
    ],
  }
}

const otherCommands: Readonly<Record<string, { readonly field: string; readonly many: boolean }>> = {
  'Service.ExecCondition': { field: 'execCondition', many: true },
  'Service.ExecStartPre': { field: 'execStartPre', many: true },
  'Service.ExecStartPost': { field: 'execStartPost', many: true },
  'Service.ExecReload': { field: 'restartCommand', many: false },
  'Service.ExecStop': { field: 'stopCommand', many: false },
  'Service.ExecStopPost': { field: 'execStopPost', many: true },
}

function commandsIn(settings: UnitSettings, key: string): readonly (ExecCommand | undefined)[] {
  return (settings.get(key) ?? []).flatMap((line): readonly (ExecCommand | undefined)[] => commandsOf(line) ?? [undefined])
}

export function claimsOf(settings: UnitSettings, place: ClaimPlace): readonly Claim[] {
  return [
    ...simpleClaims(settings, place), ...endClaims(settings), ...restartClaims(settings), ...watchdogClaims(settings), ...quotaClaims(settings),
    ...rootClaims(settings), ...requirementClaims(settings), ...environmentClaims(settings, place),
  ]
}

/** Words of these are the words of fields that every unit of ours has. */
const always = ['Service.Type', 'Service.KillSignal']

function simpleClaims(settings: UnitSettings, { renamed }: ClaimPlace): readonly Claim[] {
  const found = Object.entries(fieldsOf).flatMap(([key, { field, read }]): readonly Claim[] => {
    const values = settings.get(key)
    const value = values && read(values)
    if (value === undefined) return []
    const named = key.startsWith('Unit.') && Array.isArray(value) ? (value as readonly string[]).map((unit) => bareName(unit, renamed(unit))) : value
    return [{ keys: [key], field, value: named, optional: !always.includes(key) }]
  })
  return settings.has('Service.Type') ? found : [...found, { keys: [], field: 'type', value: 'simple', optional: false }]
}

/** What is imported along is called by its name. */
const bareName = (unit: string, renamed: string): string => (unit === renamed ? unit : renamed.replace(/^taskflows-(.*)\.service$/, '$1'))

/** Without a word systemd waits 90 s. */
function endClaims(settings: UnitSettings): readonly Claim[] {
  // 0 is none, too.
  const seconds = (secondsIn(settings.get('Service.TimeoutStopSec')?.at(-1) ?? '90') ?? 90) || Infinity
  return [{ keys: ['Service.TimeoutStopSec'], field: 'stopTimeout', value: Math.min(seconds, longestSeconds), optional: false }]
}

/** systemd limits starts to 5 in 10 s unless it is told otherwise; without `maxAttempts` we tell it to. */
function restartClaims(settings: UnitSettings): readonly Claim[] {
  const said = (key: string): string | undefined => settings.get(key)?.at(-1)
  const condition = said('Service.Restart')
  if (condition === undefined) return []
  if (condition === 'no') return [{ keys: ['Service.Restart'], field: 'restartPolicy', value: undefined, optional: true }]
  const [delay, window, burst] = [secondsIn(said('Service.RestartSec') ?? ''), secondsIn(said('Unit.StartLimitIntervalSec') ?? '10') ?? 10, Number(said('Unit.StartLimitBurst') ?? '5')]
  const limit = window > 0 && burst > 0 ? { maxAttempts: burst, window: Math.min(window, longestSeconds) } : {}
  const keys = ['Service.Restart', 'Service.RestartSec', 'Unit.StartLimitIntervalSec', 'Unit.StartLimitBurst']
  return [{ keys, field: 'restartPolicy', value: { condition, ...(delay !== undefined && { delay }), ...limit }, optional: true }]
}

/** Of the other types it stays a directive, and so does a service that is not to be restarted. */
function watchdogClaims(settings: UnitSettings): readonly Claim[] {
  const interval = secondsIn(settings.get('Service.WatchdogSec')?.at(-1) ?? '')
  if (!interval || interval === Infinity || settings.get('Service.Type')?.at(-1) !== 'notify') return []
  const access = settings.get('Service.NotifyAccess')?.at(-1)
  const restarts = ['always', 'on-failure', 'on-abnormal', 'on-watchdog'].includes(settings.get('Service.Restart')?.at(-1) ?? '')
  const value = { interval, restartOnHang: restarts, ...(access !== undefined && { notifyAccess: access }) }
  return [{ keys: ['Service.WatchdogSec', 'Service.NotifyAccess'], field: 'watchdog', value, optional: true }]
}

function quotaClaims(settings: UnitSettings): readonly Claim[] {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(settings.get('Service.CPUQuota')?.at(-1) ?? '')?.[1]
  const period = secondsIn(settings.get('Service.CPUQuotaPeriodSec')?.at(-1) ?? '100ms')
  if (percent === undefined || !period || period === Infinity) return []
  const cpuPeriod = Math.round(period * 1e6)
  const keys = ['Service.CPUQuota', 'Service.CPUQuotaPeriodSec']
  return [
    { keys, field: 'cgroupConfig.cpuQuota', value: Math.round((Number(percent) / 100) * cpuPeriod), optional: true },
    ...(cpuPeriod === 100_000 ? [] : [{ keys, field: 'cgroupConfig.cpuPeriod', value: cpuPeriod, optional: true }]),
  ]
}

function rootClaims(settings: UnitSettings): readonly Claim[] {
  const keys = ['Service.ProtectSystem', 'Service.ReadOnlyPaths']
  const [system, paths] = keys.map((key) => settings.get(key)?.join(' '))
  return system === 'strict' && paths === '/' ? [{ keys, field: 'cgroupConfig.readOnlyRootfs', value: true, optional: true }] : []
}

function requirementClaims(settings: UnitSettings): readonly Claim[] {
  return [...settings].flatMap(([key, values]): readonly Claim[] => {
    const found = key.startsWith('Unit.') ? values.map((value) => requirementOf(key.slice('Unit.'.length), value)) : [undefined]
    return found.includes(undefined) ? [] : [{ keys: [key], field: 'startupRequirements', value: found, optional: true }]
  })
}

function environmentClaims(settings: UnitSettings, place: SpecifierPlace): readonly Claim[] {
  const words = (settings.get('Service.Environment') ?? []).flatMap((value): readonly (UnitWord | undefined)[] => wordsOf(value) ?? [undefined])
  const variables = words.flatMap((word) => {
    const literal = word && literalOf(word.text, place)
    return literal && 'text' in literal ? [/^([^=]*)=([^]*)$/.exec(literal.text)] : []
  })
  const env = Object.fromEntries(variables.flatMap((found) => (found && !/^TASKFLOWS_SERVICE$/.test(found[1]!) ? [[found[1]!, found[2]!]] : [])))
  const files = settings.get('Service.EnvironmentFile') ?? []
  return [
    { keys: ['Service.Environment'], field: 'env', value: env, optional: false },
    ...(files.length === 1 && /^\/[^%*?[\\]*$/.test(files[0]!) ? fileClaims(files[0]!) : []),
  ]
}

/** Where it is, it may be. */
function fileClaims(file: string): readonly Claim[] {
  const keys = ['Service.EnvironmentFile']
  return [
    { keys, field: 'envFile', value: file, optional: true },
    { keys, field: 'allowedPaths', value: [file.slice(0, file.lastIndexOf('/')) || '/'], optional: true },
  ]
}
