/**
 * The named environments of one home, and what can be asked of them. Here is what
 * is read to answer questions; what changes something is in
 * `change-environments.ts`, loaded when it is wanted.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { ApplyResult, Plan, Services } from '../services.ts'
import type { NamedEnvironment } from './named-environment.ts'

/** An environment with the services of this host that use it. */
export interface EnvironmentView extends NamedEnvironment {
  readonly services: readonly { readonly name: string; readonly scope: ServiceScope }[]
}

/** What a caller says of one. */
export interface GivenEnvironment {
  /** Default: as it was. */
  readonly description?: string
  /** What it must be; default any. */
  readonly type?: NamedEnvironment['type']
  /** A Venv or a container, in the words of the wire. A masked value is the one that is kept. */
  readonly environment: Readonly<Record<string, unknown>>
}

export interface EnvironmentChange {
  /** Who asked. */
  readonly by: string
  /** It must be at one of these; default any. */
  readonly versions?: readonly string[]
  readonly onProgress?: (text: string) => void
}

/** What became of one by command, for whoever writes it down. */
export interface EnvironmentFact {
  readonly type: 'created' | 'changed' | 'removed'
  readonly name: string
  readonly version: number
  readonly by: string
}

/** Told after the fact; what it does cannot fail the work. */
export type TellEnvironment = (fact: EnvironmentFact) => void

export interface Environments {
  list(): Promise<readonly EnvironmentView[]>
  /** @throws `environment.not_found`, `environment.invalid` as all here, when what is kept cannot be read */
  get(name: string): Promise<EnvironmentView>
  /** @throws `environment.exists` */
  create(name: string, given: GivenEnvironment, change: EnvironmentChange): Promise<EnvironmentView>
  /** What an edit would change in services, and nothing is changed. @throws `environment.not_found` */
  plan(name: string, given: GivenEnvironment): Promise<Plan>
  /**
   * Replaces it; with `apply` the services that use it get it at once. When none of them comes up with it, it is what it was.
   * @throws `environment.not_found`, `request.precondition_failed`, and what applying services throws
   */
  edit(name: string, given: GivenEnvironment, change: EnvironmentChange & { readonly apply: boolean }): Promise<{ readonly environment: EnvironmentView; readonly applied: ApplyResult | null }>
  /** @throws `environment.not_found`, `environment.in_use` naming the services, `request.precondition_failed` */
  remove(name: string, change: EnvironmentChange): Promise<EnvironmentView>
}

/** @param services that apply what an edit changes */
export function createEnvironments(host: ServicesHost, services: Pick<Services, 'apply'>, tell: TellEnvironment = () => {}): Environments {
  const { environments: store } = host
  const changes = async () => (await import('./change-environments.ts')).createEnvironmentChanges(host, services, tell)
  return {
    async list() {
      const users = await usersByEnvironment(host)
      return store.read().map((environment) => viewOf(environment, users.get(environment.name)))
    },
    get: async (name) => viewOf(findEnvironment(store.read(), name), await usersOf(name, host)),
    create: async (...given) => (await changes()).create(...given),
    plan: async (...given) => (await changes()).plan(...given),
    edit: async (...given) => (await changes()).edit(...given),
    remove: async (...given) => (await changes()).remove(...given),
  }
}

export function viewOf(environment: NamedEnvironment, users: readonly ServiceDefinition[] = []): EnvironmentView {
  return { ...environment, services: users.map(({ name, scope }) => ({ name, scope })) }
}

/** @throws `environment.not_found` */
export function findEnvironment(kept: readonly NamedEnvironment[], name: string): NamedEnvironment {
  const found = kept.find((environment) => environment.name === name)
  if (found) return found
  const near = nearest(name, kept.map((environment) => environment.name))
  throw new TaskflowsError('environment.not_found', `there is no environment ${JSON.stringify(name)}`, { details: { name }, ...(near !== undefined && { hint: `Did you mean ${near}? tf env list` }) })
}

export async function usersOf(name: string, host: ServicesHost): Promise<readonly ServiceDefinition[]> {
  return (await usersByEnvironment(host)).get(name) ?? []
}

/** Definitions of what is on this host in either scope, as they were applied from this home. */
async function usersByEnvironment({ manager, versions }: ServicesHost): Promise<ReadonlyMap<string, ServiceDefinition[]>> {
  const found = await Promise.all((['user', 'system'] as const).map(async (scope) => {
    const named = versions.names(scope).flatMap((name) => {
      const definition = versions.latest(scope, name)?.definition
      return definition?.environment?.kind === 'named' ? [{ definition, environment: definition.environment.name }] : []
    })
    // Most hosts have none, and need not read their units.
    if (named.length === 0) return []
    const installed = new Set((await manager(scope).installed()).map(({ service }) => service))
    return named.filter(({ definition }) => installed.has(definition.name))
  }))
  return new Map([...Map.groupBy(found.flat(), ({ environment }) => environment)].map(([name, users]) => [name, users.map(({ definition }) => definition)]))
}
