/**
 * The event log as its readers see it: one append-only log of facts, read in
 * the order in which they were committed. `database/event-log.ts` reads it,
 * `database/event-feed.ts` goes on reading.
 */
import type { Scope } from './scope.ts'

/** Which events a reader wants. */
export interface EventFilter {
  /** One type, or all of one kind: `job.*`. */
  readonly type?: string
  /** The id of what the events are about. */
  readonly subject?: string
  readonly tenant?: string
  readonly correlationId?: string
  /** At or after (epoch milliseconds). */
  readonly since?: number
}

/** What to follow: from behind `cursor` when there is one, else from `since`, else from now. */
export interface EventInterest extends EventFilter {
  readonly cursor?: string
}

export interface EventQuery extends EventInterest {
  readonly limit: number
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

/** A fact and the place right behind it. */
export interface FollowedEvent {
  /** Whoever follows from here misses nothing and sees nothing twice. */
  readonly cursor: string
  readonly event: EventView
}

/** Facts that came together, never changed. Followers with the same filter share one. */
export interface EventBatch {
  readonly items: readonly FollowedEvent[]
  /** Behind the batch, and behind all that the filter left out before the next one. */
  readonly cursor: string
}

export interface EventLog {
  /** @throws `cursor.invalid`, `cursor.gone` */
  list(scope: Scope, query: EventQuery): Promise<{ readonly items: readonly EventView[]; readonly nextCursor: string | null }>
  /**
   * What is in the log from the place on, and what is committed later, until `signal` aborts. The first batch comes at
   * once, and then one every 15 s at least: an empty one says where the reader stands.
   * @throws `cursor.invalid`, `cursor.gone`, the latter also later on
   */
  follow(scope: Scope, interest: EventInterest, signal: AbortSignal): AsyncIterable<EventBatch>
}
