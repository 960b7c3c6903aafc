/** Which units of a service a verb is about, and the doing of it: each unit has its outcome. */
import type { Clock } from '../../../kernel/clock.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { begin } from './apply-services.ts'
import type { FoundService } from '../look/match-services.ts'
import type { ServiceManager, UnitOutcome, UnitVerb } from '../service-manager.ts'
import { isTimer } from '../look/service-units.ts'
import { stopRuns } from './stop-runs.ts'
import type { ActOptions, ActedUnit, ServiceVerb } from '../services.ts'
import { factsOf, firstOf, schedulesOf } from '../look/unit-facts.ts'

type Verb = Exclude<ServiceVerb, 'remove'>

export interface Deed {
  readonly service: FoundService
  readonly unit: string
  /** What systemd is told; enabling is no job. */
  readonly verb: UnitVerb | 'enable' | 'disable'
}

/**
 * Starting what has a schedule starts the schedule (decision 29), and restarting it leaves a service alone that waits for
 * its next run. Stopping and disabling are about all of it. Stop and restart schedules go with the timers.
 */
export function deedsOf(verb: Verb, service: FoundService, { timers = false, services = false }: Pick<ActOptions, 'timers' | 'services'>): Deed[] {
  const isScheduled = startsByItself(service)
  const [onlyTimers, onlyServices] = [timers && !services, services && !timers]
  const arms = verb === 'start' || verb === 'enable'
  return [...service.units].flatMap(([role, unit]): Deed[] => {
    const wanted = isTimer(role) ? !onlyServices : role === 'service' && !onlyTimers && (onlyServices || !arms || !isScheduled)
    if (!wanted) return []
    return [{ service, unit, verb: verb === 'restart' && !isTimer(role) && isScheduled && !onlyServices ? 'try-restart' : verb }]
  })
}

/** A period that begins by command has nothing to begin it but a start of the service. */
function startsByItself({ units, installed }: FoundService): boolean {
  if (!units.has('timer')) return false
  const schedules = schedulesOf(factsOf(installed.find(({ role }) => role === 'timer')?.text ?? ''))
  return schedules.length === 0 || schedules.some((schedule) => schedule.kind === 'calendar' || schedule.startOn !== 'command')
}

export async function act(deeds: readonly Deed[], manager: ServiceManager, clock: Clock, options: Pick<ActOptions, 'wait' | 'signal'>): Promise<ActedUnit[]> {
  const byVerb = [...Map.groupBy(deeds, ({ verb }) => verb)]
  const outcomes = (await Promise.all(byVerb.map(async ([verb, some]) => (
    verb === 'enable' || verb === 'disable' ? enable(manager, some.map(({ unit }) => unit), verb === 'enable') : run(manager, verb, some, clock, options)
  )))).flat()
  // systemd keeps in mind what is enabled until it reads its units anew.
  if (deeds.some(({ verb }) => verb === 'enable' || verb === 'disable')) await manager.reload()
  const found = new Map(outcomes.map((outcome) => [outcome.unit, outcome]))
  return deeds.map(({ service, unit }) => acted(service, found.get(unit) ?? { unit, result: 'done' }))
}

/** What runs beside services, once they and their timers were stopped. */
export async function stopRunsOf(services: readonly FoundService[], manager: ServiceManager): Promise<ActedUnit[]> {
  const byName = new Map(services.map((service) => [service.name, service]))
  // What a timer has just started begins its run now, or does not any more.
  await manager.act('stop', services.flatMap(({ units }) => (units.has('run-service') ? units.get('start-service') ?? [] : [])))
  return (await stopRuns(new Set(byName.keys()), manager)).map(({ service, outcome }) => acted(byName.get(service)!, outcome))
}

export function acted({ name, scope }: Pick<FoundService, 'name' | 'scope'>, { unit, result, problem = null }: Omit<UnitOutcome, 'problem'> & { readonly problem?: string | null | undefined }): ActedUnit {
  return { service: name, scope, unit, result, problem }
}

async function run(manager: ServiceManager, verb: UnitVerb, deeds: readonly Deed[], clock: Clock, { wait = false, signal }: Pick<ActOptions, 'wait' | 'signal'>): Promise<readonly UnitOutcome[]> {
  const units = deeds.map(({ unit }) => unit)
  // One that failed too often in a row may be started again by a person.
  if (verb !== 'stop') await manager.resetFailed(units.filter((unit) => unit.endsWith('.service')))
  if (wait) return manager.act(verb, units, { wait, ...(signal && { signal }) })
  const long = new Set(deeds.filter(({ service, unit }) => unit === service.units.get('service') && isOneshot(service)).map(({ unit }) => unit))
  return begin(manager, verb, units, clock, (unit) => verb !== 'stop' && long.has(unit))
}

function isOneshot({ installed }: FoundService): boolean {
  return firstOf(factsOf(installed.find(({ role }) => role === 'service')?.text ?? ''), 'Service.Type') === 'oneshot'
}

/** All at once; when that is refused one by one, so that the refusal has a name. */
async function enable(manager: ServiceManager, units: readonly string[], on: boolean): Promise<readonly UnitOutcome[]> {
  try {
    await manager.setEnabled(units, on)
    return units.map((unit) => ({ unit, result: 'done' }))
  } catch (error) {
    if (!(error instanceof TaskflowsError) || error.code !== 'systemd.refused') throw error
    if (units.length === 1) return [{ unit: units[0]!, result: 'refused', problem: messageOf(error) }]
    return (await Promise.all(units.map((unit) => enable(manager, [unit], on)))).flat()
  }
}
