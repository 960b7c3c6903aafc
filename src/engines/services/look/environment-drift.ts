/**
 * Services whose units were made of a named environment as it was before it was
 * edited: what `tf plan` would change by that, in words. Costs next to nothing
 * where no environment was edited since.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { NamedEnvironment } from '../environments/named-environment.ts'
import type { ServicesHost } from '../host.ts'
import type { CompiledService } from '../service-manager.ts'
import type { ServiceView } from '../services.ts'
import type { AppliedVersion, ServiceVersions } from '../versions.ts'

type Host = Pick<ServicesHost, 'environments' | 'manager'> & { readonly versions: Pick<ServiceVersions, 'latest'> }

/** The same views; those with such units have one thing more that differs. */
export async function withEnvironmentDrift(views: readonly ServiceView[], host: Host): Promise<readonly ServiceView[]> {
  const kept = readEnvironments(host)
  if (kept.length === 0) return views
  const told = new Map<string, Promise<string | undefined>>()
  return Promise.all(views.map(async (view) => {
    const key = `${view.scope} ${definedAs(view)}`
    if (!told.has(key)) told.set(key, environmentDrift(view, kept, host))
    const drift = await told.get(key)
    return drift === undefined ? view : { ...view, drift: [...view.drift, drift] }
  }))
}

/** What cannot be understood says so where environments are asked for. */
function readEnvironments({ environments }: Host): readonly NamedEnvironment[] {
  try {
    return environments.read()
  } catch {
    return []
  }
}

/** `worker@1` is an instance of `worker@`. */
function definedAs({ name }: ServiceView): string {
  return name.slice(0, name.indexOf('@') + 1) || name
}

/** Those that name no environment. Views of a server last as long as nothing becomes of their services. */
const unconcerned = new WeakSet<ServiceView>()

async function environmentDrift(view: ServiceView, kept: readonly NamedEnvironment[], host: Host): Promise<string | undefined> {
  if (unconcerned.has(view)) return undefined
  const applied = host.versions.latest(view.scope, definedAs(view))
  const named = applied?.definition.environment
  if (applied === undefined || named?.kind !== 'named') return void unconcerned.add(view)
  const environment = kept.find(({ name }) => name === named.name)
  if (environment === undefined || environment.updatedAt <= applied.at) return undefined
  const since = `the environment ${environment.name} was changed since version ${applied.version} was applied`
  try {
    // What reads definitions is loaded for this alone.
    const { openCompiler } = await import('../environments/settle-environment.ts')
    const compile = await openCompiler(host, view.scope)
    return isSame(compile(applied.definition), applied) ? undefined : since
  } catch (error) {
    if (error instanceof TaskflowsError) return `${since}, and it cannot run in it any more: ${error.message}`
    throw error
  }
}

function isSame({ units, secretEnv }: CompiledService, applied: AppliedVersion): boolean {
  const then = new Map(applied.units.map(({ unit, text }) => [unit, text]))
  return units.length === then.size && units.every(({ unit, text }) => then.get(unit) === text) && secretEnv?.text === applied.secretEnv?.text
}
