/**
 * Which directive is which field: the way back from what `compile-*.ts` write. A
 * value that a field cannot say stays a directive. Commands, schedules, limits of
 * starts and variables are more than a value: `import-unit.ts`, `import-timer.ts`.
 */
import { bytesIn, secondsIn, wordsOf } from './unit-values.ts'

/** What a field takes, or `undefined` for what it cannot say. */
type ReadField = (values: readonly string[]) => unknown

export interface FieldOf {
  /** `cgroupConfig.memoryLimit`. */
  readonly field: string
  readonly read: ReadField
}

const last = (read: (value: string) => unknown): ReadField => (values) => read(values.at(-1)!)
const text = last((value) => (value.includes('%') ? withoutPercents(value) : value))
const word = last((value) => value)
const number = last((value) => (/^-?\d+$/.test(value) ? Number(value) : undefined))
const bytes = last((value) => bytesIn(value))
const seconds = last((value) => finite(secondsIn(value)))
const percent = last((value) => (/^\d+(?:\.\d+)?%$/.test(value) ? Number.parseFloat(value) : undefined))

function finite(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < Infinity ? value : undefined
}

/** `%%` is a percent sign; any other specifier is not for a field. */
function withoutPercents(value: string): string | undefined {
  return /%(?!%)/.test(value.replaceAll('%%', '')) ? undefined : value.replaceAll('%%', '%')
}

