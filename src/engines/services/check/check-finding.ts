/** What `tf check` found: one thing of one service, and the way out. */
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'

/** `error`: it will not do what it says. `warning`: probably not. `advice`: it could be better. */
export type Severity = 'error' | 'warning' | 'advice'

/** What was looked at: stable words for programs. */
export type Check =
  | 'definition' | 'unit' | 'calendar' | 'clock' | 'overlap' | 'collision' | 'dependency' | 'command' | 'secret' | 'security'
  /** Something could not be checked. */
  | 'tool'

export interface Finding {
  readonly severity: Severity
  readonly check: Check
  /** `null`: of all of them together, or of a file. */
  readonly service: string | null
  readonly scope: ServiceScope | null
  /** As `new Service` calls it: `startSchedule`. */
  readonly field: string | null
  /** `/srv/services.yaml`, with the line where it is known. */
  readonly source: string | null
  readonly message: string
  /** The way out. */
  readonly hint: string | null
}

export type Found = Pick<Finding, 'severity' | 'check' | 'message'> & Partial<Pick<Finding, 'field' | 'hint'>>

export function findingOf({ name, scope, source }: Pick<ServiceDefinition, 'name' | 'scope' | 'source'>, { severity, check, field = null, message, hint = null }: Found): Finding {
  return { severity, check, service: name, scope, field, source: source ?? null, message, hint }
}

export function generalFinding({ severity, check, field = null, message, hint = null }: Found): Finding {
  return { severity, check, service: null, scope: null, field, source: null, message, hint }
}

const order: readonly Severity[] = ['error', 'warning', 'advice']

/** What is worst first. */
export function bySeverity(a: Finding, b: Finding): number {
  return order.indexOf(a.severity) - order.indexOf(b.severity)
}
