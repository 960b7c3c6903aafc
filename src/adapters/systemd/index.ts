/**
 * A manager of systemd as the port `ServiceManager`: compilation, checks, files and the bus put together. Light to
 * load: looking needs little, and what writes and compiles comes when it is wanted.
 */
import { join } from 'node:path'
import type { ServiceManager } from '../../engines/services/service-manager.ts'
import type { ServiceScope } from '../../engines/services/service-definition.ts'
import { busAddress } from './bus/bus-address.ts'
import { busUnavailable } from './bus/bus-unavailable.ts'
import { createBus } from './bus/bus.ts'
import type { CompileHost, DockerHost } from './compile/compile-host.ts'
import { createLiveManager } from './bus/manager.ts'
import { readForeign, readInstalled } from './files/read-unit-files.ts'
import { unitPlaces } from './files/unit-places.ts'

export interface SystemdManagerOptions {
  readonly scope: ServiceScope
  /** Where units are written: systemd.unit(5), UNIT FILE LOAD PATH. */
  readonly unitDirectory: string
  /** Of this process: DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS, XDG_RUNTIME_DIR and PATH are read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly homeDirectory: string
  readonly uid: number
  /** `tf run`, absolute. */
  readonly runExport: readonly [string, ...string[]]
  /** Holds `SCOPE/NAME.env`, for values that look like secrets. */
  readonly stateDirectory: string
  /** Of containers that say none. */
  readonly dockerLogDriver?: string | null
  /** Variables that every service gets. */
  readonly serviceEnvironment?: Readonly<Record<string, string>>
}

export function createSystemdManager(options: SystemdManagerOptions): ServiceManager {
  const { scope, unitDirectory, environment, uid } = options
  const runtimeDirectory = environment['XDG_RUNTIME_DIR'] || `/run/user/${uid}`
  const places = unitPlaces(scope, unitDirectory, runtimeDirectory)
  const address = busAddress(scope, { runtimeDirectory, sessionBus: environment['DBUS_SESSION_BUS_ADDRESS'], systemBus: environment['DBUS_SYSTEM_BUS_ADDRESS'] })
  return {
    scope,
    directory: unitDirectory,
    compiler: async (of = 'service') => {
      const [{ compileService, compileSlots }, host] = await Promise.all([import('./compile/compile-service.ts'), compileHost(options)])
      return (definition) => (of === 'slots' ? compileSlots : compileService)(definition, host)
    },
    installed: () => readInstalled(places),
    foreign: () => readForeign(places),
    verify: async (units) => (await import('./analyze/analyze.ts')).verifyUnits(units, scope),
    write: async (change) => (await import('./files/write-unit-files.ts')).writeUnitFiles(places, change),
    writeRuntime: async (change) => (await import('./files/write-runtime-units.ts')).writeRuntimeUnits(places, change),
    ...createLiveManager(createBus(address, (reason) => busUnavailable({ scope, address, uid }, reason)), unitDirectory),
  }
}

async function compileHost({ scope, environment, homeDirectory, uid, runExport, stateDirectory, dockerLogDriver = null, serviceEnvironment = {} }: SystemdManagerOptions): Promise<CompileHost> {
  const [{ createFindProgram, createVenvRunner }, { createDockerHost }, { findPeakLogger }] = await Promise.all([import('./compile/programs.ts'), import('./compile/docker-host.ts'), import('./compile/measure-peak.ts')])
  const path = environment['PATH'] ?? ''
  const findProgram = createFindProgram({ path })
  let foundSystemctl: string | undefined
  const systemctl = (): string => (foundSystemctl ??= findProgram('systemctl') ?? '/usr/bin/systemctl')
  let docker: DockerHost | undefined
  let peakLogger: { readonly path: string | undefined } | undefined
  return {
    scope, findProgram, runExport,
    privileged: scope === 'system' || uid === 0,
    venvRunner: createVenvRunner({ path, homeDirectory }),
    // Not asked for before something needs it.
    get systemctl() {
      return systemctl()
    },
    get peakLogger() {
      return (peakLogger ??= { path: findPeakLogger(systemctl(), findProgram) }).path
    },
    get docker() {
      const program = findProgram('docker')
      return program === undefined ? undefined : docker ??= createDockerHost({ program, environment, logDriver: dockerLogDriver })
    },
    secretEnvPath: (service) => join(stateDirectory, scope, `${service}.env`),
    environment: serviceEnvironment,
  }
}
