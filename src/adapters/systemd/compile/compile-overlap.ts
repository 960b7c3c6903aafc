/**
 * What a start by the schedule does while the run before goes on.
 *
 * A timer waits for the end of what it started, and then elapses at once when its next time came meanwhile: systemd queues
 * one start by itself (systemd.timer(5), DeferReactivation=, which 257 has to turn that off). The other policies have the
 * timer start `start-taskflows-NAME.service`, which is over in a moment, so that the timer keeps to its times.
 */
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

/** What that unit asks systemd for; `undefined` where the timer starts the service itself. */
export function scheduledVerb({ overlap, startSchedule = [] }: ServiceDefinition): 'start' | 'restart' | undefined {
  if (startSchedule.length === 0) return undefined
  // The start of what runs is none.
  return overlap === 'skip' ? 'start' : overlap === 'replace' ? 'restart' : undefined
}

/** @param target the unit of the service */
export function startUnitDirectives(target: string): UnitSection {
  return {
    // It refers to the service, which systemd would else forget between two runs, and never waits for it.
    Before: verbatim(target),
    // The service has limits of its own.
    StartLimitIntervalSec: 0,
  }
}
