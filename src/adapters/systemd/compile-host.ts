/** What compilation asks of the machine. All else about a unit follows from its definition. */
import type { EnvironmentDefinition, ServiceDefinition, ServiceScope } from '../../engines/services/service-definition.ts'

export interface CompileHost {
  readonly scope: ServiceScope
  /** Whether the manager may change accounts and capabilities: that of the machine, or root's own. */
  readonly privileged: boolean
  /** Where a program is, absolute. `undefined`: nowhere. `programs.ts` has the real one. */
  findProgram(name: string, definition: ServiceDefinition): string | undefined
  /** What runs a command in an environment of conda; the command follows it. */
  venvRunner(environment: EnvironmentDefinition): readonly [string, ...string[]]
  /** `tf run`, absolute: the program that runs an exported function, which is its last argument. */
  readonly runExport: readonly [string, ...string[]]
  /** Absolute, of systemctl. */
  readonly systemctl: string
  /** The file for values that look like secrets. Absolute. */
  secretEnvPath(service: string): string
  /** What every service gets, such as a TASKFLOWS_HOME that is not the default. */
  readonly environment: Readonly<Record<string, string>>
}

/** One compilation: what it reads, and where it tells what a person should know. */
export interface Compilation {
  readonly definition: ServiceDefinition
  readonly host: CompileHost
  readonly warn: (text: string) => void
}
