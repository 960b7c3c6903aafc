/**
 * The services of the host as a server sees them: lists are answered from what
 * signals keep up to date, and what becomes of services is told as it happens.
 * What changes something goes to `create-services.ts` and the managers themselves.
 */
import { type Lifecycle, lifecycle } from '../../../kernel/lifecycle.ts'
import { createServices } from '../look/create-services.ts'
import { driftIn } from '../look/drift.ts'
import { withEnvironmentDrift } from '../look/environment-drift.ts'
import type { ServicesHost } from '../host.ts'
import type { RunCollector } from '../ledger/collect-runs.ts'
import { activeRuns, isActive } from '../look/active-runs.ts'
import { type Inventory, readInventories } from '../look/inventory.ts'
import { type LiveUnits, createLiveUnits } from './live-units.ts'
import { type FoundService, matching } from '../look/match-services.ts'
import type { ServiceEvent } from './service-events.ts'
import { isSingleRun, serviceOfUnit, serviceUnit } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import { type ScheduledService, scheduledService } from '../slots/scheduled-services.ts'
import type { InstalledUnit, ServiceManager, UnitDetails } from '../service-manager.ts'
import type { ActedUnit, ServiceMatch, ServiceView, Services } from '../services.ts'
import { viewOf } from '../look/views.ts'

/** Whether files of units changed since it was asked last. */
export interface FileChanges extends Disposable {
  changed(): boolean
}

export interface LiveServicesParts {
  readonly services: Services
  readonly host: ServicesHost
  readonly watchFiles: (directory: string) => FileChanges
  readonly onEvents: (events: readonly ServiceEvent[]) => void
  /** Who keeps the ledger of the runs of a manager. @param known what it is known to say of its units, however old */
  readonly collectRuns: (manager: ServiceManager, known: () => ReadonlyMap<string, UnitDetails>) => RunCollector
  /** A manager that is away is asked for again, by itself. */
  readonly onTrouble: (error: unknown) => void
}

export interface LiveServices extends Services, Lifecycle {
  /** Each service, or instance of a template, that is known at this moment. */
  states(): readonly (UnitDetails & { readonly name: string })[]
  /** Those that are to begin by themselves, as they are known; of a manager that is away none. */
  scheduled(): Promise<readonly ScheduledService[]>
  /** Resolves when what systemd wrote until that moment is in the ledger, or when it cannot be. Default: what it wrote while nobody listened. */
  caughtUp(moment?: number): Promise<void>
}

export function createLiveServices({ services, host, watchFiles, onEvents, collectRuns, onTrouble }: LiveServicesParts): LiveServices {
  const sights = new Map<ServiceScope, Sight>()
  let isOver = true

  /** Scopes get their first services while the server runs, too. */
  const sightOf = (scope: ServiceScope): Sight => {
    const sight = sights.get(scope) ?? createSight(host.manager(scope), { host, watchFiles, onEvents, collectRuns, onTrouble })
    sights.set(scope, sight)
    if (!isOver) void sight.units.start()
    return sight
  }
  /** Managers that answer from what is known, where it can be. */
  const known: ServicesHost = { ...host, manager: (scope) => sightOf(scope).manager }
  const quick = createServices(known)

  /** What a command did is seen by the next question, also if its signals are still on their way. */
  const settle = async (units: readonly Pick<ActedUnit, 'scope' | 'unit'>[]): Promise<void> => {
    for (const [scope, some] of Map.groupBy(units, ({ scope }) => scope)) {
      await sightOf(scope).units.refresh([...new Set(some.map(({ unit }) => unit))].filter((unit) => !unit.includes('@.') && !isSingleRun(unit))).catch(onTrouble)
    }
  }
  const unitsOf = (names: readonly Pick<ServiceView, 'name' | 'scope'>[]) =>
    names.flatMap(({ name, scope }) => [serviceUnit(name), `taskflows-${name}.timer`].map((unit) => ({ scope, unit })))

  const list = async ({ match, scope }: ServiceMatch, { details: detailed = true } = {}): Promise<readonly ServiceView[]> => {
    const scopes = scope ? [scope] : host.scopes()
    const details = await Promise.all(scopes.map((each) => sightOf(each).units.details()))
    // Whoever asks hears why the manager is away.
    if (details.some((each) => each === undefined)) return services.list({ ...(match !== undefined && { match }), ...(scope && { scope }) }, { details: detailed })
    return withEnvironmentDrift((await Promise.all(scopes.map((each) => sightOf(each).list(match)))).flat(), host)
  }

  return {
    ...services, list,
    get: quick.get,
    next: quick.next,
    async apply(definitions, options) {
      const result = await services.apply(definitions, options)
      await settle(unitsOf(result.services))
      return result
    },
    async rollback(name, options) {
      const result = await services.rollback(name, options)
      await settle(unitsOf(result.services))
      return result
    },
    async act(verb, match, options) {
      const units = await services.act(verb, match, options)
      await settle(units)
      return units
    },
    states: () => [...sights.values()].flatMap(({ units }) => statesOf(units.known)),
    scheduled: async () => (await Promise.all(host.scopes().map((scope) => sightOf(scope).scheduled()))).flat(),
    caughtUp: async (moment) => { await Promise.all([...sights.values()].map((sight) => sight.caughtUp(moment))) },
    ...lifecycle({
      start: async () => {
        isOver = false
        for (const scope of host.scopes()) sightOf(scope)
        // The first list is made before anybody waits for it.
        list({}).catch(onTrouble)
      },
      stop: async () => {
        isOver = true
        await Promise.all([...sights.values()].map((sight) => sight[Symbol.asyncDispose]()))
        sights.clear()
      },
    }),
  }
}

