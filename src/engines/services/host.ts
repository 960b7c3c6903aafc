/** What the engine works with on one host: handed to `createServices`, and by it to every part. */
import type { Clock } from '../../kernel/clock.ts'
import type { ContainerRuntime } from './container-runtime.ts'
import type { EnvironmentStore } from './environments/named-environment.ts'
import type { ServiceDefinition, ServiceScope } from './service-definition.ts'
import type { ServiceManager } from './service-manager.ts'
import type { AppliedService } from './services.ts'
import type { ServiceVersions } from './versions.ts'
import type { ServiceWitness } from './why/witness.ts'

/** What became of a service by command, for whoever writes it down. */
export interface ServiceFact {
  readonly type: 'created' | 'changed' | 'removed' | 'rolled_back'
  readonly name: string
  readonly scope: ServiceScope
  readonly by: string
  readonly version: number | null
  readonly problem: string | null
}

/** One look at whether a service works: null when it does, else why not. */
export type HealthProbe = (definition: ServiceDefinition, signal: AbortSignal) => Promise<string | null>

export interface ServicesHost {
  /** The manager of a scope, made when first asked for. */
  manager(scope: ServiceScope): ServiceManager
  /** Where services may be when nobody says: never empty. */
  scopes(): readonly ServiceScope[]
  readonly versions: ServiceVersions
  /** What services may name as their environment. */
  readonly environments: EnvironmentStore
  /** What has images and runs containers, loaded when one is wanted. */
  containerRuntime(): Promise<ContainerRuntime>
  readonly clock: Clock
  /** What it knows besides its systemd. */
  readonly witness: ServiceWitness
  readonly probe: HealthProbe
  /** Told after the fact; what it does cannot fail the work. */
  readonly tell: (fact: ServiceFact) => void
}

export function factOf({ name, scope, action, version, problem }: AppliedService, by: string): ServiceFact | undefined {
  const type = ({ create: 'created', update: 'changed', remove: 'removed', rolled_back: 'rolled_back', none: undefined } as const)[action]
  return type && { type, name, scope, by, version, problem }
}
