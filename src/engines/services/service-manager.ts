/**
 * The port to what runs services: one manager of systemd, of this account or of
 * the machine. `adapters/systemd` fills it. Times are epoch milliseconds.
 *
 * Units of ours are `taskflows-NAME.service` and `.timer`, the pairs `stop-taskflows-NAME`
 * and `restart-taskflows-NAME` of stop and restart schedules, and `start-taskflows-NAME.service`,
 * which a timer starts in place of the service where its `overlap` says so. Runs that may go on side by side are
 * instances of templates of their own: `run-taskflows-NAME@ID.service` for `overlap: 'allow'`, and
 * `slot-taskflows-NAME@TIME.service` for a time of the schedule that is made up for.
 */
import type { EnvironmentDefinition, ServiceDefinition, ServiceScope } from './service-definition.ts'

/** What a unit is for its service. */
export type UnitRole = 'service' | 'timer' | 'start-service' | 'run-service' | 'slot-service' | 'stop-service' | 'stop-timer' | 'restart-service' | 'restart-timer'

/** A unit as it should be on disk. */
export interface UnitFile {
  /** `taskflows-web.service`. */
  readonly unit: string
  readonly service: string
  readonly role: UnitRole
  readonly text: string
}

/** All that a definition becomes. */
export interface CompiledService {
  readonly definition: ServiceDefinition
  /** Where it runs: that of the definition, and what a named one stood for when this was compiled. Absent: on the host. */
  readonly environment?: EnvironmentDefinition
  readonly units: readonly UnitFile[]
  /** NAME=value lines of values that look like secrets, for a file at 0600 that the unit names; absent without any. */
  readonly secretEnv?: { readonly path: string; readonly text: string }
  /** What a person should know: a directive this scope cannot enforce, a program that is not there. */
  readonly warnings: readonly string[]
}

/** A unit of ours as it is on disk. */
export interface InstalledUnit {
  readonly unit: string
  readonly service: string
  readonly role: UnitRole
  readonly path: string
  readonly text: string
  /** Drop-ins that change it, with their text. */
  readonly dropIns: readonly { readonly path: string; readonly text: string }[]
  /** It has links that start it at boot or with the timers. */
  readonly enabled: boolean
}

/** A unit as the manager sees it, cheap for many. */
export interface UnitState {
  readonly unit: string
  readonly description: string
  readonly loadState: string
  readonly activeState: string
  readonly subState: string
}

/** All that the manager knows of one unit; `null` for what it does not, or does not measure. */
export interface UnitDetails extends UnitState {
  /** As of the last reload (`InstalledUnit.enabled` is what holds); empty when many are asked for, since it is dear. */
  readonly unitFileState: string
  /** systemd's word for how the last run ended: `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, ... */
  readonly result: string | null
  readonly mainPid: number | null
  /** Of the last run that ended. */
  readonly exitCode: number | null
  readonly exitSignal: string | null
  readonly restarts: number | null
  readonly statusText: string | null
  readonly invocationId: string | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly activeSince: number | null
  /** Of a timer. */
  readonly nextElapseAt: number | null
  readonly lastTriggerAt: number | null
  readonly memoryBytes: number | null
  readonly memoryPeakBytes: number | null
  readonly cpuSeconds: number | null
  readonly tasks: number | null
  /** Whether the last start was let through by its conditions and assertions. */
  readonly conditionsMet: boolean | null
  readonly needsReload: boolean
  readonly dropIns: readonly string[]
}

/** What must hold before a unit starts, as it was when systemd looked last. */
export interface UnitConditions {
  /** Epoch milliseconds; `null`: it never looked. */
  readonly lookedAt: number | null
  /** Those that did not hold, as in the unit: `ConditionMemory=>=8589934592`. */
  readonly unmet: readonly string[]
}

export type UnitVerb = 'start' | 'stop' | 'restart' | 'try-restart' | 'reload-or-restart'