/** One scope, as it is known. */
interface Sight extends AsyncDisposable {
  readonly units: LiveUnits
  /** The real one, but for what is known. */
  readonly manager: ServiceManager
  list(match: string | undefined): Promise<readonly ServiceView[]>
  scheduled(): Promise<readonly ScheduledService[]>
  caughtUp(moment?: number): Promise<void>
}

function createSight(manager: ServiceManager, { host, watchFiles, onEvents, collectRuns, onTrouble }: Omit<LiveServicesParts, 'services'>): Sight {
  const files = watchFiles(manager.directory)
  let installed: Promise<readonly InstalledUnit[]> | undefined
  const readDisk = async (): Promise<readonly InstalledUnit[]> => {
    if (files.changed()) installed = undefined
    try {
      return await (installed ??= manager.installed())
    } catch (error) {
      installed = undefined
      throw error
    }
  }
  const runs = collectRuns(manager, () => units.known)
  const units: LiveUnits = createLiveUnits({
    manager, clock: host.clock, onEvents, onTrouble,
    onSeen: runs.see, onRead: runs.settle,
    unitsOnDisk: async () => (await readDisk()).map(({ unit }) => unit).filter((unit) => !unit.includes('@.')),
  })
  const known: ServiceManager = { ...manager, installed: readDisk, states: async () => [...(await units.details())?.values() ?? await manager.states()] }
  const views = new Map<string, Remembered>()
  let inventory: { readonly files: readonly InstalledUnit[]; readonly generation: number; readonly services: readonly FoundService[] } | undefined

  const servicesNow = async (): Promise<readonly FoundService[]> => {
    const [files, { generation }] = [await readDisk(), units]
    if (inventory?.files !== files || inventory.generation !== generation) {
      const [{ services }] = await readInventories({ ...host, manager: () => known }, manager.scope) as [Inventory]
      inventory = { files, generation, services }
    }
    return inventory.services
  }
  const view = (service: FoundService, runs: readonly UnitDetails[]): ServiceView => {
    const seen = [...[service.units.get('service'), service.units.get('timer')].map((unit) => (unit === undefined ? undefined : units.known.get(unit))), ...runs]
    const before = views.get(service.name)
    if (before !== undefined && before.view.drift.length === 0 && isSame(before.files, service.installed) && isSame(before.seen, seen)) return before.view
    const details = new Map(seen.flatMap((each) => (each === undefined ? [] : [[each.unit, each]])))
    const drift = driftIn(service, details, host.versions.latest(service.scope, service.definedAs))
    const made = viewOf(service, { states: units.known, details, runs, drift, nowMs: host.clock.now() })
    views.set(service.name, { view: made, files: service.installed, seen })
    return made
  }

  return {
    units,
    manager: known,
    list: async (match) => {
      const services = matching(await servicesNow(), match)
      const runs = activeRuns(units.known.values())
      return services.map((service) => view(service, runs.get(service.name) ?? []))
    },
    scheduled: async () => {
      const details = await units.details()
      if (details === undefined) return []
      return (await servicesNow()).flatMap((service) => scheduledService(service, details, () => host.versions.latest(service.scope, service.definedAs)) ?? [])
    },
    caughtUp: (moment = 0) => runs.caughtUp(Math.max(moment, units.since)),
    [Symbol.asyncDispose]: async () => {
      files[Symbol.dispose]()
      await units.stop()
      await runs[Symbol.asyncDispose]()
    },
  }
}

/** Each service once: by a run of it that goes on, if one does. */
function statesOf(units: ReadonlyMap<string, UnitDetails>): readonly (UnitDetails & { readonly name: string })[] {
  const found = new Map<string, UnitDetails & { readonly name: string }>()
  for (const details of units.values()) {
    const name = serviceOfUnit(details.unit)
    const other = name === undefined ? undefined : found.get(name)
    if (name !== undefined && (other === undefined || (isActive(details) && !isActive(other)))) found.set(name, { ...details, name })
  }
  return [...found.values()]
}

/** A view with what it was made of. One that tells of drift is made anew each time, since a version may be kept meanwhile that ends it. */
interface Remembered {
  readonly view: ServiceView
  readonly files: readonly InstalledUnit[]
  readonly seen: readonly (UnitDetails | undefined)[]
}

function isSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at])
}
