/** Which units names and patterns of services mean, as the journal knows them; and what is to be said of their lines. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { matchesGlob } from '../../../kernel/glob.ts'
import type { ServicesHost } from '../host.ts'
import { findServices } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { isTemplate } from '../look/service-units.ts'
import { serviceUnit, singleRunPattern } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import { noteOnRemoved, unitsLeftBy } from './removed-services.ts'
import type { ServiceJournal, UnitNames } from './service-journal.ts'

export interface ChosenUnits {
  readonly units: UnitNames
  readonly notes: readonly string[]
}

/**
 * Of services that were removed, those units of which the journal still has something.
 * @throws `service.not_found` for a name or pattern that means nothing, and never did as far as the journal knows
 */
export async function chooseUnits(host: ServicesHost, names: readonly string[], scope: ServiceScope | undefined, journal: ServiceJournal, signal: AbortSignal): Promise<ChosenUnits> {
  const chosen = await Promise.all(names.map(async (match): Promise<ChosenUnits> => {
    try {
      return await unitsOnDisk(host, match, scope)
    } catch (error) {
      if (!(error instanceof TaskflowsError) || error.code !== 'service.not_found') throw error
      const units = await unitsLeftBy(match, scope, journal, signal)
      if (units === undefined) throw error
      return { units, notes: [noteOnRemoved(match)] }
    }
  }))
  const of = (scope: ServiceScope) => [...new Set(chosen.flatMap(({ units }) => units[scope]))]
  return { units: { user: of('user'), system: of('system') }, notes: [...new Set(chosen.flatMap(({ notes }) => notes))] }
}

async function unitsOnDisk(host: ServicesHost, match: string, scope: ServiceScope | undefined): Promise<ChosenUnits> {
  const services = (await findServices(host, { match, ...(scope && { scope }) }, false)).flatMap((part) => part.services)
  const of = (scope: ServiceScope) => services.flatMap((service) => (service.scope === scope ? unitsOf(service, match) : []))
  return { units: { user: of('user'), system: of('system') }, notes: services.flatMap((service) => noteOn(service, host)) }
}

/**
 * A template writes nothing itself; meant as a whole it is every instance, also of those that nobody has named. Patterns
 * are only where they can match: the journal is read once more for them.
 */
function unitsOf({ name, definedAs, units }: FoundService, match: string): readonly string[] {
  if (isTemplate(definedAs)) return [matchesGlob(definedAs, match) ? serviceUnit(`${definedAs}*`) : serviceUnit(name)]
  return [serviceUnit(name), ...(units.has('run-service') ? [singleRunPattern(name, 'run')] : []), ...(units.has('timer') ? [singleRunPattern(name, 'slot')] : [])]
}

function noteOn({ name, definedAs, scope }: FoundService, { versions }: ServicesHost): string[] {
  const environment = versions.latest(scope, definedAs)?.definition.environment
  if (environment?.kind !== 'docker' || environment.logDriver === undefined) return []
  return [`${name}: its container has the log driver ${environment.logDriver}: what is not here is there`]
}
