/**
 * The ledger of what ran, as its readers see it: one run is one execution of
 * anything. `database/run-log.ts` reads and writes it. Safe for the browser.
 */
import type { Actor, Scope } from './scope.ts'

/** `task`: a call that its own process reported. `job`: an attempt at a job. */
export const runKinds = ['task', 'job', 'service', 'node'] as const
export type RunKind = (typeof runKinds)[number]

/** `missed`, `late` and `skipped` are said of slots that were expected; `lost`: whoever ran it vanished. */
export const runStates = ['running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'skipped', 'missed', 'late', 'lost'] as const
export type RunState = (typeof runStates)[number]

/** Times are epoch milliseconds. */
export interface Run {
  /** A UUID; for an attempt the job's with its number: `019a9f00-1234-7abc-8def-0123456789ab.2`; for a service what systemd calls the invocation. */
  readonly id: string
  readonly kind: RunKind
  readonly name: string
  /** What it was a run of: the id of the job, `HOST/SCOPE/NAME` of the service; `null` for a plain call. */
  readonly subject: string | null
  /** `null`: of none, as the services of a host. */
  readonly tenant: string | null
  readonly state: RunState
  /** From 1; `null` where there is only one. */
  readonly attempt: number | null
  /** The worker or host that ran it. */
  readonly host: string | null
  /** `null` for what ended before it began. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly exitCode: number | null
  readonly errorType: string | null
  readonly errorMessage: string | null
  readonly correlationId: string
  /** What only the run of a service has. */
  readonly service: ServiceFacts | null
}

/** `null`: not known, or not measured. */
export interface ServiceFacts {
  readonly scope: 'user' | 'system'
  /** systemd's word for how it ended: `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, ... */
  readonly result: string | null
  /** `SIGKILL`. */
  readonly exitSignal: string | null
  readonly cpuSeconds: number | null
  readonly memoryPeakBytes: number | null
  /** When its schedule wanted it to begin, in epoch milliseconds. */
  readonly slot: number | null
  /** Why it did not run, or how it ended, in words. */
  readonly reason: string | null
}

export interface RunFilter {
  readonly kind?: RunKind
  readonly state?: RunState
  readonly name?: string
  readonly subject?: string
  readonly tenant?: string
  readonly correlationId?: string
  /** Ended at or after, or still running (epoch milliseconds). */
  readonly since?: number
}

/** A run as its own process tells of it; telling again what is known already changes nothing. */
export type ReportedRun = Omit<Run, 'kind' | 'subject' | 'correlationId' | 'startedAt' | 'tenant' | 'service'> & {
  readonly startedAt: number
  readonly correlationId?: string
  readonly tenant?: string
  /** Of every failed attempt, for metrics; not kept. */
  readonly errorTypes?: readonly string[]
}

/** One line of a story that may span jobs, tasks and people. Times are epoch milliseconds. */
export interface StoryEntry {
  readonly at: number
  /** Past tense: `job.added`, `job.started`, `task.failed`. */
  readonly type: string
  readonly subject: string
  readonly name: string
  readonly tenant: string | null
  readonly attempt: number | null
  readonly actor: string | null
  readonly message: string
}

export interface RunLog {
  /** Those that run first, then by their end, the latest first. @throws `cursor.invalid` */
  list(scope: Scope, filter: RunFilter, page: { readonly limit: number; readonly cursor?: string }): Promise<{ readonly items: readonly Run[]; readonly nextCursor: string | null }>
  /** @throws `run.not_found` */
  get(scope: Scope, id: string): Promise<Run>
  /** Keeps all or none. A run that has ended does not run again, whatever arrives late. Answers with the runs whose end was news. */
  report(scope: Scope, runs: readonly ReportedRun[], by: Actor): Promise<readonly ReportedRun[]>
  /** What happened under one correlation id, oldest first; at most `limit` entries. */
  story(scope: Scope, correlationId: string, limit: number): Promise<readonly StoryEntry[]>
}
