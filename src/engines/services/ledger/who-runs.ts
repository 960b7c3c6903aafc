/** Whether runs go on, asked of their manager: a wrong guess would end a run in the ledger that goes on in the world. */
import type { ServiceManager, UnitDetails } from '../service-manager.ts'
import type { ServiceRun } from './service-run.ts'
import { isRunOver } from './unit-runs.ts'

/** The invocations of those that do; `undefined`: the manager does not answer. @param known what it is known to say: about those that run by it nothing is asked */
export async function whoRuns(manager: Pick<ServiceManager, 'details'>, runs: readonly ServiceRun[], known: ReadonlyMap<string, UnitDetails>): Promise<ReadonlySet<string> | undefined> {
  const unitOf = ({ service }: ServiceRun) => `taskflows-${service}.service`
  const goesOn = (run: ServiceRun, details: UnitDetails | undefined) => details !== undefined && details.invocationId === run.invocationId && !isRunOver(details, true)
  const doubtful = runs.filter((run) => !goesOn(run, known.get(unitOf(run))))
  try {
    const answers = new Map((doubtful.length === 0 ? [] : await manager.details([...new Set(doubtful.map(unitOf))])).map((details) => [details.unit, details]))
    return new Set(runs.filter((run) => !doubtful.includes(run) || goesOn(run, answers.get(unitOf(run)))).flatMap(({ invocationId }) => invocationId ?? []))
  } catch {
    return undefined
  }
}
