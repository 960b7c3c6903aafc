/** The engine of services on a user manager of the test bed, in this process. The manager must run as root. */
import { dirname, join } from 'node:path'
import { createHealthProbe } from '../../../src/adapters/health-probe/index.ts'
import { createDocker } from '../../../src/adapters/docker/index.ts'
import { createEnvironmentFile } from '../../../src/adapters/environment-file/index.ts'
import { createServiceVersions } from '../../../src/adapters/service-versions/index.ts'
import { createSystemdManager } from '../../../src/adapters/systemd/index.ts'
import { createServices } from '../../../src/engines/services/look/create-services.ts'
import type { ServiceFact } from '../../../src/engines/services/host.ts'
import type { ServiceDefinition, ServiceManager, Services } from '../../../src/engines/services/index.ts'
import { createServiceWitness } from '../../../src/service-witness.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type UserManager, startUserManager } from './user-manager.ts'

export interface ServicesOn extends AsyncDisposable {
  readonly services: Services
  readonly manager: ServiceManager
  /** Where units are written. */
  readonly units: string
  /** Versions, and values that look like secrets. */
  readonly state: string
  /** What was told of what became of services, the first first. */
  readonly facts: readonly ServiceFact[]
  /** How often the manager has read its units, by its own word in the journal. */
  reloads(): Promise<number>
}

/** @param dockerHost the daemon of containers. Default none */
export function servicesOn(machine: UserManager, dockerHost = 'unix:///nowhere/docker.sock'): ServicesOn {
  const [units, state] = [join(machine.home, '.config/systemd/user'), join(machine.home, '.taskflows/services')]
  const runtime = join(dirname(machine.home), 'run/0')
  const environment = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus`, DOCKER_HOST: dockerHost }
  const runExport = [process.execPath, '--conditions=source', new URL('../../../src/faces/cli/main.ts', import.meta.url).pathname, 'run'] as const
  const manager = createSystemdManager({ scope: 'user', unitDirectory: units, environment, homeDirectory: machine.home, uid: 0, runExport, stateDirectory: state })
  const facts: ServiceFact[] = []
  const services = createServices({
    manager: () => manager, scopes: () => ['user'], versions: createServiceVersions(state), clock: systemClock, witness: createServiceWitness({ timeoutMs: 5000, uid: 0 }),
    environments: createEnvironmentFile(join(machine.home, '.taskflows/environments.json')),
    containerRuntime: async () => createDocker({ environment, uid: 0, timeoutMs: 15_000 }),
    probe: createHealthProbe({ environment, runExport }), tell: (fact) => void facts.push(fact),
  })
  return {
    services, manager, units, state, facts,
    async reloads() {
      await machine.exec('journalctl', '--sync').catch(() => {})
      const { stdout } = await machine.exec('journalctl', '-o', 'cat')
      return stdout.split('\n').filter((line) => line === 'Reloading.').length
    },
    [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose](),
  }
}

/** For the tests of a `describe`: a manager with the engine on it, without services before each. There once the tests run. */
export function useServices(): { readonly machine: UserManager; readonly on: ServicesOn } {
  let machine: UserManager | undefined
  let on: ServicesOn | undefined
  beforeAll(async () => {
    machine = await startUserManager({ as: 'root' })
    on = servicesOn(machine)
  })
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]()
    await machine?.[Symbol.asyncDispose]()
  })
  afterEach(async () => {
    if ((await on!.services.list({})).length > 0) await on!.services.act('remove', { match: '*' }, { server: true })
  })
  return {
    get machine() { return machine! },
    get on() { return on! },
  }
}

/** A definition in normal form: by default an enabled program that runs on. */
export function defined(name: string, changes: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    name, scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['sleep', '1000'] }, enabled: true,
    stopTimeout: 10, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none', ...changes,
  }
}

/** A shell line as a command. */
export function shell(script: string): ServiceDefinition['startCommand'] {
  return { kind: 'program', argv: ['sh', '-c', script] }
}
