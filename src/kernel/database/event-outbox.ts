/**
 * Facts on their way to the event log: told at once, written soon, and again
 * while the database is away. `append-events.ts` writes them.
 */
import type { Clock } from '../clock.ts'
import { type Outbox, createOutbox } from '../outbox.ts'
import { type NewEvent, appendEventsOnce } from './append-events.ts'
import type { Database } from './database.ts'

export interface EventOutboxParts {
  readonly database: Database
  readonly clock: Clock
  /** Who else may tell of the same. */
  readonly by: string
  /** Facts that are not written yet are tried again. */
  readonly onError: (error: unknown) => void
}

export function createEventOutbox({ database, by, ...parts }: EventOutboxParts): Outbox<NewEvent> {
  return createOutbox({ ...parts, write: (batch) => appendEventsOnce(database, by, batch) })
}
