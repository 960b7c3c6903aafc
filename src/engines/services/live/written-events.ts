/** What becomes of services as it stands in the event log. Pure; `kernel/database/append-events.ts` writes it. */
import type { NewEvent } from '../../../kernel/database/append-events.ts'
import type { EnvironmentFact } from '../environments/environments.ts'
import type { ServiceFact } from '../host.ts'
import type { ServiceEvent } from './service-events.ts'
import type { ServiceScope } from '../service-definition.ts'

/** The same service name may be on several hosts, and in both scopes of each. */
export function subjectOf(host: string, scope: ServiceScope, service: string): string {
  return `${host}/${scope}/${service}`
}

/** A run is known by its invocation, whoever tells of it: so each of its facts is kept once. */
export function writtenState({ type, service, scope, unit, invocationId, from, to, restarts, reason, end }: ServiceEvent, host: string): NewEvent {
  return {
    type, subject: subjectOf(host, scope, service), name: service, actor: 'system', correlationId: invocationId,
    data: {
      host, scope, unit, from, to, restarts, invocation_id: invocationId,
      ...(reason !== undefined && { reason }),
      ...(end !== undefined && { result: end.result, exit_code: end.exitCode, exit_signal: end.exitSignal }),
    },
  }
}

/** @param id of the deed, which nobody else tells of */
export function writtenDeed({ type, name, scope, by, version, problem }: ServiceFact, host: string, id: string): NewEvent {
  return { type: `service.${type}`, subject: subjectOf(host, scope, name), name, actor: by, correlationId: id, data: { host, scope, version, problem } }
}

/** The same of a named environment, which belongs to no scope. */
export function writtenEnvironmentDeed({ type, name, version, by }: EnvironmentFact, host: string, id: string): NewEvent {
  return { type: `environment.${type}`, subject: `${host}/${name}`, name, actor: by, correlationId: id, data: { host, version } }
}