/** How an action on a unit went. */
export interface UnitOutcome {
  readonly unit: string
  /** systemd's word: `done`, `failed`, `dependency`, `skipped`, `canceled`, `timeout`; or `refused` when there was no job. */
  readonly result: string
  /** In words, when it is not `done` or `skipped`. */
  readonly problem?: string
}

/** What a tool said of a unit: `systemd-analyze verify`. */
export interface VerifyFinding {
  readonly unit: string
  /** 1-based; absent where it is about the whole. */
  readonly line?: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/**
 * Units whose state changed, as signals told it; or that everything must be read again. `seen` is what signals themselves said of services
 * on the way, in order, as far as signals go: states, result, main process, invocation and times, also of runs that are over and forgotten.
 */
export type UnitChanges = { readonly kind: 'changed'; readonly units: readonly UnitDetails[]; readonly gone: readonly string[]; readonly seen: readonly UnitDetails[] } | { readonly kind: 'lost' }

/** Pure, but for where programs are: the same definition gives the same text. @throws `service.invalid`, `service.unsafe` */
export type Compile = (definition: ServiceDefinition) => CompiledService

export interface ServiceManager {
  readonly scope: ServiceScope
  /** Where units are written. */
  readonly directory: string

  /** What compiles definitions, loaded when it is wanted. @param of `slots`: the template alone by which times are made up for. Default all units of a service */
  compiler(of?: 'service' | 'slots'): Promise<Compile>
  /** Every unit of ours on disk, by name. Needs no manager. */
  installed(): Promise<readonly InstalledUnit[]>
  /** Paths of units with names of ours that somebody else wrote. They are left alone: `write` refuses to. */
  foreign(): Promise<readonly string[]>
  /** What systemd would say of these units, in one call. Needs no manager. */
  verify(units: readonly UnitFile[]): Promise<readonly VerifyFinding[]>
  /**
   * All of it or none, and removes. Tells the manager nothing.
   * @throws `service.invalid` for a file of somebody else in the way, `service.unsafe` for a link there, `service.not_written`
   */
  write(change: { readonly units: readonly UnitFile[]; readonly removed: readonly string[]; readonly secretEnv: readonly { readonly path: string; readonly text: string | null }[] }): Promise<void>

  /**
   * The same of units that are gone with the next boot, and that nobody sees who asks what is installed.
   * @returns whether anything changed, of which the manager is not told either
   */
  writeRuntime(change: { readonly units: readonly UnitFile[]; readonly removed: readonly string[] }): Promise<boolean>

  /** @throws `systemd.unavailable` as all that follow */
  reload(): Promise<void>
  /** On or off at boot, for several at once. Takes no reload of its own. */
  setEnabled(units: readonly string[], on: boolean): Promise<void>
  /**
   * Resolves when the jobs are over, with `wait` when services that were started have ended. Never rejects for one
   * unit: each has its outcome, in the order given. `failed` also when a service ends with an error right after its start.
   */
  act(verb: UnitVerb, units: readonly string[], options?: { readonly wait?: boolean; readonly signal?: AbortSignal }): Promise<readonly UnitOutcome[]>
  resetFailed(units: readonly string[]): Promise<void>
  /** Units of ours that the manager has loaded. */
  states(): Promise<readonly UnitState[]>
  /** In the order given; a unit that does not exist has loadState `not-found`. */
  details(units: readonly string[]): Promise<readonly UnitDetails[]>
  /** When timers elapse next, in epoch milliseconds and in the order given; `null`: never, or not known. `details` costs five times as much. */
  nextElapses(timers: readonly string[]): Promise<readonly (number | null)[]>
  conditions(unit: string): Promise<UnitConditions>
  /** Since when it runs, in epoch milliseconds: that of the machine since its boot, that of an account since its login. */
  since(): Promise<number | null>
  /**
   * Until `signal` aborts; survives restarts of the bus and of the manager. `lost` comes first, after each of those
   * and after each reload: read all again, since what is told from then on leaves no gap. `gone`: not loaded any more.
   * @throws `systemd.unavailable` when it cannot begin
   */
  watch(signal: AbortSignal): AsyncIterable<UnitChanges>
  [Symbol.asyncDispose](): Promise<void>
}