/** Names of units over all lines. */
const units: ReadField = (values) => {
  const names = values.flatMap((value) => value.split(/\s+/))
  return names.some((name) => /[%"'\\]/.test(name)) ? undefined : [...new Set(names)]
}

/** `DEVICE NUMBER` each. */
const perDevice = (read: (value: string) => number | undefined): ReadField => (values) => {
  const rows = values.map((value) => wordsOf(value)?.map((one) => one.text) ?? [])
  const pairs = rows.map(([device, rate, ...more]) => [device, rate === undefined || more.length > 0 ? undefined : read(rate)] as const)
  return pairs.some(([, rate]) => rate === undefined) ? undefined : Object.fromEntries(pairs)
}

/** `NAME:FILE` each. */
const credentials = (encrypted: boolean): ReadField => (values) => {
  const pairs = values.map((value) => /^([^:%]+):(\/[^%]*)$/.exec(value))
  return pairs.every((pair) => pair !== null) ? Object.fromEntries(pairs.map(([, name, file]) => [name, encrypted ? { file, encrypted } : { file }])) : undefined
}

export const fieldsOf: Readonly<Record<string, FieldOf>> = {
  'Unit.Description': { field: 'description', read: text },
  'Unit.After': { field: 'startAfter', read: units },
  'Unit.Before': { field: 'startBefore', read: units },
  'Unit.Wants': { field: 'wants', read: units },
  'Unit.Upholds': { field: 'upholds', read: units },
  'Unit.Requires': { field: 'requires', read: units },
  'Unit.Requisite': { field: 'requisite', read: units },
  'Unit.BindsTo': { field: 'bindsTo', read: units },
  'Unit.PartOf': { field: 'partOf', read: units },
  'Unit.Conflicts': { field: 'conflicts', read: units },
  'Unit.OnFailure': { field: 'onFailure', read: units },
  'Unit.OnSuccess': { field: 'onSuccess', read: units },
  'Unit.PropagatesStopTo': { field: 'propagateStopTo', read: units },
  'Unit.StopPropagatedFrom': { field: 'propagateStopFrom', read: units },
  'Service.Type': { field: 'type', read: word },
  'Service.PIDFile': { field: 'pidFile', read: text },
  'Service.User': { field: 'user', read: word },
  'Service.Group': { field: 'group', read: word },
  'Service.WorkingDirectory': { field: 'workingDirectory', read: last((value) => (value.startsWith('/') ? withoutPercents(value) : undefined)) },
  'Service.Slice': { field: 'slice', read: last((value) => (value.endsWith('.slice') ? value.slice(0, -'.slice'.length) : undefined)) },
  'Service.KillSignal': { field: 'killSignal', read: word },
  'Service.SuccessExitStatus': { field: 'successExitStatus', read: (values) => values.flatMap((value) => value.split(/\s+/)).map((one) => (/^\d+$/.test(one) ? Number(one) : one)) },
  'Service.TimeoutStartSec': { field: 'startTimeout', read: seconds },
  'Service.RuntimeMaxSec': { field: 'timeout', read: seconds },
  'Service.LoadCredential': { field: 'secrets', read: credentials(false) },
  'Service.LoadCredentialEncrypted': { field: 'secrets', read: credentials(true) },
  'Service.CPUWeight': { field: 'cgroupConfig.cpuWeight', read: number },
  'Service.AllowedCPUs': { field: 'cgroupConfig.cpusetCpus', read: word },
  'Service.MemoryMin': { field: 'cgroupConfig.memoryMin', read: bytes },
  'Service.MemoryLow': { field: 'cgroupConfig.memoryLow', read: bytes },
  'Service.MemoryHigh': { field: 'cgroupConfig.memoryHigh', read: bytes },
  'Service.MemoryMax': { field: 'cgroupConfig.memoryLimit', read: bytes },
  'Service.MemorySwapMax': { field: 'cgroupConfig.memorySwapMax', read: bytes },
  'Service.IOWeight': { field: 'cgroupConfig.ioWeight', read: number },
  'Service.IOReadBandwidthMax': { field: 'cgroupConfig.deviceReadBps', read: perDevice((rate) => bytesIn(rate, 1000)) },
  'Service.IOWriteBandwidthMax': { field: 'cgroupConfig.deviceWriteBps', read: perDevice((rate) => bytesIn(rate, 1000)) },
  'Service.IOReadIOPSMax': { field: 'cgroupConfig.deviceReadIops', read: perDevice(Number) },
  'Service.IOWriteIOPSMax': { field: 'cgroupConfig.deviceWriteIops', read: perDevice(Number) },
  'Service.TasksMax': { field: 'cgroupConfig.pidsLimit', read: number },
  'Service.LimitNOFILE': { field: 'cgroupConfig.nofileLimit', read: number },
  'Service.OOMScoreAdjust': { field: 'cgroupConfig.oomScoreAdj', read: number },
  'Service.OOMPolicy': { field: 'cgroupConfig.oomPolicy', read: word },
  'Service.ManagedOOMSwap': { field: 'cgroupConfig.managedOomSwap', read: word },
  'Service.ManagedOOMMemoryPressure': { field: 'cgroupConfig.managedOomMemoryPressure', read: word },
  'Service.ManagedOOMMemoryPressureLimit': { field: 'cgroupConfig.managedOomMemoryPressureLimit', read: percent },
  'Service.ManagedOOMPreference': { field: 'cgroupConfig.managedOomPreference', read: word },
  'Service.DeviceAllow': { field: 'cgroupConfig.devices', read: devices },
}

function devices(values: readonly string[]): unknown {
  const rows = values.map((value) => wordsOf(value)?.map((one) => one.text) ?? [])
  return rows.every(([path, access]) => path?.startsWith('/dev/') && /^[rwm]+$/.test(access ?? '')) ? rows.map(([path, access]) => (access === 'rwm' ? path : `${path}:${access}`)) : undefined
}

/** Requirements are told by several directives: each value is one. */
export function requirementOf(directive: string, value: string): Readonly<Record<string, unknown>> | undefined {
  const [, verb, subject] = /^(Condition|Assert)(Memory|CPUs|CPUPressure|MemoryPressure|IOPressure)$/.exec(directive) ?? []
  if (subject === undefined) return undefined
  const silent = verb === 'Condition'
  if (subject === 'Memory' || subject === 'CPUs') {
    const [, constraint = '>=', amount] = /^(<=|>=|!=|<|>|=)?\s*(\d+(?:\.\d+)?[KMGT]?)$/.exec(value) ?? []
    const count = amount === undefined ? undefined : bytesIn(amount)
    return count === undefined ? undefined : { kind: subject.toLowerCase(), amount: count, constraint, silent }
  }
  const [, most, timespan] = /^(\d+(?:\.\d+)?)%(?:\/(10sec|1min|5min))?$/.exec(value) ?? []
  const kind = { CPUPressure: 'cpu_pressure', MemoryPressure: 'memory_pressure', IOPressure: 'io_pressure' }[subject as 'CPUPressure']
  return most === undefined ? undefined : { kind, maxPercent: Number(most), timespan: timespan ?? '5min', silent }
}

