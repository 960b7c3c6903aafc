/**
 * A manager of systemd as the port `ServiceManager`: compilation, checks, files and the bus put together. Light to
 * load; the bus comes with the first question to it.
 */
import { join } from 'node:path'
import type { ServiceManager } from '../../engines/services/service-manager.ts'
import type { ServiceScope } from '../../engines/services/service-definition.ts'
import { verifyUnits } from './analyze.ts'
import { busAddress } from './bus-address.ts'
import { busUnavailable } from './bus-unavailable.ts'
import { createBus } from './bus.ts'
import type { CompileHost } from './compile-host.ts'
import { compileService } from './compile-service.ts'
import { createLiveManager } from './manager.ts'
import { createFindProgram, createVenvRunner } from './programs.ts'
import { readForeign, readInstalled } from './read-unit-files.ts'
import { unitPlaces } from './unit-places.ts'
import { writeUnitFiles } from './write-unit-files.ts'

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
  /** Variables that every service gets. */
  readonly serviceEnvironment?: Readonly<Record<string, string>>
}

export function createSystemdManager(options: SystemdManagerOptions): ServiceManager {
  const { scope, unitDirectory, environment, uid } = options
  const runtimeDirectory = environment['XDG_RUNTIME_DIR'] || `/run/user/${uid}`
  const places = unitPlaces(scope, unitDirectory, runtimeDirectory)
  const host = compileHost(options)
  const address = busAddress(scope, { runtimeDirectory, sessionBus: environment['DBUS_SESSION_BUS_ADDRESS'], systemBus: environment['DBUS_SYSTEM_BUS_ADDRESS'] })
  return {
    scope,
    directory: unitDirectory,
    compile: (definition) => compileService(definition, host),
    installed: () => readInstalled(places),
    foreign: () => readForeign(places),
    verify: (units) => verifyUnits(units, scope),
    write: (change) => writeUnitFiles(places, change),
    ...createLiveManager(createBus(address, (reason) => busUnavailable({ scope, address, uid }, reason)), unitDirectory),
  }
}

function compileHost({ scope, environment, homeDirectory, uid, runExport, stateDirectory, serviceEnvironment = {} }: SystemdManagerOptions): CompileHost {
  const path = environment['PATH'] ?? ''
  const findProgram = createFindProgram({ path })
  let systemctl: string | undefined
  return {
    scope, findProgram, runExport,
    privileged: scope === 'system' || uid === 0,
    venvRunner: createVenvRunner({ path, homeDirectory }),
    // Not asked for before something needs it.
    get systemctl() {
      return systemctl ??= findProgram('systemctl') ?? '/usr/bin/systemctl'
    },
    secretEnvPath: (service) => join(stateDirectory, scope, `${service}.env`),
    environment: serviceEnvironment,
  }
}
