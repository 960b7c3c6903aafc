/** The properties of a unit on the bus, as org.freedesktop.systemd1(5) has them, and what they are to us. Pure. */
import { constants } from 'node:os'
import type { UnitDetails, UnitState } from '../../../engines/services/service-manager.ts'

export type Properties = Readonly<Record<string, unknown>>

export interface Clocks {
  /** Epoch milliseconds. */
  readonly now: number
  /** CLOCK_MONOTONIC in milliseconds, at the same moment: timers that count from the boot go by it. */
  readonly monotonic: number
}

/** A unit that the manager cannot have, such as a template. */
export function absentUnit(unit: string, loadState = 'not-found'): UnitDetails {
  return unitDetails(unit, { LoadState: loadState, ActiveState: 'inactive', SubState: 'dead' }, {}, { now: 0, monotonic: 0 })
}

/** @param own those of its kind: Service or Timer */
export function unitDetails(unit: string, common: Properties, own: Properties, clocks: Clocks): UnitDetails {
  const ended = number(own['ExecMainCode']) ?? 0
  const status = number(own['ExecMainStatus'])
  return {
    unit,
    description: text(common['Description']) ?? '',
    loadState: text(common['LoadState']) ?? '',
    activeState: text(common['ActiveState']) ?? '',
    subState: text(common['SubState']) ?? '',
    unitFileState: text(common['UnitFileState']) ?? '',
    result: text(own['Result']) ?? null,
    mainPid: number(own['MainPID']) || null,
    exitCode: ended === exited ? status : null,
    exitSignal: ended === killed || ended === dumped ? signalName(status) : null,
    restarts: number(own['NRestarts']),
    statusText: text(own['StatusText']) || null,
    invocationId: hex(common['InvocationID']),
    startedAt: at(own['ExecMainStartTimestamp']),
    endedAt: at(own['ExecMainExitTimestamp']),
    activeSince: isUp(common) ? at(common['ActiveEnterTimestamp']) : null,
    nextElapseAt: nextElapse(own, clocks),
    lastTriggerAt: at(own['LastTriggerUSec']),
    memoryBytes: measured(own['MemoryCurrent']),
    memoryPeakBytes: measured(own['MemoryPeak']),
    cpuSeconds: scaled(own['CPUUsageNSec'], 1e9),
    tasks: measured(own['TasksCurrent']),
    conditionsMet: conditionsMet(common),
    needsReload: common['NeedDaemonReload'] === true,
    dropIns: Array.isArray(common['DropInPaths']) ? common['DropInPaths'] as string[] : [],
  }
}

/** One row of ListUnits. */
export function unitState([unit, description, loadState, activeState, subState]: readonly unknown[]): UnitState {
  return { unit, description, loadState, activeState, subState } as UnitState
}

/** Signs beyond letters and digits, and a digit at the beginning, as `_2e`: bus_label_escape of systemd. */
export function unitPath(unit: string): string {
  const bytes = [...Buffer.from(unit)].map((byte, index) => {
    const sign = String.fromCharCode(byte)
    return (index > 0 ? /[A-Za-z0-9]/ : /[A-Za-z]/).test(sign) ? sign : `_${byte.toString(16).padStart(2, '0')}`
  })
  return `${unitsPath}/${bytes.join('')}`
}

/** `undefined` for what is no unit. */
export function unitOfPath(path: string): string | undefined {
  if (!path.startsWith(`${unitsPath}/`)) return undefined
  const label = path.slice(unitsPath.length + 1)
  return Buffer.from(label.replaceAll(/_([0-9a-f]{2})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16))), 'latin1').toString('utf8')
}

const unitsPath = '/org/freedesktop/systemd1/unit'

/** The match rule for changes of any unit: D-Bus specification, MATCH RULES. */
export const changesOfUnits = `type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path_namespace='${unitsPath}'`

/** `si_code` of a child's end: sigaction(2). */
const [exited, killed, dumped] = [1, 2, 3]
function isUp({ ActiveState }: Properties): boolean {
  return ActiveState === 'active' || ActiveState === 'reloading' || ActiveState === 'refreshing'
}

/** `null` before the first start. */
function conditionsMet(common: Properties): boolean | null {
  if (isUp(common)) return true
  return at(common['ConditionTimestamp']) === null ? null : common['ConditionResult'] === true && common['AssertResult'] !== false
}

/** UINT64_MAX as a double: what is not set, not measured, or never. */
const unset = 2 ** 64

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

function measured(value: unknown): number | null {
  return typeof value === 'number' && value < unset ? value : null
}

function scaled(value: unknown, scale: number): number | null {
  const found = measured(value)
  return found === null ? null : found / scale
}

/** Microseconds of the epoch; 0 is never. */
function at(value: unknown): number | null {
  return scaled(value, 1000) || null
}

/** The sooner of what elapses by the calendar and what elapses a time after the boot or another moment. */
export function nextElapse(own: Properties, { now, monotonic }: Clocks): number | null {
  const calendar = at(own['NextElapseUSecRealtime'])
  const sinceBoot = at(own['NextElapseUSecMonotonic'])
  const moments = [calendar, sinceBoot === null ? null : now - monotonic + sinceBoot].filter((moment) => moment !== null)
  return moments.length === 0 ? null : Math.min(...moments)
}

function signalName(status: number | null): string {
  return Object.entries(constants.signals).find(([, value]) => value === status)?.[0] ?? `signal ${status}`
}

/** A Buffer of 16 bytes, or an empty one for a unit that never ran. */
function hex(bytes: unknown): string | null {
  return Buffer.isBuffer(bytes) && bytes.length > 0 ? bytes.toString('hex') : null
}
