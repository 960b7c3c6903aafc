/** What is asked of the manager to explain why something did not run. By org.freedesktop.systemd1(5). */
import type { UnitConditions } from '../../../engines/services/service-manager.ts'
import { type Bus, managerObject } from './bus.ts'
import { unitPath } from './unit-details.ts'

/** Name, whether one of several is enough, whether it is negated, its value, and how it was: above 0 met, below 0 not, 0 not looked at. */
type Condition = readonly [string, boolean, boolean, string, number]

export async function readConditions(bus: Bus, unit: string): Promise<UnitConditions> {
  const [conditions, conditionsAt, asserts, assertsAt] = await Promise.all(
    ['Conditions', 'ConditionTimestamp', 'Asserts', 'AssertTimestamp'].map((name) => property(bus, unitPath(unit), 'org.freedesktop.systemd1.Unit', name)),
  ) as [readonly Condition[], number, readonly Condition[], number]
  return {
    lookedAt: Math.max(conditionsAt, assertsAt) / 1000 || null,
    unmet: [...conditions, ...asserts].filter(([, , , , state]) => state < 0).map(([name, , negated, value]) => `${name}=${negated ? '!' : ''}${value}`),
  }
}

export async function managerSince(bus: Bus): Promise<number | null> {
  return await property(bus, managerObject.path, managerObject.interface, 'UserspaceTimestamp') as number / 1000 || null
}

async function property(bus: Bus, path: string, of: string, name: string): Promise<unknown> {
  const [value] = await bus.call({ path, interface: 'org.freedesktop.DBus.Properties', member: 'Get', signature: 'ss', args: [of, name] })
  return value
}
