/**
 * The services of one host: `Services` over the managers of systemd. Here is
 * what is read for each question; what follows from it is decided in the files
 * beside this one.
 */
import { TaskflowsError } from '../../kernel/errors.ts'
import { isGlob } from '../../kernel/glob.ts'
import { act, deedsOf } from './act-on-services.ts'
import { applyPlan } from './apply-services.ts'
import { describeSchedule } from './describe-schedule.ts'
import { driftIn, driftOf } from './drift.ts'
import type { ServicesHost } from './host.ts'
import { type Found, type Inventory, findService, findServices, readInventories } from './inventory.ts'
import { type FoundService, matching } from './match-services.ts'
import { nextRunsOf, periodicRuns } from './next-runs.ts'
import { type Prepared, prepareCompiled, prepareDefinitions, refuseFaults } from './prepare-services.ts'
import { removeServices } from './remove-services.ts'
import { compiledAs, listVersions, versionToRestore } from './restore-version.ts'
import type { ServiceManager, UnitDetails } from './service-manager.ts'
import { serverName } from './service-name.ts'
import type { ActOptions, ApplyOptions, ApplyResult, NextRuns, ServiceFile, ServiceVerb, ServiceView, Services } from './services.ts'
import { factsOf, schedulesOf } from './unit-facts.ts'
import { viewOf } from './views.ts'

export function createServices(host: ServicesHost): Services {
  const { versions, clock } = host

  const driftNow = (service: FoundService, details: ReadonlyMap<string, UnitDetails>) => driftIn(service, details, versions.latest(service.scope, service.definedAs))

  async function viewsOf({ manager, states }: Inventory, services: readonly FoundService[], detailed: boolean): Promise<ServiceView[]> {
    const asked = detailed ? services.flatMap(({ units }) => [units.get('service'), units.get('timer')].filter((unit) => unit !== undefined)) : []
    const details = await detailsOf(manager, asked)
    return services.map((service) => viewOf(service, { states, details, drift: detailed ? driftNow(service, details) : driftOf(service.installed, undefined), nowMs: clock.now() }))
  }

  async function changing(prepare: () => Promise<Prepared>, options: ApplyOptions): Promise<ApplyResult> {
    await using _ = await versions.lock(`apply by ${options.by}`, options.onProgress ?? (() => {}))
    const { plan, batches } = await prepare()
    refuseFaults(plan)
    return applyPlan(plan, batches, host, options)
  }

  return {
    async list({ match, scope }, { details = true } = {}) {
      const inventories = await readInventories(host, scope)
      return (await Promise.all(inventories.map((inventory) => viewsOf(inventory, matching(inventory.services, match), details)))).flat()
    },
    async get(name, scope) {
      const { inventory, service } = await findService(host, name, scope)
      const details = await detailsOf(inventory.manager, [...service.units.values()])
      const kept = versions.all(service.scope, service.definedAs)
      const view = viewOf(service, { states: inventory.states, details, drift: driftNow(service, details), nowMs: clock.now() })
      return { view, definition: kept[0]?.definition ?? null, units: [...details.values()], versions: listVersions(kept, true) }
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
    plan: async (definitions, options = {}) => (await prepareDefinitions(definitions, host, { ...options, offline: true })).plan,
    apply: (definitions, options) => changing(() => prepareDefinitions(definitions, host, options), options),
    async act(verb, match, options = {}) {
      const chosen = async () => withoutServer(await findServices(host, match), match.match, options)
      if (verb === 'remove') {
        const by = options.by ?? 'somebody'
        await using _ = await versions.lock(`remove by ${by}`, () => {})
        return (await Promise.all((await chosen()).map(({ inventory, services }) => removeServices(inventory, services, host, by)))).flat()
      }
      const parts = (await chosen()).map(({ inventory, services }) => ({ manager: inventory.manager, services, deeds: services.flatMap((service) => deedsOf(verb, service, options)) }))
      refuseNoDeeds(verb, match.match, parts)
      return (await Promise.all(parts.map(({ manager, deeds }) => act(deeds, manager, clock, options)))).flat()
    },
    async rollback(name, options) {
      const version = await versionToRestore(name, options, host)
      const { start, note = `restored version ${version.version}` } = options
      return changing(() => prepareCompiled([compiledAs(version)], host, start === undefined ? {} : { start }), { ...options, note })
    },
  }
}

/** Patterns pass the server's own service by. @throws `service.protected` when it is named */
function withoutServer(found: readonly Found[], match: string | undefined, { server = false }: ActOptions): readonly Found[] {
  if (server) return found
  const isServer = ({ name }: FoundService): boolean => name === serverName
  if (match !== undefined && !isGlob(match) && found.some(({ services }) => services.some(isServer))) {
    throw new TaskflowsError('service.protected', `${serverName} is the server itself`, { details: { name: serverName } })
  }
  return found.map(({ inventory, services }) => ({ inventory, services: services.filter((service) => !isServer(service)) }))
}

/** Doing nothing must not look like success. @throws `service.not_found` */
function refuseNoDeeds(verb: ServiceVerb, match: string | undefined, parts: readonly { readonly services: readonly unknown[]; readonly deeds: readonly unknown[] }[]): void {
  if (match === undefined || parts.every(({ services }) => services.length === 0) || parts.some(({ deeds }) => deeds.length > 0)) return
  throw new TaskflowsError('service.not_found', `${match} has no timer to ${verb}`, { details: { name: match }, hint: 'Without --timers the verb is about the service.' })
}

/** A template itself has no state. */
async function detailsOf(manager: ServiceManager, units: readonly string[]): Promise<Map<string, UnitDetails>> {
  const real = units.filter((unit) => !unit.includes('@.'))
  return new Map(real.length === 0 ? [] : (await manager.details(real)).map((details) => [details.unit, details]))
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
  const details = await detailsOf(manager, scheduled.filter(({ schedules }) => schedules.some(({ kind }) => kind === 'periodic')).map(({ timer }) => timer))
  return scheduled.flatMap(({ service, timer, schedules }) => schedules.map((schedule): NextRuns => {
    const armed = states.get(timer)?.activeState === 'active'
    const runs = schedule.kind === 'calendar' ? nextRunsOf([schedule], count, nowMs) : periodicRuns(schedule, details.get(timer)?.nextElapseAt ?? null, count)
    return { service: service.name, scope: service.scope, schedule: describeSchedule(schedule), armed, runs: armed ? runs : [] }
  }))
}
