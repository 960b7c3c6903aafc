/**
 * The services of one host: `Services` over the managers of systemd. Here is
 * what is read to answer questions; what changes something is in
 * `change-services.ts`, loaded when it is wanted.
 */
import { activeRuns } from './active-runs.ts'
import { describeSchedule } from './describe-schedule.ts'
import { driftIn, driftOf } from './drift.ts'
import { withEnvironmentDrift } from './environment-drift.ts'
import type { ServicesHost } from '../host.ts'
import { type Inventory, findService, findServices, readInventories } from './inventory.ts'
import { type FoundService, matching } from './match-services.ts'
import { nextRunsOf, periodicRuns } from './next-runs.ts'
import { listVersions } from '../apply/restore-version.ts'
import type { ServiceManager, UnitDetails } from '../service-manager.ts'
import type { NextRuns, ServiceFile, ServiceView, Services } from '../services.ts'
import { factsOf, isPeriodic, schedulesOf } from './unit-facts.ts'
import type { AppliedVersion, ServiceVersions } from '../versions.ts'
import { viewOf } from './views.ts'

/** systemd reads a unit anew that it does not keep in mind, and has nothing to tell of it; of few it is asked all the same. */
const fewServices = 20

export function createServices(host: ServicesHost): Services {
  const { versions, clock } = host
  const changes = async () => (await import('../apply/change-services.ts')).createChanges(host)

  const driftNow = (service: FoundService, details: ReadonlyMap<string, UnitDetails>, { latest }: LatestVersions = versions) => driftIn(service, details, latest(service.scope, service.definedAs))

  async function viewsOf({ manager, states }: Inventory, services: readonly FoundService[], detailed: LatestVersions | undefined): Promise<ServiceView[]> {
    const runs = activeRuns(states.values())
    const asked = detailed ? services.flatMap(({ name, units }) => [...(runs.get(name) ?? []).map(({ unit }) => unit), units.get('service'), units.get('timer')].filter((unit) => unit !== undefined && (states.has(unit) || services.length <= fewServices))) as string[] : []
    const [details, elapses] = await Promise.all([detailsOf(manager, asked), elapsesOf(manager, detailed ? [] : services.flatMap((service) => periodicTimer(service, states) ?? []))])
    return services.map((service) => viewOf(service, { states, details, elapses, runs: runs.get(service.name) ?? [], drift: detailed ? driftNow(service, details, detailed) : driftOf(service.installed, undefined), nowMs: clock.now() }))
  }

  return {
    async list({ match, scope }, { details = true } = {}) {
      const inventories = await readInventories(host, scope)
      const read = details ? readOnce(versions) : undefined
      const views = (await Promise.all(inventories.map((inventory) => viewsOf(inventory, matching(inventory.services, match), read)))).flat()
      return read ? withEnvironmentDrift(views, { ...host, versions: read }) : views
    },
    async get(name, scope) {
      const { inventory, service } = await findService(host, name, scope)
      const runs = activeRuns(inventory.states.values()).get(service.name) ?? []
      const details = await detailsOf(inventory.manager, [...service.units.values(), ...runs.map(({ unit }) => unit)])
      const kept = versions.all(service.scope, service.definedAs)
      const view = viewOf(service, { states: inventory.states, details, runs, drift: driftNow(service, details), nowMs: clock.now() })
      return { view: (await withEnvironmentDrift([view], host))[0]!, definition: kept[0]?.definition ?? null, units: [...details.values()], versions: listVersions(kept, true) }
    },
    async files(match) {
      const found = await findServices(host, match, false)
      // Instances share the files of their template.
      const services = new Map(found.flatMap(({ services }) => services.map((service) => [`${service.scope} ${service.definedAs}`, service])))
      return [...services.values()].flatMap(filesOf)
    },
    async next(match, count) {
      const found = await findServices(host, match)
      return (await Promise.all(found.map(({ inventory, services }) => nextOf(inventory, services, count, clock.now())))).flat()
    },
    why: async (name, scope) => (await import('../why/read-facts.ts')).explain(host, name, scope),
    plan: async (...given) => (await changes()).plan(...given),
    apply: async (...given) => (await changes()).apply(...given),
    act: async (...given) => (await changes()).act(...given),
    rollback: async (...given) => (await changes()).rollback(...given),
  }
}

type LatestVersions = Pick<ServiceVersions, 'latest'>

/** For one answer: each is a file to read. */
function readOnce({ latest }: LatestVersions): LatestVersions {
  const known = new Map<string, AppliedVersion | undefined>()
  return {
    latest: (scope, name) => {
      const key = `${scope} ${name}`
      if (!known.has(key)) known.set(key, latest(scope, name))
      return known.get(key)
    },
  }
}

/** A template itself has no state. */
async function detailsOf(manager: ServiceManager, units: readonly string[]): Promise<Map<string, UnitDetails>> {
  const real = units.filter((unit) => !unit.includes('@.'))
  return new Map(real.length === 0 ? [] : (await manager.details(real)).map((details) => [details.unit, details]))
}

/** Of one that runs; of calendars the time can be told without systemd. */
function periodicTimer({ units, installed }: FoundService, states: Inventory['states']): string | undefined {
  const timer = units.get('timer')
  const counts = timer !== undefined && states.get(timer)?.activeState === 'active' && isPeriodic(installed.find(({ role }) => role === 'timer')?.text ?? '')
  return counts ? timer : undefined
}

async function elapsesOf(manager: ServiceManager, timers: readonly string[]): Promise<ReadonlyMap<string, number | null>> {
  const moments = timers.length === 0 ? [] : await manager.nextElapses(timers)
  return new Map(timers.map((timer, at) => [timer, moments[at]!]))
}

function filesOf({ definedAs, scope, installed }: FoundService): ServiceFile[] {
  return installed.flatMap(({ unit, path, text, dropIns }): ServiceFile[] => [
    { service: definedAs, scope, unit, path, content: text, kind: 'unit' },
    ...dropIns.map((dropIn): ServiceFile => ({ service: definedAs, scope, unit, path: dropIn.path, content: dropIn.text, kind: 'drop-in' })),
  ])
}

/** Of periods only systemd knows when they began. */
async function nextOf({ manager, states }: Inventory, services: readonly FoundService[], count: number, nowMs: number): Promise<NextRuns[]> {
  const scheduled = services.flatMap((service) => {
    const timer = service.units.get('timer')
    const file = service.installed.find(({ role }) => role === 'timer')
    return timer === undefined || file === undefined ? [] : [{ service, timer, schedules: schedulesOf(factsOf(file.text)) }]
  })
  const elapses = await elapsesOf(manager, scheduled.flatMap(({ service }) => periodicTimer(service, states) ?? []))
  return scheduled.flatMap(({ service, timer, schedules }) => schedules.map((schedule): NextRuns => {
    const armed = states.get(timer)?.activeState === 'active'
    const runs = schedule.kind === 'calendar' ? nextRunsOf([schedule], count, nowMs) : periodicRuns(schedule, elapses.get(timer) ?? null, count)
    return { service: service.name, scope: service.scope, schedule: describeSchedule(schedule), armed, runs: armed ? runs : [] }
  }))
}
