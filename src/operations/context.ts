/**
 * What an operation has at hand: the engines, who calls, and the thread that
 * ties together what follows from one request.
 */
import type { Caller } from '../access/roles.ts'
import type { TokenStore } from '../access/tokens.ts'
import type { Jobs } from '../engines/jobs/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { EventLog } from '../kernel/events.ts'
import type { RunLog } from '../kernel/runs.ts'
import type { Actor, Scope } from '../kernel/scope.ts'

/** The server and its database, as `tf doctor` and `GET /server` show them. Times are epoch milliseconds. */
export interface ServerInfo {
  readonly version: string
  readonly hostname: string
  readonly pid: number
  readonly startedAt: number
  readonly database: {
    /** `18.4`. */
    readonly version: string
    /** The number of the last migration that was applied. */
    readonly schemaVersion: number
    readonly embedded: boolean
  }
}

export interface SystemInfo {
  /** Resolves when the database answers. @throws `database.unreachable` */
  checkHealth(): Promise<void>
  /** @throws `database.unreachable` */
  describe(): Promise<ServerInfo>
}

/** What is the same for every call. */
export interface Engines {
  readonly jobs: Jobs
  readonly events: EventLog
  readonly runs: RunLog
  readonly tokens: TokenStore
  readonly system: SystemInfo
  readonly clock: Clock
}

/** What differs from call to call. */
export interface Call {
  readonly caller: Caller
  /** What the caller wants everything that follows to carry; a job without one carries its own id. */
  readonly correlationId?: string
  /** W3C trace context. */
  readonly traceparent?: string
}

export interface OperationContext extends Engines, Call {}

export function scopeOf({ caller }: Call): Scope {
  return { tenant: caller.tenant }
}

export function actorOf({ caller }: Call): Actor {
  return { name: caller.name }
}
