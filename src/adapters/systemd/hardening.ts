/** Profiles: what a kind of service never needs, taken away. */
import type { ServiceDefinition, ServiceScope } from '../../engines/services/service-definition.ts'
import type { UnitSection } from './unit-text.ts'

export function hardeningDirectives(profile: ServiceDefinition['hardening'], scope: ServiceScope): UnitSection {
  return profile === 'none' || scope === undefined ? {} : { NoNewPrivileges: true }
}
