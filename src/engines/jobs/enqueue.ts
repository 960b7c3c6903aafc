/**
 * Adds a job on a connection of the caller, as part of whatever transaction is
 * open there: committed with it, or never added.
 *
 * It sends what `enqueue-options.ts` has checked; the job is made by the SQL
 * function `enqueue` (src/migrations/0004-enqueue.sql), which other languages
 * call directly. Loads no database driver and no schemas.
 */
import { quoteIdentifier } from '../../kernel/database/database.ts'
import { type AnyFunction, type Task, definitionOf, isTask } from '../tasks/index.ts'
import { type Argument, type EnqueueOptions, casts, readName, readOptions, readPayload } from './enqueue-options.ts'
import { type SqlClient, requireSqlClient } from './sql-client.ts'

export type { EnqueueOptions } from './enqueue-options.ts'

export interface Enqueued {
  readonly id: string
  /** False when an unfinished job holds the unique key; `id` is then that job's. */
  readonly created: boolean
}

/** The payload of a task is the first parameter of its function; one without may leave it out. */
type Payload<F extends AnyFunction> = undefined extends Parameters<F>[0]
  ? [payload?: Parameters<F>[0], options?: EnqueueOptions]
  : [payload: Parameters<F>[0], options?: EnqueueOptions]

/**
 * Adds a job in the transaction that is open on `client`, or at once when none is.
 *
 * @param nameOrTask a task, or the name of one
 * @param payload any JSON of up to 1 MiB without U+0000. Default `{}`
 * @throws `request.invalid`, naming the field, before anything is sent. What the database says comes as it is.
 * @example
 * await client.query('begin')
 * await client.query('insert into orders (id) values ($1)', [order.id])
 * await enqueue(client, sendReceipt, { orderId: order.id }, { delay: '5m' })
 * await client.query('commit')
 */
export function enqueue<F extends AnyFunction>(client: SqlClient, nameOrTask: Task<F>, ...rest: Payload<F>): Promise<Enqueued>
export function enqueue(client: SqlClient, nameOrTask: string, payload?: unknown, options?: EnqueueOptions): Promise<Enqueued>
export async function enqueue(client: SqlClient, nameOrTask: string | Task, payload: unknown = {}, options: EnqueueOptions = {}): Promise<Enqueued> {
  requireSqlClient(client)
  const { schema, ...sent } = readOptions(options)
  const args = { name: readName(isTask(nameOrTask) ? definitionOf(nameOrTask).name : nameOrTask), payload: readPayload(payload), ...sent }
  const { rows } = await client.query(callOf(schema, Object.keys(args) as Argument[]), Object.values(args))
  return rows[0] as Enqueued
}

/** Durations travel as milliseconds. What is not given is left to the function. */
function callOf(schema: string, names: readonly Argument[]): string {
  const args = names.map((name, at) => `${name} => $${at + 1}::${casts[name]}${casts[name] === 'float8' ? ` * interval '1 millisecond'` : ''}`)
  return `select id::text as id, created from ${quoteIdentifier(schema)}.enqueue(${args.join(', ')})`
}
