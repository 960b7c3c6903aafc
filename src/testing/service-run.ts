/** Runs of services for tests of whatever reads or writes them. */
import { randomHex } from '../kernel/ids.ts'
import type { ServiceRun } from '../kernel/service-runs.ts'

/** One that began a second after 1970, and runs, unless told otherwise. */
export function serviceRun(changes: Partial<ServiceRun> = {}): ServiceRun {
  return {
    host: 'db1', scope: 'user', service: 'web', invocationId: randomHex(16), state: 'running', startedAt: 1_000, endedAt: null, result: null,
    exitCode: null, exitSignal: null, cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null, ...changes,
  }
}
