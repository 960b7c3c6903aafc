/**
 * Who may do what: three roles, each with what the one before it has.
 */
import type { Permission, Role } from '../kernel/permissions.ts'

export type { Role } from '../kernel/permissions.ts'

const viewer = ['jobs:read', 'events:read', 'runs:read', 'system:read', 'metrics:read', 'services:read'] as const
const operator = [...viewer, 'jobs:write', 'runs:write', 'services:control'] as const
const admin = [...operator, 'tokens:read', 'tokens:write', 'services:write'] as const

export const roles = { viewer, operator, admin } as const satisfies Record<Role, readonly Permission[]>

/** Who calls, once that is known. Never holds a secret. */
export interface Caller {
  /** As it is kept in the event log: `host` for the host's own secret, `token:ci` for a token. */
  readonly name: string
  /** `null` may only do what is public. */
  readonly role: Role | null
  /** The only tenant the caller can see and act for, or `null` for all. */
  readonly tenant: string | null
}

/** Somebody who showed no credentials. */
export const anonymous: Caller = { name: 'anonymous', role: null, tenant: null }

/** Whether the caller may use an operation with this permission. Everybody may use what is `public`. */
export function may(caller: Caller, permission: Permission | 'public'): boolean {
  if (permission === 'public') return true
  const carried: readonly Permission[] = caller.role === null ? [] : roles[caller.role]
  return carried.includes(permission)
}
