/**
 * Questions to the manager about units.
 *
 * All properties of a unit come with one call, but among them is UnitFileState, for which systemd looks through the
 * links of all units, once per unit after each reload: 17 ms each where there are 2,000. When many are asked for,
 * their states come in one call and the few other properties one by one.
 */
import type { UnitDetails, UnitState } from '../../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Bus, managerObject } from './bus.ts'
import type { CallOptions } from './bus-connection.ts'
import { type Clocks, type Properties, absentUnit, nextElapse, unitDetails, unitPath, unitState } from './unit-details.ts'

const few = 16

const patterns = ['', 'start-', 'run-', 'slot-', 'stop-', 'restart-'].map((prefix) => `${prefix}taskflows-*`)

/** Units of ours that are loaded, cheap however many there are. */
export async function readStates(bus: Bus): Promise<readonly UnitState[]> {
  return rows(await bus.call({ ...managerObject, member: 'ListUnitsByPatterns', signature: 'asas', args: [[], patterns] }))
    .filter(({ unit }) => /\.(service|timer)$/.test(unit))
}

/** Loads those that are not. */
export async function readStatesOf(bus: Bus, units: readonly string[], options?: CallOptions): Promise<readonly UnitState[]> {
  return rows(await bus.call({ ...managerObject, member: 'ListUnitsByNames', signature: 'as', args: [units] }, options))
}

/** In the order given. */
export async function readDetails(bus: Bus, units: readonly string[], signal?: AbortSignal): Promise<readonly UnitDetails[]> {
  const options = signal ? { signal } : {}
  if (units.length <= few) return Promise.all(units.map((unit) => readWhole(bus, unit, options)))
  const states = new Map((await readStatesOf(bus, units.filter((unit) => !unit.includes('@.')), options)).map((state) => [state.unit, state]))
  return Promise.all(units.map((unit) => readParts(bus, unit, states.get(unit), options)))
}

/** In the order given. */
export function readNextElapses(bus: Bus, timers: readonly string[]): Promise<readonly (number | null)[]> {
  return Promise.all(timers.map(async (timer) => {
    try {
      return nextElapse(await getAll(bus, timer, 'Timer', {}), clocks())
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }))
}

async function readWhole(bus: Bus, unit: string, options: CallOptions): Promise<UnitDetails> {
  try {
    const [common, own] = await Promise.all([getAll(bus, unit, 'Unit', options), getAll(bus, unit, kindOf(unit), options)])
    return unitDetails(unit, common, own, clocks())
  } catch (error) {
    if (isAbsent(error)) return absentUnit(unit)
    throw error
  }
}

async function readParts(bus: Bus, unit: string, state: UnitState | undefined, options: CallOptions): Promise<UnitDetails> {
  if (!state || state.loadState === 'not-found') return absentUnit(unit)
  const up = state.activeState !== 'inactive' && state.activeState !== 'failed'
  const names = ['InvocationID', 'NeedDaemonReload', 'DropInPaths', ...(up ? ['ActiveEnterTimestamp'] : ['ConditionTimestamp', 'ConditionResult', 'AssertResult'])]
  const [own, ...values] = await Promise.all([getAll(bus, unit, kindOf(unit), options), ...names.map((name) => getUnitProperty(bus, unit, name, options))])
  const common = { Description: state.description, LoadState: state.loadState, ActiveState: state.activeState, SubState: state.subState, ...Object.fromEntries(names.map((name, index) => [name, values[index]])) }
  return unitDetails(unit, common, own, clocks())
}

async function getAll(bus: Bus, unit: string, kind: string, options: CallOptions): Promise<Properties> {
  const [properties] = await bus.call({ path: unitPath(unit), ...propertiesCall('GetAll'), signature: 's', args: [`org.freedesktop.systemd1.${kind}`] }, options)
  return properties as Properties
}

async function getUnitProperty(bus: Bus, unit: string, name: string, options: CallOptions): Promise<unknown> {
  const [value] = await bus.call({ path: unitPath(unit), ...propertiesCall('Get'), signature: 'ss', args: ['org.freedesktop.systemd1.Unit', name] }, options)
  return value
}

const propertiesCall = (member: string) => ({ interface: 'org.freedesktop.DBus.Properties', member })

function kindOf(unit: string): string {
  return unit.endsWith('.timer') ? 'Timer' : 'Service'
}

/** Names that no loaded unit can have, such as that of a template, are refused. */
function isAbsent(error: unknown): boolean {
  return error instanceof TaskflowsError && absences.has(error.details['error'])
}

const absences = new Set<unknown>(['org.freedesktop.systemd1.NoSuchUnit', 'org.freedesktop.DBus.Error.UnknownObject', 'org.freedesktop.DBus.Error.InvalidArgs'])

function rows([units]: readonly unknown[]): UnitState[] {
  return (units as readonly (readonly unknown[])[]).map(unitState)
}

function clocks(): Clocks {
  return { now: Date.now(), monotonic: Number(process.hrtime.bigint() / 1000n) / 1000 }
}
