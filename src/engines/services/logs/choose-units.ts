/** Which units names and patterns of services mean, as the journal knows them; and what is to be said of their lines. */
import { matchesGlob } from '../../../kernel/glob.ts'
import type { ServicesHost } from '../host.ts'
import { findServices } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { isTemplate } from '../look/service-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitNames } from './service-journal.ts'

export interface ChosenUnits {
  readonly units: UnitNames
  readonly notes: readonly string[]
}

/** @throws `service.not_found` for a name or pattern that means nothing */
export async function chooseUnits(host: ServicesHost, names: readonly string[], scope: ServiceScope | undefined): Promise<ChosenUnits> {
  const found = await Promise.all(names.map(async (match) => {
    const parts = await findServices(host, { match, ...(scope && { scope }) }, false)
    return parts.flatMap(({ services }) => services.map((service) => ({ service, unit: unitOf(service, match) })))
  }))
  const chosen = found.flat()
  const of = (scope: ServiceScope) => [...new Set(chosen.flatMap(({ service, unit }) => (service.scope === scope && unit !== undefined ? [unit] : [])))]
  return { units: { user: of('user'), system: of('system') }, notes: [...new Set(chosen.flatMap(({ service }) => noteOn(service, host)))] }
}

/** A template writes nothing itself; meant as a whole it is every instance, also of those that nobody has named. */
function unitOf({ definedAs, units }: FoundService, match: string): string | undefined {
  if (isTemplate(definedAs) && matchesGlob(definedAs, match)) return `taskflows-${definedAs}*.service`
  return units.get('service')?.replace('@.', '@*.')
}

function noteOn({ name, definedAs, scope }: FoundService, { versions }: ServicesHost): string[] {
  const environment = versions.latest(scope, definedAs)?.definition.environment
  if (environment?.kind !== 'docker' || environment.logDriver === undefined) return []
  return [`${name}: its container has the log driver ${environment.logDriver}: what is not here is there`]
}
