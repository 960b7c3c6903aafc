/**
 * What a start by the schedule does while the run before goes on.
 *
 * A timer waits for the end of what it started, and then elapses at once when its next time came meanwhile: systemd queues
 * one start by itself (systemd.timer(5), DeferReactivation=, which 257 has to turn that off). The other policies have the
 * timer start `start-taskflows-NAME.service`, which is over in a moment, so that the timer keeps to its times. With `allow` that
 * starts a unit of its own each time: one of the template `run-taskflows-NAME@.service`, which is the service once more.
 */
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

/** What that unit asks systemd for; `undefined` where the timer starts the service itself. */
export function scheduledVerb({ overlap, startSchedule = [] }: ServiceDefinition): 'start' | 'restart' | undefined {
  if (startSchedule.length === 0) return undefined
  // The start of what runs is none, and so is that of a run under a name that it alone has.
  return overlap === 'skip' || overlap === 'allow' ? 'start' : overlap === 'replace' ? 'restart' : undefined
}

export function runsSideBySide({ overlap, startSchedule = [] }: ServiceDefinition): boolean {
  return overlap === 'allow' && startSchedule.length > 0
}

/** The instance that is started: systemd puts in the id of what the timer started, which no other start has. */
export const newRun = '${INVOCATION_ID}'

/** Of a unit that is one run: it is forgotten with its end, however that was. */
export const singleRun: UnitSection = { CollectMode: verbatim('inactive-or-failed') }

/** @param target the unit of the service */
export function startUnitDirectives(target: string): UnitSection {
  return {
    // It refers to the service, which systemd would else forget between two runs, and never waits for it.
    Before: verbatim(target),
    // The service has limits of its own.
    StartLimitIntervalSec: 0,
  }
}
