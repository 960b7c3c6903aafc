/**
 * An environment that the host knows by a name, and the port to where such are
 * kept. `adapters/environment-file` fills it.
 */

/** As a definition says it, in the words of the wire, which `read-environment.ts` reads. Holds secrets. */
export type WrittenEnvironment = Readonly<Record<string, unknown>>

export interface NamedEnvironment {
  readonly name: string
  readonly description: string
  readonly type: 'venv' | 'docker'
  readonly environment: WrittenEnvironment
  /** From 1, one more with each change. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** The environments of one home. Whoever writes holds the lock of the home (`ServiceVersions.lock`) from before it reads. */
export interface EnvironmentStore {
  /** @throws `environment.invalid` naming file and line when what is kept cannot be understood; nothing is ever written over that */
  read(): readonly NamedEnvironment[]
  /** All of them, or none. @throws `home.unwritable` */
  write(environments: readonly NamedEnvironment[]): void
}
