/** Whether runs go on, asked of their manager: a wrong guess would end a run in the ledger that goes on in the world. */
import { runUnitOf, serviceOfUnit } from '../run-units.ts'
import type { ServiceManager, UnitDetails } from '../service-manager.ts'
import type { ServiceRun } from './service-run.ts'
import { isRunOver } from './unit-runs.ts'

type Asked = Pick<ServiceManager, 'states' | 'details'>

/** The invocations of those that do; `undefined`: the manager does not answer. @param known what it is known to say: about those that run by it nothing is asked */
export async function whoRuns(manager: Asked, runs: readonly ServiceRun[], known: ReadonlyMap<string, UnitDetails>): Promise<ReadonlySet<string> | undefined> {
  const going = goingOn([...known.values()])
  const doubtful = new Set(runs.flatMap(({ invocationId, service }) => (going.has(invocationId!) ? [] : [service])))
  try {
    const answers = doubtful.size === 0 ? going : await askAbout(doubtful, manager)
    return new Set(runs.flatMap(({ invocationId }) => (going.has(invocationId!) || answers.has(invocationId!) ? [invocationId!] : [])))
  } catch {
    return undefined
  }
}

async function askAbout(services: ReadonlySet<string>, manager: Asked): Promise<ReadonlySet<string>> {
  const active = (await manager.states()).filter(({ unit, activeState }) => activeState !== 'inactive' && activeState !== 'failed' && services.has(serviceOfUnit(unit) ?? ''))
  return goingOn(active.length === 0 ? [] : await manager.details(active.map(({ unit }) => unit)))
}

function goingOn(units: readonly UnitDetails[]): ReadonlySet<string> {
  return new Set(units.flatMap((details) => (runUnitOf(details.unit) !== undefined && details.invocationId !== null && !isRunOver(details, true) ? [details.invocationId] : [])))
}
