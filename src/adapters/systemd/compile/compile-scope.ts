/**
 * What the manager of an account cannot do, as tried on one (systemd 252). A
 * directive that would fail the start is left out, one without effect is kept
 * for the day it has one, and both are named.
 */
import { ValidationError } from '../../../kernel/errors.ts'
import type { Compilation } from './compile-host.ts'
import type { UnitSection, UnitSections } from './unit-text.ts'

/** Its control groups get cpu, memory and pids; the others stay with the machine (Delegate= of user@.service). */
const needsController = {
  IOWeight: 'io', IOReadBandwidthMax: 'io', IOWriteBandwidthMax: 'io', IOReadIOPSMax: 'io', IOWriteIOPSMax: 'io', AllowedCPUs: 'cpuset',
} as const

const needsPrivilege = {
  DeviceAllow: 'access to devices stays that of the account',
  ProtectSystem: 'the account writes where it may',
  ReadOnlyPaths: 'the account writes where it may',
} as const

export function withinScope(sections: UnitSections, { definition, host, warn }: Compilation): UnitSections {
  if (host.scope === 'system') return sections
  const service = sections.Service ?? {}
  for (const [directive, controller] of Object.entries(needsController)) {
    if (isSet(service, directive)) warn(`${directive}= has no effect in scope user unless the machine delegates the controller ${controller} to accounts (Delegate= of user@.service)`)
  }
  if (host.privileged) return sections
  for (const [directive, instead] of Object.entries(needsPrivilege)) {
    if (isSet(service, directive)) warn(`${directive}= has no effect in scope user: ${instead}`)
  }
  if (typeof service.OOMScoreAdjust === 'number' && service.OOMScoreAdjust < 0) warn('OOMScoreAdjust= below that of the account has no effect in scope user')
  if (definition.user !== undefined || definition.group !== undefined) {
    throw new ValidationError('service.invalid', `${definition.user === undefined ? 'group' : 'user'} of ${definition.name}: services of an account run as that account`, {
      details: { field: definition.user === undefined ? 'group' : 'user' }, hint: 'Use scope system, or leave it out.',
    })
  }
  const { User, Group, CapabilityBoundingSet, ...rest } = service
  if (User !== undefined || Group !== undefined) warn('cgroupConfig.user and cgroupConfig.group are left out: services of an account run as that account')
  if (CapabilityBoundingSet === undefined) return { ...sections, Service: rest }
  warn('CapabilityBoundingSet= is left out: services of an account have no capabilities, and NoNewPrivileges=yes keeps them from getting any')
  return { ...sections, Service: { ...rest, NoNewPrivileges: true } }
}

const isSet = (section: UnitSection, directive: string): boolean => {
  const value = section[directive]
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}
