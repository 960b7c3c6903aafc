/** Which version a rollback restores. What it restores is applied as it was stored, not compiled anew, unless it names an environment. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import type { ServicesHost } from '../host.ts'
import { ambiguous } from '../look/inventory.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { CompiledService } from '../service-manager.ts'
import type { ServiceVersion } from '../services.ts'
import type { AppliedVersion } from '../versions.ts'

/**
 * @param to default the one before the present one; of a service that was removed, its last
 * @throws `service.not_found`, `service.ambiguous`, `service.version_not_found`
 */
export async function versionToRestore(name: string, { scope, to }: { readonly scope?: ServiceScope; readonly to?: number }, host: ServicesHost): Promise<AppliedVersion> {
  const place = scopeOf(name, scope, host)
  const versions = host.versions.all(place, name)
  if (to === undefined) {
    const isThere = (await host.manager(place).installed()).some(({ service }) => service === name)
    const before = versions[isThere ? 1 : 0]
    if (before) return before
    throw new TaskflowsError('service.version_not_found', `${name} has only one version: there is none before it`, { details: { name } })
  }
  const wanted = versions.find(({ version }) => version === to)
  if (wanted) return wanted
  const known = versions.map(({ version }) => version).toReversed().join(', ')
  throw new TaskflowsError('service.version_not_found', `${name} has no version ${to}`, { details: { name, version: to }, hint: `There ${versions.length === 1 ? 'is' : 'are'} ${known}.` })
}

function scopeOf(name: string, scope: ServiceScope | undefined, { versions }: ServicesHost): ServiceScope {
  const scopes = (scope ? [scope] : ['user', 'system'] as const).filter((each) => versions.latest(each, name) !== undefined)
  if (scopes.length > 1) throw ambiguous(name)
  if (scopes[0]) return scopes[0]
  const near = nearest(name, [...versions.names('user'), ...versions.names('system')])
  throw new TaskflowsError('service.not_found', `No version of a service ${name} is kept here`, { details: { name }, ...(near !== undefined && { hint: `Did you mean ${near}?` }) })
}

export function compiledAs({ definition, units, secretEnv }: AppliedVersion): CompiledService {
  return { definition, units, warnings: [], ...(definition.environment && { environment: definition.environment }), ...(secretEnv && { secretEnv }) }
}

/** As people see them, the last one first. */
export function listVersions(versions: readonly AppliedVersion[], isThere: boolean): ServiceVersion[] {
  return versions.map(({ version, at, by, note }, place) => ({ version, at, by, note, current: isThere && place === 0 }))
}
