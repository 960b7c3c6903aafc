/** Capabilities as Docker counts them: what a container has by default, less what is dropped, with what is added. */
import type { CgroupDefinition } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

const dockerDefault = [
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
] as const

/** Nothing is taken from a service that drops nothing; what it adds, it has already. */
export function capabilityDirectives({ capDrop, capAdd = [] }: CgroupDefinition): UnitSection {
  if (capDrop === undefined || capDrop.length === 0) return {}
  const [dropped, added] = [capDrop.map(capability), capAdd.map(capability)]
  if (added.includes('ALL')) return { CapabilityBoundingSet: verbatim(`~${list(dropped.filter((name) => name !== 'ALL'))}`) }
  const kept = dropped.includes('ALL') ? [] : dockerDefault.filter((name) => !dropped.includes(name))
  // An empty value is the empty set.
  return { CapabilityBoundingSet: verbatim(list([...kept, ...added])) }
}

const list = (names: readonly string[]): string => [...new Set(names)].sort().map((name) => `CAP_${name}`).join(' ')

function capability(given: string): string {
  const name = given.toUpperCase().replace(/^CAP_/, '')
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return name
  throw new ValidationError('service.invalid', `cgroupConfig: ${JSON.stringify(given)} is no name of a capability, such as NET_ADMIN`, { details: { field: 'cgroupConfig', value: given } })
}
