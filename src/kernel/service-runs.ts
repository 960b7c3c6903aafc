/**
 * What the ledger knows of the runs of services: each invocation of systemd, and each slot of a schedule that was to
 * have one and had none. `engines/services/ledger` and `slots` write it, `database/service-runs.ts` keeps it, and
 * `runs.ts` has how all runs look to readers. Safe for the browser.
 */
import type { Run } from './runs.ts'

export interface ServiceRunKey {
  readonly host: string
  readonly scope: 'user' | 'system'
  /** `web`, or `worker@1`. */
  readonly service: string
}

/**
 * One run. `running` until it ended; `succeeded`, `failed`, `timed_out` (RuntimeMaxSec=, a start or a watchdog that took too long) and
 * `cancelled` (stopped by command) by how it ended; `lost`: the machine or its systemd went away while it ran; `skipped`: systemd let it not
 * begin, by a condition; `missed`: its slot passed and nothing began.
 */
export type ServiceRunState = 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost' | 'skipped' | 'missed'

/** Times are epoch milliseconds. `null`: not known, not measured, or not said of such a run. */
export interface ServiceRun extends ServiceRunKey {
  /** Of systemd, 32 hexadecimal digits; `null` for a slot without a run, and for a start that was forbidden. */
  readonly invocationId: string | null
  readonly state: ServiceRunState
  /** Of one that a condition forbade, when systemd tried. */
  readonly startedAt: number | null
  /** `null` also for one that ended well while nobody looked, whose manager does not write down when. */
  readonly endedAt: number | null
  /** systemd's word: `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, `watchdog`, ... */
  readonly result: string | null
  readonly exitCode: number | null
  /** `SIGKILL`. */
  readonly exitSignal: string | null
  readonly cpuSeconds: number | null
  readonly memoryPeakBytes: number | null
  /** When its schedule wanted it to begin. */
  readonly slot: number | null
  /** Why it did not run, or how it ended, in words. */
  readonly reason: string | null
  /** What the kernel calls the boot it ran in, 32 hexadecimal digits. A run that was under way in another boot than this one is over. */
  readonly bootId?: string
}

export interface ServiceLedger {
  /**
   * Tells of runs; telling twice, by whomever, is telling once. A run that has ended does not run again, and what one teller knows
   * (its end, its CPU time) fills what another did not; a known end takes the place of `lost`. Answers with those whose telling was news.
   */
  record(runs: readonly ServiceRun[]): Promise<readonly ServiceRun[]>
  /** Runs of one service with a start or a slot within [from, until), the oldest first. */
  between(key: ServiceRunKey, from: number, until: number): Promise<readonly ServiceRun[]>
  /** Those of which no end is known, of a host and scope (of this account, if it is `user`). */
  running(of: Omit<ServiceRunKey, 'service'>): Promise<readonly ServiceRun[]>
  /** Where the reader of a journal was; `null` before it ever read. @param reader such as `journal db1/user/1000` */
  position(reader: string): Promise<string | null>
  keepPosition(reader: string, position: string): Promise<void>
}

/** Its place among those that ended, in epoch milliseconds: its end, or its beginning where its end was not seen, or when it should have begun. */
export function placeOf({ endedAt, startedAt, slot }: ServiceRun): number {
  return endedAt ?? startedAt ?? slot ?? 0
}

/** As the ledger of all runs shows it. @param id as in `service-run-id.ts` */
export function runOfService({ host, scope, service, state, startedAt, endedAt, exitCode, ...facts }: ServiceRun, id: string): Run {
  const { result, exitSignal, cpuSeconds, memoryPeakBytes, slot, reason } = facts
  return {
    id, kind: 'service', name: service, subject: `${host}/${scope}/${service}`, tenant: null, state, attempt: null, host, startedAt, endedAt, exitCode,
    errorType: null, errorMessage: null, correlationId: id, service: { scope, result, exitSignal, cpuSeconds, memoryPeakBytes, slot, reason },
  }
}
