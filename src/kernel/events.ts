/**
 * The event log as its readers see it: one append-only log of facts, read in
 * the order in which they were committed. `database/event-log.ts` reads it.
 */
import type { Scope } from './scope.ts'

export interface EventQuery {
  /** One type, or all of one kind: `job.*`. */
  readonly type?: string
  /** The id of what the events are about. */
  readonly subject?: string
  readonly tenant?: string
  readonly correlationId?: string
  /** At or after (epoch milliseconds). */
  readonly since?: number
  readonly limit: number
  readonly cursor?: string
}

/** One fact. */
export interface EventView {
  /** Sequence and position: `1024.3`. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Past tense: `job.succeeded`. */
  readonly type: string
  readonly subject: string | null
  readonly name: string | null
  /** `null` for facts of no tenant, which only unbound scopes see. */
  readonly tenant: string | null
  readonly actor: string | null
  readonly correlationId: string | null
  readonly data: Record<string, unknown>
}

export interface EventLog {
  /** @throws `cursor.invalid`, `cursor.gone` */
  list(scope: Scope, query: EventQuery): Promise<{ readonly items: readonly EventView[]; readonly nextCursor: string | null }>
}
