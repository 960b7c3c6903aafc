/** The services that are on disk, one by one, and which of them a name or a pattern means. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isGlob, matchesGlob } from '../../../kernel/glob.ts'
import { nearest } from '../../../kernel/nearest.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { InstalledUnit, UnitRole } from '../service-manager.ts'
import { instanceUnit, isTemplate } from './service-units.ts'

/** A service on disk, or one instance of a template. */
export interface FoundService {
  /** `web`, or `worker@1`. */
  readonly name: string
  /** `web`, or `worker@`. */
  readonly definedAs: string
  readonly scope: ServiceScope
  readonly installed: readonly InstalledUnit[]
  /** The names of its units, with the instance in them. */
  readonly units: ReadonlyMap<UnitRole, string>
}

/**
 * @param instancesOf those of a template, such as `['1', '2']`
 * @returns by name. A template without instances is one service: itself
 */
export function servicesIn(installed: readonly InstalledUnit[], scope: ServiceScope, instancesOf: (template: string) => readonly string[]): FoundService[] {
  const services = [...Map.groupBy(installed, ({ service }) => service)].flatMap(([name, units]): FoundService[] => {
    const instances = isTemplate(name) ? instancesOf(name) : []
    return instances.length === 0 ? [serviceOf(name, name, scope, units)] : instances.map((instance) => serviceOf(name, name + instance, scope, units))
  })
  return services.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0))
}

function serviceOf(definedAs: string, name: string, scope: ServiceScope, installed: readonly InstalledUnit[]): FoundService {
  const instance = name.slice(definedAs.length)
  return { name, definedAs, scope, installed, units: new Map(installed.map(({ role, unit }) => [role, instance === '' ? unit : instanceUnit(unit, instance)])) }
}

/** Those that are meant by a name, a unit's name, the name of a template (its instances), or a pattern. All without one. */
export function matching(services: readonly FoundService[], match: string | undefined): FoundService[] {
  if (match === undefined || match === '*') return [...services]
  const found = services.filter(({ name, definedAs, units }) => [name, definedAs, `taskflows-${name}`, ...units.values()].some((known) => matchesGlob(known, match)))
  return found.length > 0 ? found : startedByName(services, match)
}

/** An instance that nobody named before: any template can be started with any. */
function startedByName(services: readonly FoundService[], match: string): FoundService[] {
  const [template, instance] = [match.slice(0, match.indexOf('@') + 1), match.slice(match.indexOf('@') + 1)]
  if (template === '' || instance === '' || isGlob(match)) return []
  return services.filter(({ definedAs }) => definedAs === template).slice(0, 1).map(({ scope, installed }) => serviceOf(template, match, scope, installed))
}

/** @throws `service.not_found` with the nearest name */
export function refuseNothing(found: readonly FoundService[], services: readonly FoundService[], match: string, scope: ServiceScope | undefined): void {
  if (found.length > 0) return
  const near = nearest(match, services.map(({ name }) => name))
  const place = scope === undefined ? 'on this host' : `in the ${scope} scope`
  const message = isGlob(match) ? `No service ${place} has a name like ${match}` : `There is no service ${match} ${place}`
  throw new TaskflowsError('service.not_found', message, { details: { name: match, ...(scope && { scope }) }, ...(near !== undefined && { hint: `Did you mean ${near}?` }) })
}
