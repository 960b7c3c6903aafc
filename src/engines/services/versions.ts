/**
 * The port to what was applied before, kept for good in the home of the
 * account. `adapters/service-versions` fills it.
 */
import type { UnitFile } from './service-manager.ts'
import type { ServiceDefinition, ServiceScope } from './service-definition.ts'

/** A service as it was applied. Holds secrets, so nobody else may read it. */
export interface AppliedVersion {
  /** From 1. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly by: string
  readonly note: string | null
  readonly definition: ServiceDefinition
  readonly units: readonly UnitFile[]
  readonly secretEnv: { readonly path: string; readonly text: string } | null
}

export interface ServiceVersions {
  /** The last one, if there is one that can be read. */
  latest(scope: ServiceScope, name: string): AppliedVersion | undefined
  /** All, the last one first. */
  all(scope: ServiceScope, name: string): readonly AppliedVersion[]
  /** Names of services that were ever applied. */
  names(scope: ServiceScope): readonly string[]
  /** Keeps one more, and says its number. @throws `home.unwritable` */
  append(scope: ServiceScope, applied: Omit<AppliedVersion, 'version'>): number
  /** The text of a file of secret values as it is on disk; null when there is none. */
  secretText(path: string): string | null
  /**
   * The right to change services of this home, which one process has at a time.
   *
   * @param purpose told to whoever waits
   * @throws `service.busy` after 30 s, naming the holder
   */
  lock(purpose: string, onProgress: (text: string) => void): Promise<AsyncDisposable>
}
