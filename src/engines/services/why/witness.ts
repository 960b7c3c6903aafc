/** The port to what a host knows besides its systemd: runs of before, what a run wrote, what the machine has. Times are epoch milliseconds. */
import type { ServiceRun } from '../ledger/service-run.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { Outage } from '../slots/judge-slots.ts'

export interface ServiceWitness {
  /** Runs that began, or were to begin, since then. From the ledger of a server, else from the journal, which may not go back so far. */
  runs(service: WitnessedService, since: number): Promise<{ readonly runs: readonly ServiceRun[]; readonly from: 'ledger' | 'journal' }>
  /** The last lines that a run of it wrote, the oldest first; where there are none those of systemd about it. */
  lines(service: WitnessedService, run: WitnessedRun, count: number): Promise<readonly string[]>
  /** Whether systemd refused its last start because of too many: of a unit that had failed before it says that in the journal alone. */
  wasStartedTooOften(service: WitnessedService): Promise<boolean>
  outages(since: number): Promise<readonly Outage[]>
  /** What the conditions of units look at. */
  load(): Promise<HostLoad>
  /** Whether a file is there, and may be executed if that is asked. */
  exists(path: string, executable: boolean): Promise<boolean>
}

export interface WitnessedService {
  readonly scope: ServiceScope
  readonly name: string
  readonly unit: string
  /** Runs of it may go on beside each other, in units of their own. */
  readonly sideBySide: boolean
}

export interface WitnessedRun {
  readonly from: number
  readonly until: number
  /** `null`: only its time is known. */
  readonly invocationId: string | null
}

/** Pressures are percent of the time in which some task waited, as in /proc/pressure; `null` where the kernel does not measure them. */
export interface HostLoad {
  readonly memoryBytes: number
  readonly cpus: number
  pressure(of: 'cpu' | 'memory' | 'io', timespan: '10sec' | '1min' | '5min'): number | null
}
