/** What there is on this host: the units on disk and what the managers say of them, as services. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { ServicesHost } from '../host.ts'
import { type FoundService, matching, refuseNothing, servicesIn } from './match-services.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { ServiceManager, UnitState } from '../service-manager.ts'
import { splitInstance } from './service-units.ts'
import type { ServiceMatch } from '../services.ts'

/** What one scope has. */
export interface Inventory {
  readonly manager: ServiceManager
  /** Of the units that the manager has loaded. */
  readonly states: ReadonlyMap<string, UnitState>
  readonly services: readonly FoundService[]
}

export interface Found {
  readonly inventory: Inventory
  readonly services: readonly FoundService[]
}

/** @param asking whether systemd is asked for states, or the disk is enough */
export async function readInventories(host: ServicesHost, scope: ServiceScope | undefined, asking = true): Promise<Inventory[]> {
  return Promise.all((scope ? [scope] : host.scopes()).map(async (scope): Promise<Inventory> => {
    const manager = host.manager(scope)
    const [installed, loaded] = await Promise.all([manager.installed(), asking ? manager.states() : []])
    const states = new Map(loaded.map((state) => [state.unit, state]))
    return { manager, states, services: servicesIn(installed, scope, (template) => instancesOf(template, scope, states, host)) }
  }))
}

/** Those that were applied, and those that somebody started. */
function instancesOf(template: string, scope: ServiceScope, states: ReadonlyMap<string, UnitState>, { versions }: ServicesHost): string[] {
  const loaded = [...states.keys()].flatMap((unit) => {
    const found = splitInstance(unit)
    return found?.template === `taskflows-${template}.service` ? [found.instance] : []
  })
  return [...new Set([...(versions.latest(scope, template)?.definition.instances ?? []), ...loaded])]
}

/** @throws `service.not_found` when `match` is given and means nothing */
export async function findServices(host: ServicesHost, { match, scope }: ServiceMatch, asking = true): Promise<Found[]> {
  const inventories = await readInventories(host, scope, asking)
  const parts = inventories.map((inventory) => ({ inventory, services: matching(inventory.services, match) }))
  if (match !== undefined) refuseNothing(parts.flatMap(({ services }) => services), inventories.flatMap(({ services }) => services), match, scope)
  return parts
}

/** @throws `service.not_found`, `service.ambiguous` */
export async function findService(host: ServicesHost, name: string, scope: ServiceScope | undefined): Promise<{ readonly inventory: Inventory; readonly service: FoundService }> {
  const parts = await findServices(host, { match: name, ...(scope && { scope }) })
  const found = parts.flatMap(({ inventory, services }) => services.map((service) => ({ inventory, service })))
  const exact = found.filter(({ service }) => service.name === name)
  const chosen = exact.length > 0 ? exact : found
  if (new Set(chosen.map(({ service }) => service.scope)).size > 1) throw ambiguous(name)
  return chosen[0]!
}

export function ambiguous(name: string): TaskflowsError {
  return new TaskflowsError('service.ambiguous', `There is a service ${name} in the user scope, and one in the system scope`, { details: { name } })
}
