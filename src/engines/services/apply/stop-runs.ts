/** Stops what runs of services beside them. Which there are only the manager knows, from moment to moment. */
import { activeRuns } from '../look/active-runs.ts'
import type { ServiceManager, UnitOutcome } from '../service-manager.ts'

export interface StoppedRun {
  readonly service: string
  readonly outcome: UnitOutcome
}

/** @param services by name, of which nothing begins another run any more */
export async function stopRuns(services: ReadonlySet<string>, manager: Pick<ServiceManager, 'states' | 'act'>): Promise<readonly StoppedRun[]> {
  if (services.size === 0) return []
  const runs = [...activeRuns(await manager.states())].filter(([service]) => services.has(service)).flatMap(([service, units]) => units.map(({ unit }) => ({ service, unit })))
  const outcomes = await manager.act('stop', runs.map(({ unit }) => unit))
  return runs.map(({ service }, at) => ({ service, outcome: outcomes[at]! }))
}
