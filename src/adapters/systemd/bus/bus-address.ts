/** Where the bus of a scope is, and which socket that means. Pure; whoever knows the environment passes it in. */
import type { ServiceScope } from '../../../engines/services/service-definition.ts'

export interface BusPlaces {
  /** `DBUS_SESSION_BUS_ADDRESS`. */
  readonly sessionBus?: string | undefined
  /** `DBUS_SYSTEM_BUS_ADDRESS`. */
  readonly systemBus?: string | undefined
  /** `XDG_RUNTIME_DIR`, or `/run/user/UID`. */
  readonly runtimeDirectory: string
}

/** As libsystemd looks for it: sd_bus_default(3). */
export function busAddress(scope: ServiceScope, { sessionBus, systemBus, runtimeDirectory }: BusPlaces): string {
  if (scope === 'system') return systemBus || 'unix:path=/run/dbus/system_bus_socket'
  return sessionBus || `unix:path=${escapePath(runtimeDirectory)}/bus`
}

/**
 * The socket of an address, for `connect`; of several the first that names one. `undefined` for other
 * transports. The form is that of the D-Bus specification, SERVER ADDRESSES.
 */
export function socketOf(address: string): string | undefined {
  for (const one of address.split(';')) {
    const [, parameters] = /^unix:(.*)$/.exec(one) ?? []
    const values = new Map(parameters?.split(',').map((pair) => pair.split('=', 2) as [string, string]))
    const [path, abstract] = [values.get('path'), values.get('abstract')]
    if (path) return unescape(path)
    if (abstract) return `\0${unescape(abstract)}`
  }
  return undefined
}

function escapePath(path: string): string {
  return path.replaceAll(/[^A-Za-z0-9/_.\\*-]/gu, (character) => [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
}

function unescape(value: string): string {
  return Buffer.from(value.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8')
}
