/**
 * Which units are runs of a service, and of which: the service itself, one of those that may go on side by side, or a time of its
 * schedule that is made up for. Pure. Their names are made by the adapter; `service-manager.ts` has the list.
 */

export interface RunUnit {
  /** `web`, or `worker@1`. */
  readonly service: string
  /** The service itself, which runs once at a time; one of several side by side; a time that is made up for. */
  readonly kind: 'service' | 'run' | 'slot'
  /** That time, in epoch milliseconds; `null` of the others. */
  readonly slot: number | null
}

/** `undefined` for what is no run of ours, such as a timer, what a timer starts in place of its service, and templates of runs. */
export function runUnitOf(unit: string): RunUnit | undefined {
  const [, kind, of, instance = ''] = /^(run|slot)-taskflows-([^@]+)@(.+)\.service$/.exec(unit) ?? []
  if (of !== undefined) return { service: of, kind: kind as 'run' | 'slot', slot: kind === 'slot' ? timeOf(instance) : null }
  const service = /^taskflows-(.+)\.service$/.exec(unit)?.[1]
  return service === undefined ? undefined : { service, kind: 'service', slot: null }
}

/** `taskflows-web.service` and `run-taskflows-web@ID.service` -> `web`. */
export function serviceOfUnit(unit: string): string | undefined {
  return runUnitOf(unit)?.service
}

/** The unit of a service itself. */
export function serviceUnit(service: string): string {
  return `taskflows-${service}.service`
}

/** Of which systemd knows nothing any more once it is over. */
export function isSingleRun(unit: string): boolean {
  return patternOfRun(unit) !== undefined
}

/** What all units of its runs of this kind are called: `slot-taskflows-web@*.service`. */
export function singleRunPattern(service: string, kind: 'run' | 'slot'): string {
  return `${kind}-${serviceUnit(`${service}@*`)}`
}

/** The pattern that a unit is one of; `undefined` for one that is no single run. */
export function patternOfRun(unit: string): string | undefined {
  const run = runUnitOf(unit)
  return run === undefined || run.kind === 'service' ? undefined : singleRunPattern(run.service, run.kind)
}

/** `2026-11-21T03:00:00Z` */
function timeOf(instance: string): number | null {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(instance) ? Date.parse(instance) : NaN
  return Number.isNaN(at) ? null : at
}
