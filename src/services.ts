/**
 * Composition root of services: the managers of systemd on this host, the
 * versions of this home, and what they are asked through. For the `Service`
 * class, for `tf` without a server, and for the server. Opens nothing until it
 * is asked something, and never the database.
 */
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createEnvironmentFile } from './adapters/environment-file/index.ts'
import { createServiceVersions } from './adapters/service-versions/index.ts'
import { createSystemdManager } from './adapters/systemd/index.ts'
import { type Config, childEnvironment, readConfig, settings } from './config.ts'
import { type Environments, createEnvironments } from './engines/services/environments/environments.ts'
import { createServices } from './engines/services/look/create-services.ts'
import type { ServiceFact, ServicesHost } from './engines/services/host.ts'
import type { Compile, ServiceManager, ServiceScope, Services } from './engines/services/index.ts'
import { systemClock } from './kernel/clock.ts'
import type { ServiceLedger } from './engines/services/ledger/service-run.ts'
import type { ServiceWitness } from './engines/services/why/witness.ts'
import { tfProgram } from './own-program.ts'

export interface OpenedServices extends Services, AsyncDisposable {
  /** What makes units of definitions of either scope. */
  compiler(): Promise<Compile>
  readonly environments: Environments
  /** What these work with, for whoever follows the managers. */
  readonly host: ServicesHost
}

export interface OpenServicesOptions {
  /** Where services may be when nobody says which scope. Default those that have some; without any, `user`. */
  readonly scopes?: readonly ServiceScope[]
  /** Where runs are looked up. Default the journal. */
  readonly ledger?: Pick<ServiceLedger, 'between'>
  /** Told what became of services by command. */
  readonly tell?: (fact: ServiceFact) => void
}

export function openServices(config: Pick<Config, 'home'> & Partial<Pick<Config, 'dockerClientTimeoutSeconds' | 'dockerLogDriver' | 'journalctlTimeoutSeconds'>> = readConfig(), { scopes, ledger, tell = () => {} }: OpenServicesOptions = {}): OpenedServices {
  const environment = childEnvironment()
  const runExport = [...tfProgram(), 'run'] as const
  const stateDirectory = join(config.home, 'services')
  const managers = new Map<ServiceScope, ServiceManager>()
  const manager = (scope: ServiceScope): ServiceManager => {
    const open = managers.get(scope) ?? createSystemdManager({
      scope, environment, runExport, homeDirectory: homedir(), uid: process.getuid?.() ?? 0,
      unitDirectory: unitDirectory(scope, environment),
      stateDirectory,
      dockerLogDriver: config.dockerLogDriver ?? null,
      // A function that runs as a service keeps its runs where this process would.
      serviceEnvironment: config.home === settings.home.default ? {} : { TASKFLOWS_HOME: config.home },
    })
    managers.set(scope, open)
    return open
  }
  const host: ServicesHost = {
    manager, tell,
    scopes: () => scopes ?? inhabited(environment),
    versions: createServiceVersions(stateDirectory),
    environments: createEnvironmentFile(join(config.home, 'environments.json')),
    containerRuntime: async () => (await import('./adapters/docker/index.ts')).createDocker({ environment, uid: process.getuid?.() ?? 0, timeoutMs: (config.dockerClientTimeoutSeconds ?? settings.dockerClientTimeoutSeconds.default) * 1000 }),
    clock: systemClock,
    witness: lateWitness(async () => (await import('./service-witness.ts')).createServiceWitness({ timeoutMs: (config.journalctlTimeoutSeconds ?? settings.journalctlTimeoutSeconds.default) * 1000, uid: process.getuid?.() ?? 0, ledger })),
    probe: async (definition, signal) => (await import('./adapters/health-probe/index.ts')).createHealthProbe({ environment, runExport })(definition, signal),
  }
  const services = createServices(host)
  return {
    ...services, host,
    environments: createEnvironments(host, services),
    compiler: async () => {
      const { openCompiler } = await import('./engines/services/environments/settle-environment.ts')
      const [user, system] = await Promise.all([openCompiler(host, 'user'), openCompiler(host, 'system')])
      return (definition) => (definition.scope === 'user' ? user : system)(definition)
    },
    [Symbol.asyncDispose]: async () => { await Promise.all([...managers.values()].map((open) => open[Symbol.asyncDispose]())) },
  }
}

/** Made when the first question comes. */
function lateWitness(make: () => Promise<ServiceWitness>): ServiceWitness {
  return {
    runs: async (...given) => (await make()).runs(...given),
    lines: async (...given) => (await make()).lines(...given),
    wasStartedTooOften: async (...given) => (await make()).wasStartedTooOften(...given),
    outages: async (...given) => (await make()).outages(...given),
    load: async () => (await make()).load(),
    exists: async (...given) => (await make()).exists(...given),
  }
}

/** Never empty: a host without services is asked for those of the account. */
function inhabited(environment: NodeJS.ProcessEnv): readonly ServiceScope[] {
  const found = (['user', 'system'] as const).filter((scope) => holdsUnits(unitDirectory(scope, environment)))
  return found.length === 0 ? ['user'] : found
}

function holdsUnits(directory: string): boolean {
  try {
    return readdirSync(directory).some((file) => file.startsWith('taskflows-'))
  } catch {
    return false
  }
}

/** systemd.unit(5), UNIT FILE LOAD PATH. */
function unitDirectory(scope: ServiceScope, { XDG_CONFIG_HOME }: NodeJS.ProcessEnv): string {
  if (scope === 'system') return '/etc/systemd/system'
  return join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd', 'user')
}
