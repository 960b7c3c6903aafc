/**
 * What says that a unit is ours: `X-Taskflows-*` in [Unit], which systemd skips,
 * and the hash of the definition it was made from.
 */
import { createHash } from 'node:crypto'
import { looksSecret } from '../../engines/services/secret-env.ts'
import type { ServiceDefinition } from '../../engines/services/service-definition.ts'
import type { UnitRole } from '../../engines/services/service-manager.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

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

/** Whose a unit is, by its text; `undefined` for a unit that is not ours. */
export function readOwnership(text: string): Ownership | undefined {
  const value = (key: string): string | undefined => new RegExp(`^X-Taskflows-${key}=(.*)$`, 'm').exec(text)?.[1]
  const [service, role, hash] = [value('Service'), value('Role'), value('Hash')]
  return service === undefined || role === undefined || hash === undefined ? undefined : { service, role: role as UnitRole, hash, source: value('Source') }
}

/**
 * Hex SHA-256 of a definition: the same for two that differ in nothing but their source, the order of their
 * fields, or the values of secret variables. Those count by name alone, since a hash that anybody may read
 * would let them try likely passwords.
 */
export function definitionHash(definition: ServiceDefinition): string {
  const { env, cgroupConfig } = definition
  const hashed = {
    ...definition,
    source: undefined,
    ...(env && { env: withoutSecrets(env) }),
    ...(cgroupConfig?.environment && { cgroupConfig: { ...cgroupConfig, environment: withoutSecrets(cgroupConfig.environment) } }),
  }
  return createHash('sha256').update(JSON.stringify(hashed, sortKeys)).digest('hex')
}

function withoutSecrets(variables: Readonly<Record<string, string>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, looksSecret(name, value) ? null : value]))
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
