/** What compilation asks of the machine. All else about a unit follows from its definition. */
import type { ServiceDefinition, ServiceScope, VenvDefinition } from '../../../engines/services/service-definition.ts'
import type { UnitRole } from '../../../engines/services/service-manager.ts'
import type { ContainerRun } from './compile-container.ts'

export interface CompileHost {
  readonly scope: ServiceScope
  /** Whether the manager may change accounts and capabilities: that of the machine, or root's own. */
  readonly privileged: boolean
  /** Where a program is, absolute. `undefined`: nowhere. `programs.ts` has the real one. */
  findProgram(name: string, definition?: ServiceDefinition): string | undefined
  /** What runs commands in an environment of conda. `undefined`: there is none. */
  venvRunner(environment: VenvDefinition): VenvRunner | undefined
  /** Docker on this host, looked for when a service needs it. `undefined`: there is no client. */
  readonly docker: DockerHost | undefined
  /** `tf run`, absolute: the program that runs an exported function, which is its last argument. */
  readonly runExport: readonly [string, ...string[]]
  /** Absolute, of systemctl. */
  readonly systemctl: string
  /** Absolute, of logger(1), where a line of sh(1) is to tell the most memory of a run: `measure-peak.ts`. */
  readonly peakLogger: string | undefined
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

export interface DockerHost {
  /** Absolute: its client. */
  readonly program: string
  /** What leads the client to the daemon, such as DOCKER_HOST. */
  readonly environment: Readonly<Record<string, string>>
  /** Asked of the daemon when it is read. `undefined`: it did not answer. */
  readonly cgroupDriver: 'systemd' | 'cgroupfs' | undefined
  /** For containers that say none. */
  readonly logDriver?: string
}

/** One compilation: what it reads, and where it tells what a person should know. */
export interface Compilation {
  /** As systemd sees the service: in a container, Docker's client. */
  readonly definition: ServiceDefinition
  readonly container?: ContainerRun
  /** What its program is compiled for: the service itself, or a template of single runs. */
  readonly role: Extract<UnitRole, 'service' | 'run-service' | 'slot-service'>
  readonly host: CompileHost
  /** Of the definition. */
  readonly hash: string
  readonly warn: (text: string) => void
}
