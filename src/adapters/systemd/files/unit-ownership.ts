/** What says that a unit is ours: `X-Taskflows-*` in [Unit], which systemd skips. */
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import type { UnitRole } from '../../../engines/services/service-manager.ts'
import { type UnitSection, verbatim } from '../compile/unit-text.ts'

export interface Ownership {
  readonly service: string
  readonly role: UnitRole
  readonly hash: string
  readonly source: string | undefined
}

/** @param hash of the definition */
export function ownershipKeys({ name, source }: ServiceDefinition, role: UnitRole, hash: string): UnitSection {
  return {
    'X-Taskflows-Service': verbatim(name),
    'X-Taskflows-Role': verbatim(role),
    'X-Taskflows-Hash': verbatim(hash),
    // systemd does not read it, so a `%` is a `%`.
    'X-Taskflows-Source': source === undefined ? undefined : verbatim(source),
  }
}

const lines = ['Service', 'Role', 'Hash', 'Source'].map((key) => new RegExp(`^X-Taskflows-${key}=(.*)$`, 'm'))

/** Whose a unit is, by its text; `undefined` for a unit that is not ours. */
export function readOwnership(text: string): Ownership | undefined {
  const [service, role, hash, source] = lines.map((line) => line.exec(text)?.[1])
  return service === undefined || role === undefined || hash === undefined ? undefined : { service, role: role as UnitRole, hash, source }
}
