/**
 * Composition root of services: the managers of systemd on this host, the
 * versions of this home, and what they are asked through. For the `Service`
 * class, for `tf` without a server, and for the server. Opens nothing until it
 * is asked something, and never the database.
 */
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createServiceVersions } from './adapters/service-versions/index.ts'
import { createSystemdManager } from './adapters/systemd/index.ts'
import { type Config, childEnvironment, readConfig, settings } from './config.ts'
import { createServices } from './engines/services/look/create-services.ts'
import type { ServiceFact, ServicesHost } from './engines/services/host.ts'
import type { Compile, ServiceManager, ServiceScope, Services } from './engines/services/index.ts'
import { systemClock } from './kernel/clock.ts'
import { tfProgram } from './own-program.ts'

export interface OpenedServices extends Services, AsyncDisposable {
  /** What makes units of definitions of either scope. */
  compiler(): Promise<Compile>
  /** What these work with, for whoever follows the managers. */
  readonly host: ServicesHost
}

export interface OpenServicesOptions {
  /** Where services may be when nobody says which scope. Default those that have some; without any, `user`. */
  readonly scopes?: readonly ServiceScope[]
  /** Told what became of services by command. */
  readonly tell?: (fact: ServiceFact) => void
}

export function openServices(config: Pick<Config, 'home'> = readConfig(), { scopes, tell = () => {} }: OpenServicesOptions = {}): OpenedServices {
  const environment = childEnvironment()
  const runExport = [...tfProgram(), 'run'] as const
  const stateDirectory = join(config.home, 'services')
  const managers = new Map<ServiceScope, ServiceManager>()
  const manager = (scope: ServiceScope): ServiceManager => {
    const open = managers.get(scope) ?? createSystemdManager({
      scope, environment, runExport, homeDirectory: homedir(), uid: process.getuid?.() ?? 0,
      unitDirectory: unitDirectory(scope, environment),
      stateDirectory,
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
    clock: systemClock,
    probe: async (definition, signal) => (await import('./adapters/health-probe/index.ts')).createHealthProbe({ environment, runExport })(definition, signal),
  }
  return {
    ...createServices(host), host,
    compiler: async () => {
      const [user, system] = await Promise.all([manager('user').compiler(), manager('system').compiler()])
      return (definition) => (definition.scope === 'user' ? user : system)(definition)
    },
    [Symbol.asyncDispose]: async () => { await Promise.all([...managers.values()].map((open) => open[Symbol.asyncDispose]())) },
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
