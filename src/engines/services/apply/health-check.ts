/**
 * Whether a service works once it was started: looks until it does, until its
 * unit has failed, or until its time is up. The look itself is handed in.
 */
import type { Clock } from '../../../kernel/clock.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import type { HealthProbe } from '../host.ts'
import type { ServiceDefinition } from '../service-definition.ts'

export interface HealthOptions {
  readonly clock: Clock
  readonly probe: HealthProbe
  /** Why the unit cannot become well any more: null while it can. */
  readonly unitProblem: () => Promise<string | null>
}

/** Null when it is well; else why not, in words. */
export async function untilHealthy(definition: ServiceDefinition, { clock, probe, unitProblem }: HealthOptions): Promise<string | null> {
  const { within, interval, timeout } = definition.healthCheck!
  const deadline = clock.now() + within * 1000
  let told: string | undefined
  for (;;) {
    const look = new AbortController()
    const left = deadline - clock.now()
    using _ = clock.timer(Math.max(1, Math.min(timeout * 1000, left)), () => look.abort())
    const problem = await probe(definition, look.signal)
    const failed = await unitProblem()
    if (failed !== null || problem === null) return failed
    // One that the end of the time cut short tells less than the one before it.
    const isCutShort = look.signal.aborted && left < timeout * 1000
    if (told === undefined || !isCutShort) told = problem
    if (clock.now() + interval * 1000 >= deadline) return `is not well ${formatDuration(within * 1000)} after its start: ${told}`
    await clock.sleep(interval * 1000)
  }
}
