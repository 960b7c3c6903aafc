/**
 * What an operation has at hand: the engines, who calls, and the thread that
 * ties together what follows from one request.
 */
import type { Caller } from '../access/roles.ts'
import type { TokenStore } from '../access/tokens.ts'
import type { Alongside, Jobs } from '../engines/jobs/index.ts'
import type { Backfills, Environments, Services } from '../engines/services/index.ts'
import type { ServiceLogs } from '../engines/services/logs/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Queryable } from '../kernel/database/database.ts'
import type { EventLog } from '../kernel/events.ts'
import type { IdempotencyKeys } from '../kernel/idempotency.ts'
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
  readonly services: Services
  readonly serviceLogs: ServiceLogs
  readonly environments: Environments
  readonly backfills: Backfills
  readonly jobs: Jobs
  readonly events: EventLog
  readonly runs: RunLog
  readonly tokens: TokenStore
  readonly idempotencyKeys: IdempotencyKeys
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
  /** Aborts when nobody waits for the answer any more: a stream ends then. */
  readonly signal?: AbortSignal
  /** Told what goes on in long work, where the caller can see it. */
  readonly onProgress?: (text: string) => void
  /** However often a request is sent with one, it is carried out once (`idempotency.ts`). For POST; ignored else. */
  readonly idempotencyKey?: string
  /** Carry it out only while what it changes is at one of these versions; default any. For operations with `ifMatch`; ignored else. */
  readonly versions?: readonly string[]
}

export interface OperationContext extends Engines, Call {
  /** Keeps the answer for whoever sends the request again, in the transaction that does what it tells of. */
  readonly keep?: (tx: Queryable, output: unknown) => Promise<void>
}

export function scopeOf({ caller }: Call): Scope {
  return { tenant: caller.tenant }
}

export function actorOf({ caller }: Call): Actor {
  return { name: caller.name }
}

/** Has an engine keep the answer, as `show` makes it, together with what was done. */
export function keeping<T>({ keep }: OperationContext, show: (done: T) => unknown): Alongside<T> | undefined {
  return keep && ((tx, done) => keep(tx, show(done)))
}
