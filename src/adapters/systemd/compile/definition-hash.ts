/** The fingerprint of a definition, which its units carry. */
import { hash } from 'node:crypto'
import { looksSecret } from '../../../engines/services/define/secret-env.ts'
import type { CgroupDefinition, ContainerDefinition, ServiceDefinition } from '../../../engines/services/service-definition.ts'

/**
 * Hex SHA-256 of a definition: the same for two that differ in nothing but their source, the order of their
 * fields, or the values of secret variables. Those count by name alone, since a hash that anybody may read
 * would let them try likely passwords.
 */
export function definitionHash(definition: ServiceDefinition): string {
  return hash('sha256', JSON.stringify(sorted({ ...withoutValues(definition), source: undefined })))
}

function withoutValues({ env, cgroupConfig, environment, ...definition }: ServiceDefinition): object {
  return { ...definition, env: env && withoutSecrets(env), cgroupConfig: limitsWithoutValues(cgroupConfig), environment: environment?.kind === 'docker' ? containerWithoutValues(environment) : environment }
}

function containerWithoutValues({ env, cgroupConfig, image, ...container }: ContainerDefinition): object {
  const built = typeof image === 'object' ? { ...image, buildArgs: image.buildArgs && withoutSecrets(image.buildArgs) } : image
  return { ...container, image: built, env: env && withoutSecrets(env), cgroupConfig: limitsWithoutValues(cgroupConfig) }
}

function limitsWithoutValues(limits: CgroupDefinition | undefined): object | undefined {
  return limits?.environment ? { ...limits, environment: withoutSecrets(limits.environment) } : limits
}

function withoutSecrets(variables: Readonly<Record<string, string>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, looksSecret(name, value) ? null : value]))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted((value as Readonly<Record<string, unknown>>)[name])]))
}
