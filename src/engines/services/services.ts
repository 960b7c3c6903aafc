/**
 * What can be asked of the services of one host. `create-services.ts` carries it
 * out over the managers of systemd; operations, the `Service` class and the
 * server's live view call this and nothing below it.
 */
import type { ServiceDefinition, ServiceScope } from './service-definition.ts'
import type { UnitDetails, UnitRole, VerifyFinding } from './service-manager.ts'
import type { WhyReport } from './why/explain-service.ts'

/** Names or patterns (`*` any text, `?` one character), in one scope or both. */
export interface ServiceMatch {
  readonly match?: string
  readonly scope?: ServiceScope
}

/** In one word, for lists: what systemd's states mean for a service. */
export type ServiceStatus = 'running' | 'active' | 'starting' | 'stopping' | 'restarting' | 'waiting' | 'inactive' | 'failed' | 'not_loaded'

/** One service, or one instance of a template, as lists show it. `null`: not known, or there is none. */
export interface ServiceView {
  readonly name: string
  readonly scope: ServiceScope
  readonly description: string
  readonly unit: string
  /** `waiting`: between two runs of its schedule. */
  readonly status: ServiceStatus
  readonly loadState: string
  readonly activeState: string
  readonly subState: string
  /** Runs that go on right now: with `overlap: 'allow'`, and when times are made up for, there may be several, and the state is that of one of them. */
  readonly activeRuns: number
  readonly serviceEnabled: boolean
  /** `null` without a start schedule. */
  readonly timerEnabled: boolean | null
  /** As people read them: `Mon..Fri *-*-* 09:00:00`, `every 5 min`. */
  readonly schedules: readonly string[]
  readonly timers: readonly string[]
  /** Epoch milliseconds, as all times here. */
  readonly lastStartAt: number | null
  readonly lastFinishAt: number | null
  readonly activeSince: number | null
  readonly nextStartAt: number | null
  readonly result: string | null
  readonly exitCode: number | null
  readonly restarts: number | null
  readonly mainPid: number | null
  readonly memoryBytes: number | null
  /** How the disk differs from what was applied, in words; empty if it does not. */
  readonly drift: readonly string[]
}

export interface ServiceFile {
  readonly service: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly path: string
  readonly content: string
  readonly kind: 'unit' | 'drop-in'
}

export interface ServiceVersion {
  readonly version: number
  readonly at: number
  readonly by: string
  readonly note: string | null
  readonly current: boolean
}

export interface FileChange {
  readonly unit: string
  readonly role: UnitRole
  readonly action: 'create' | 'update' | 'remove'
  /** Unified, without secrets. */
  readonly diff: string
}

export interface ServiceChange {
  readonly name: string
  readonly scope: ServiceScope
  readonly action: 'create' | 'update' | 'remove' | 'none'
  readonly files: readonly FileChange[]
  /** What the manager will be told, in order, and why: `{ verb: 'restart', unit, why: 'ExecStart changed' }`. Before it Docker, of images: `unit` is a reference then. */
  readonly steps: readonly { readonly verb: 'pull' | 'build' | 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable' | 'keep'; readonly unit: string; readonly why: string }[]
  /** Next runs of its start schedules (epoch milliseconds), the soonest first, up to 3. */
  readonly nextRuns: readonly number[]
  /** How the disk differs from what was applied last: edited by hand, drop-ins. */
  readonly drift: readonly string[]
  readonly warnings: readonly string[]
}

export interface Plan {
  readonly changes: readonly ServiceChange[]
  /** Whether applying it would change anything. */
  readonly changed: boolean
  /** Services that the same source defined before, and does not any more. */
  readonly orphans: readonly { readonly name: string; readonly scope: ServiceScope }[]
  readonly findings: readonly VerifyFinding[]
}

export interface ApplyOptions {
  /** Remove services that the same sources no longer define. */
  readonly prune?: boolean
  /** The files of which these are all definitions. Default those that the definitions name. */
  readonly sources?: readonly string[]
  /** Start each service as well, or none. Default: those that are enabled and have no start schedule. */
  readonly start?: boolean
  /** Who asked, for the versions. */
  readonly by: string
  readonly note?: string
  readonly onProgress?: (text: string) => void
  /** Ends pulling and building; once something was changed it is carried through. */
  readonly signal?: AbortSignal
}

export interface AppliedService {
  readonly name: string
  readonly scope: ServiceScope
  readonly action: ServiceChange['action'] | 'rolled_back'
  readonly version: number | null
  /** Why it was rolled back, or what did not work. */
  readonly problem: string | null
}

export interface ApplyResult {
  readonly plan: Plan
  readonly services: readonly AppliedService[]
  /** How often the managers were told to reload. */
  readonly reloads: number
}

export type ServiceVerb = 'start' | 'stop' | 'restart' | 'enable' | 'disable' | 'remove'

export interface ActOptions {
  /** Only timers. */
  readonly timers?: boolean
  /** Only services. Neither or both: what the verb means for a scheduled service, see the guide. */
  readonly services?: boolean
  /** Of start: until it has started, and for what ends by itself until it has ended. */
  readonly wait?: boolean
  readonly signal?: AbortSignal
  /** Who asked, for what is told of a removal. */
  readonly by?: string
  /** Also the server itself, which is protected else: for `tf api start|stop|restart`. */
  readonly server?: boolean
}

/** What became of one unit. */
export interface ActedUnit {
  readonly service: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly result: string
  readonly problem: string | null
}

export interface NextRuns {
  readonly service: string
  readonly scope: ServiceScope
  readonly schedule: string
  /** Whether its timer runs: else nothing starts by itself. */
  readonly armed: boolean
  /** Epoch milliseconds; empty when it is not armed, when it never elapses again, or when that is not known before it runs. */
  readonly runs: readonly number[]
}

export interface Services {
  /** With what lists show; `details: false` leaves out what costs a question per unit. */
  list(match: ServiceMatch, options?: { readonly details?: boolean }): Promise<readonly ServiceView[]>
  /** @throws `service.not_found`, `service.ambiguous` when it is in both scopes */
  get(name: string, scope?: ServiceScope): Promise<{ readonly view: ServiceView; readonly definition: ServiceDefinition | null; readonly units: readonly UnitDetails[]; readonly versions: readonly ServiceVersion[] }>
  files(match: ServiceMatch): Promise<readonly ServiceFile[]>
  next(match: ServiceMatch, count: number): Promise<readonly NextRuns[]>
  /** Why it is as it is. @throws as `get` */
  why(name: string, scope?: ServiceScope): Promise<WhyReport>
  /** Changes nothing. @throws `service.invalid` */
  plan(definitions: readonly ServiceDefinition[], options?: Pick<ApplyOptions, 'prune' | 'sources' | 'start' | 'onProgress'>): Promise<Plan>
  /** @throws `service.invalid`, `service.verify_failed`, `docker.image_failed`, `docker.unavailable` (nothing was changed then), `systemd.unavailable` */
  apply(definitions: readonly ServiceDefinition[], options: ApplyOptions): Promise<ApplyResult>
  /** @throws `service.not_found` when a name or pattern matches nothing, `service.protected` */
  act(verb: ServiceVerb, match: ServiceMatch, options?: ActOptions): Promise<readonly ActedUnit[]>
  /** Restores version `to`, default the one before the present. @throws `service.version_not_found` */
  rollback(name: string, options: ApplyOptions & { readonly scope?: ServiceScope; readonly to?: number }): Promise<ApplyResult>
}
