/** Questions to the manager about units. */
import type { UnitDetails, UnitState } from '../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { type Bus, managerObject } from './bus.ts'
import { type Clocks, type Properties, absentUnit, unitDetails, unitPath, unitState } from './unit-details.ts'

/** Units of ours that are loaded, cheap however many there are. */
export async function readStates(bus: Bus): Promise<readonly UnitState[]> {
  return rows(await bus.call({ ...managerObject, member: 'ListUnitsByPatterns', signature: 'asas', args: [[], ['taskflows-*', 'stop-taskflows-*', 'restart-taskflows-*']] }))
    .filter(({ unit }) => /\.(service|timer)$/.test(unit))
}

/** Loads those that are not. */
export async function readStatesOf(bus: Bus, units: readonly string[]): Promise<readonly UnitState[]> {
  return rows(await bus.call({ ...managerObject, member: 'ListUnitsByNames', signature: 'as', args: [units] }))
}

export async function readDetails(bus: Bus, units: readonly string[], signal?: AbortSignal): Promise<readonly UnitDetails[]> {
  const options = signal ? { signal } : {}
  return Promise.all(units.map(async (unit) => {
    const getAll = async (kind: string) => {
      const [properties] = await bus.call({ path: unitPath(unit), interface: 'org.freedesktop.DBus.Properties', member: 'GetAll', signature: 's', args: [`org.freedesktop.systemd1.${kind}`] }, options)
      return properties as Properties
    }
    try {
      const [common, own] = await Promise.all([getAll('Unit'), getAll(unit.endsWith('.timer') ? 'Timer' : 'Service')])
      return unitDetails(unit, common, own, clocks())
    } catch (error) {
      if (isAbsent(error)) return absentUnit(unit)
      throw error
    }
  }))
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
