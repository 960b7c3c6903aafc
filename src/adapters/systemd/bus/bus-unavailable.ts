/** Why the manager of a scope cannot be reached, in words, and what to do about it. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import type { ServiceScope } from '../../../engines/services/service-definition.ts'
import { socketOf } from './bus-address.ts'

export interface BusPlace {
  readonly scope: ServiceScope
  readonly address: string
  readonly uid: number
}

/** What is there besides the bus. */
export interface BusSurroundings {
  /** systemd is the first process of this machine: sd_booted(3). */
  readonly booted: boolean
  /** The manager of the scope runs, though it may have no bus. */
  readonly managerRuns: boolean
  /** The directory of the bus exists. */
  readonly directoryExists: boolean
}

export function surroundings({ scope, address }: BusPlace): BusSurroundings {
  const directory = dirname(socketOf(address) ?? '')
  return {
    booted: existsSync('/run/systemd/system'),
    managerRuns: existsSync(scope === 'system' ? '/run/systemd/private' : join(directory, 'systemd/private')),
    directoryExists: existsSync(directory),
  }
}

/** @param reason what the attempt to connect threw */
export function busUnavailable(place: BusPlace, reason: unknown, around: BusSurroundings = surroundings(place)): TaskflowsError {
  const manager = place.scope === 'system' ? 'the systemd of this machine' : 'the systemd of this account'
  const code = (reason as { code?: unknown } | null)?.code
  const { found, hint } = explain(place, code, messageOf(reason), around)
  return new TaskflowsError('systemd.unavailable', `${manager} does not answer at ${place.address}: ${found}`, { details: { scope: place.scope, address: place.address, found }, hint, cause: reason })
}

function explain({ scope, uid }: BusPlace, code: unknown, words: string, { booted, managerRuns, directoryExists }: BusSurroundings): { found: string; hint: string } {
  const other = scope === 'user' ? 'or use --scope system as root' : 'or use --scope user'
  if (code === 'EACCES' || code === 'EPERM') return { found: 'this account may not open the socket', hint: `Run it as the account that owns the socket, ${other}.` }
  if (/No authentication methods left|closed the connection/.test(words)) {
    return { found: 'the bus refuses this account', hint: `The address belongs to another account (sudo keeps variables): unset DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR, ${other}.` }
  }
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTDIR') return { found: words, hint: 'tf doctor looks at systemd and its bus.' }
  if (managerRuns) return { found: 'systemd runs, but there is no bus', hint: `Install ${scope === 'user' ? 'dbus-user-session, and log in again' : 'dbus, and start dbus.socket'}.` }
  if (!booted) return { found: 'systemd is not the first process of this machine', hint: 'Services need a machine, a virtual machine or a container that was started with systemd.' }
  if (scope === 'system') return { found: 'there is no socket', hint: 'Install dbus, and start dbus.socket.' }
  const linger = `loginctl enable-linger ${uid === 0 ? 'root' : '"$USER"'}`
  if (directoryExists) return { found: 'there is no socket', hint: `Start the manager of the account: ${linger}, and install dbus-user-session; ${other}.` }
  if (uid === 0) return { found: 'root has no user manager here', hint: `Use --scope system, or give root one: ${linger}.` }
  return { found: 'nobody of this account is logged in, and it does not linger', hint: `${linger}, and set XDG_RUNTIME_DIR=/run/user/${uid}; ${other}.` }
}
