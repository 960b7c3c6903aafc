/** Runs that go on in units of their own, beside their service: those that `overlap: 'allow'` lets begin, and times that are made up for. Pure. */
import { runUnitOf } from '../run-units.ts'
import type { UnitDetails, UnitState } from '../service-manager.ts'

/** By service. Of most there are none. @param units that the manager has loaded */
export function activeRuns<U extends UnitState>(units: Iterable<U>): ReadonlyMap<string, readonly U[]> {
  const found = new Map<string, U[]>()
  for (const unit of units) {
    const run = isActive(unit) ? runUnitOf(unit.unit) : undefined
    if (run !== undefined && run.kind !== 'service') found.set(run.service, [...found.get(run.service) ?? [], unit])
  }
  return found
}

export function isActive({ activeState }: Pick<UnitState, 'activeState'>): boolean {
  return activeState !== 'inactive' && activeState !== 'failed'
}

/** The sum of what is known of some, such as their memory; `null` when nothing is. */
export function sumOf(units: readonly UnitDetails[], value: (unit: UnitDetails) => number | null): number | null {
  return units.map(value).filter((each) => each !== null).reduce<number | null>((sum, each) => (sum ?? 0) + each, null)
}

export function latest(...moments: readonly (number | null | undefined)[]): number | null {
  const known = moments.filter((at) => at !== null && at !== undefined)
  return known.length === 0 ? null : Math.max(...known)
}
