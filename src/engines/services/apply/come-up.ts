/**
 * Whether what was started or restarted came up: the outcome of its job, then a
 * short while in which it must not fail, or its health check.
 */
import { untilHealthy } from './health-check.ts'
import type { ServicesHost } from '../host.ts'
import { untilContainersRun } from './containers-run.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import type { ServiceManager, UnitDetails, UnitOutcome, UnitState } from '../service-manager.ts'

/** A program that cannot work mostly says so within this time of its start. */
const settleMs = 800

export interface Started {
  readonly unit: string
  readonly definition: ServiceDefinition
  /** It runs in a container. */
  readonly contained: boolean
}

/** Why each unit did not come up, in words; those that did are not in it. */
export async function problemsOf(started: readonly Started[], outcomes: readonly UnitOutcome[], manager: ServiceManager, host: Pick<ServicesHost, 'clock' | 'probe' | 'containerRuntime'>): Promise<Map<string, string>> {
  const problems = new Map(outcomes.filter(isFailure).map(({ unit, result, problem }) => [unit, problem ?? `systemd says: ${result}`]))
  const alive = started.filter(({ unit }) => !problems.has(unit))
  const checked = alive.filter(({ definition }) => definition.healthCheck)
  const contained = alive.filter((service) => service.contained && service.definition.type !== 'oneshot').map(({ unit }) => unit)
  const settling = untilContainersRun(contained, manager, host).then(() => settle(alive.map(({ unit }) => unit), manager, host))
  await Promise.all(checked.map(async ({ unit, definition }) => {
    const unitProblem = async () => (await problemsNow([unit], manager)).get(unit) ?? null
    const problem = await untilHealthy(definition, { ...host, unitProblem })
    if (problem !== null) problems.set(unit, problem)
  }))
  for (const [unit, problem] of await settling) if (!problems.has(unit)) problems.set(unit, problem)
  return problems
}

export function isFailure({ result }: UnitOutcome): boolean {
  return result !== 'done' && result !== 'skipped'
}

/** By signals: one that systemd starts again soon is down for less time than lies between two looks. */
async function settle(units: readonly string[], manager: ServiceManager, { clock }: Pick<ServicesHost, 'clock'>): Promise<Map<string, string>> {
  const problems = new Map<string, string>()
  const wanted = new Set(units)
  if (units.length === 0) return problems
  const settled = new AbortController()
  using _ = clock.timer(settleMs, () => settled.abort())
  const note = (pictures: readonly UnitDetails[]): void => {
    for (const [unit, problem] of problemsIn(pictures)) if (wanted.has(unit)) problems.set(unit, problem)
  }
  for await (const told of manager.watch(settled.signal)) {
    note(told.kind === 'lost' ? await manager.details(await endedOf(units, manager)) : [...told.seen, ...told.units])
    if (problems.size === wanted.size) return problems
  }
  note(await manager.details(await endedOf(units, manager)))
  return problems
}

async function endedOf(units: readonly string[], manager: ServiceManager): Promise<readonly string[]> {
  const states = new Map((await manager.states()).map((state) => [state.unit, state]))
  return units.filter((unit) => states.has(unit) && hasEnded(states.get(unit)!))
}

function hasEnded({ activeState, subState }: UnitState): boolean {
  return activeState === 'failed' || subState.startsWith('auto-restart')
}

async function problemsNow(units: readonly string[], manager: ServiceManager): Promise<Map<string, string>> {
  return problemsIn(await manager.details(units))
}

function problemsIn(pictures: readonly UnitDetails[]): Map<string, string> {
  return new Map(pictures.flatMap((details) => {
    const problem = problemIn(details)
    return problem === null ? [] : [[details.unit, problem]]
  }))
}

/** One that ended well and is started again, as its restart policy says, has not failed. */
function problemIn({ result, exitCode, exitSignal, ...state }: UnitDetails): string | null {
  if (!hasEnded(state) || result === 'success' || result === null) return null
  const how = exitSignal !== null ? `was ended by ${exitSignal}` : exitCode !== null ? `ended with exit code ${exitCode}` : 'failed'
  return `${how} soon after its start${result === 'exit-code' || result === 'signal' ? '' : ` (${result})`}`
}
