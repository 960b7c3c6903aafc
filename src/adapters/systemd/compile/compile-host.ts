/** What compilation asks of the machine. All else about a unit follows from its definition. */
import type { EnvironmentDefinition, ServiceDefinition, ServiceScope } from '../../../engines/services/service-definition.ts'

export interface CompileHost {
  readonly scope: ServiceScope
  /** Whether the manager may change accounts and capabilities: that of the machine, or root's own. */
  readonly privileged: boolean
  /** Where a program is, absolute. `undefined`: nowhere. `programs.ts` has the real one. */
  findProgram(name: string, definition?: ServiceDefinition): string | undefined
  /** What runs commands in an environment of conda. `undefined`: there is none. */
  venvRunner(environment: EnvironmentDefinition): VenvRunner | undefined
  /** `tf run`, absolute: the program that runs an exported function, which is its last argument. */
  readonly runExport: readonly [string, ...string[]]
  /** Absolute, of systemctl. */
  readonly systemctl: string
  /** The file for values that look like secrets. Absolute. */
  secretEnvPath(service: string): string
  /** What every service gets, such as a TASKFLOWS_HOME that is not the default. */
  readonly environment: Readonly<Record<string, string>>
}

export interface VenvRunner {
  /** Absolute: micromamba, mamba or conda. */
  readonly program: string
  /** The options of its `run` that leave standard output and error to systemd, line by line. */
  readonly liveOutput: readonly string[]
}

/** One compilation: what it reads, and where it tells what a person should know. */
export interface Compilation {
  readonly definition: ServiceDefinition
  readonly host: CompileHost
  /** Of the definition. */
  readonly hash: string
  readonly warn: (text: string) => void
}
