/**
 * The port to PostgreSQL: query, transaction, listen.
 *
 * The server's own pool fills it (`adapters/database/postgres`), and so does
 * the client that a user hands in for a job in the user's own transaction.
 *
 * SQL is written against the schema `taskflows`; where the configuration names
 * another schema the adapter puts that name in.
 */
import { TaskflowsError } from '../errors.ts'

/** One SQL statement of ours. `name` makes it a prepared statement of that name on each connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
  /** Carrying it out twice does no more than once, so it may be sent again when the connection broke under it. */
  readonly repeatable?: boolean
  /** It may take hours, so silence is no sign of a broken connection. */
  readonly slow?: boolean
}

/** A statement under its own name, prepared once per connection. */
export function statement(name: string, text: string): Statement {
  return { name, text: text.trim() }
}

/** The same, for one that may be sent again: a read, or a write that is fenced. */
export function repeatable(name: string, text: string): Statement {
  return { name, text: text.trim(), repeatable: true }
}

export type Row = Record<string, unknown>

export interface Queryable {
  /** The rows. A bigint comes as a number, a timestamptz as epoch milliseconds, json as its text. */
  query<R extends object = Row>(statement: Statement | string, values?: readonly unknown[]): Promise<R[]>
  /** The rows as arrays of columns: the cheaper form, for hot paths. */
  rows<R extends readonly unknown[] = unknown[]>(statement: Statement, values?: readonly unknown[]): Promise<R[]>
}

export interface Subscription {
  /** Ends the subscription. Never rejects. */
  close(): Promise<void>
}

export interface Listener {
  /** A notification arrived. */
  notify(payload: string): void
  /**
   * The subscription holds (again). What was sent while the connection was away is lost,
   * so a listener must look at the tables now. Also called once at the start.
   */
  ready(): void
}

export interface Database extends Queryable {
  /** The schema that holds our tables. */
  readonly schema: string
  /**
   * Runs `work` in one transaction and commits, or rolls back if it throws.
   * A call that could not reach the server is tried again; one whose commit is in doubt is not.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** Subscribes to a NOTIFY channel of ours. It survives reconnects. */
  listen(channel: Channel, listener: Listener): Promise<Subscription>
  /** Ends every connection. Never rejects. */
  close(): Promise<void>
}

/**
 * The NOTIFY channels. The channel's name in PostgreSQL carries the schema, so
 * that two installations in one database do not wake each other.
 *
 *   ready   payload is a queue that has something to claim
 *   held    a job was put on hold that may be due earlier than all others, or a parent ended
 *   cancel  payload is the id of a worker that should look at its leases
 */
export type Channel = 'ready' | 'held' | 'cancel'

/**
 * What went wrong with the connection, as opposed to the statement.
 * `sent` tells whether the statement may have been carried out.
 */
export class ConnectionLost extends TaskflowsError {
  readonly sent: boolean
  constructor(message: string, sent: boolean, cause: unknown) {
    super('database.unreachable', message, { cause, ...(sent && { hint: 'Whether the request took effect is not known: look before you send it again.' }) })
    this.sent = sent
  }
}

/**
 * The text of a statement for the schema in use. The word `taskflows` before a
 * dot, and as the prefix of a channel, is the schema; our SQL uses it for nothing else.
 */
export function inSchema(text: string, schema: string): string {
  return schema === 'taskflows' ? text : text.replaceAll(/\btaskflows\./g, () => `${quoteIdentifier(schema)}.`).replaceAll(/'taskflows_/g, () => `'${schema.replaceAll("'", "''")}_`)
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The name of a channel in PostgreSQL. */
export function channelName(channel: Channel, schema: string): string {
  return `${schema}_${channel}`
}
