/**
 * The Database port over node-postgres.
 *
 * A pool for queries and transactions, one more connection for LISTEN.
 * When the server is away, calls wait for it up to `patienceMs` before they
 * fail; where the database is ours to start (embedded), the source of the
 * address starts it.
 */
import { types as builtinTypes, type ClientConfig, Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg'
import { type Clock, systemClock } from '../../../kernel/clock.ts'
import { ConnectionLost, type Database, type Queryable, type Row, type Statement, inSchema } from '../../../kernel/database/database.ts'
import { connectionLoss, refused, rolledBack, unreachable } from './connection-errors.ts'
import { createListenHub } from './listen.ts'
import { createSilenceWatch } from './silence.ts'

/** Where a database is. `ensure` is asked before each new connection, so it may start the server first. */
export interface PostgresSource {
  ensure(): Promise<ClientConfig>
}

export interface PostgresOptions {
  readonly source: PostgresSource
  /** Default `taskflows`. */
  readonly schema?: string
  /** Connections at most. Default 10. */
  readonly max?: number
  /** Server settings of each connection, such as planner switches. */
  readonly settings?: Readonly<Record<string, string>>
  /** How long a call waits for a server that is away, in milliseconds. Default 10 000. */
  readonly patienceMs?: number
  readonly clock?: Clock
}

/** A source that is just a URL. */
export function urlSource(url: string): PostgresSource {
  return { ensure: async () => ({ connectionString: url }) }
}

/** No statement takes longer, unless it is known to. A network that went silent is noticed earlier, by `silence.ts`. */
const queryTimeoutMs = 30_000
/**
 * Whoever has not been heard of for so long in the middle of a transaction is gone with its machine or its network. Its
 * locks would be kept until TCP notices, which takes hours.
 */
const begin = `begin; set local idle_in_transaction_session_timeout = '${queryTimeoutMs}ms'`
/** A timer cannot be set for longer. */
const longestTimeoutMs = 2_147_483_647
const connectTimeoutMs = 5_000
const int8 = 20
const timestamptz = 1184
const json = 114

/** bigint as number (ours stay below 2^53), timestamptz as epoch milliseconds, json as its text. */
export const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === int8) return Number
    if (oid === timestamptz) return (text: string) => (text === 'infinity' ? Infinity : text === '-infinity' ? -Infinity : Date.parse(text))
    if (oid === json) return (text: string) => text
    return builtinTypes.getTypeParser(oid, format as 'text')
  },
} as ClientConfig['types']

export function createPostgres({ source, schema = 'taskflows', max = 10, settings = {}, patienceMs = 10_000, clock = systemClock }: PostgresOptions): Database {
  let closed: Promise<void> | undefined
  let pool: Pool | undefined
  let opening: Promise<Pool> | undefined
  const retired = new Set<Pool>()
  const prepared = new Map<Statement, Statement>()

  const configOf = (address: ClientConfig): ClientConfig => ({
    ...address,
    types,
    application_name: 'taskflows',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    options: Object.entries(settings).map(([key, value]) => `-c ${key}=${value}`).join(' '),
  })

  /** The address is asked for once, and again after a connection could not be made. */
  const openPool = (): Promise<Pool> => {
    if (pool) return Promise.resolve(pool)
    opening ??= source.ensure()
      .then((address) => {
        if (closed) throw new ConnectionLost('the connections were closed', false, undefined)
        pool = new Pool({ ...configOf(address), max, idleTimeoutMillis: 60_000 })
        // An idle connection that breaks is replaced at the next call.
        pool.on('error', () => {})
        // One that breaks while it is lent out says so twice: by the failing query, and by this event, which would end
        // the process. Both may come in one packet with the answer that made the connection, so nothing later is early enough.
        pool.on('connect', (client) => client.on('error', () => {}))
        return pool
      })
      .finally(() => { opening = undefined })
    return opening
  }

  /** Calls that wait in a pool would hang there if it were ended now; the last of them to fail ends it. */
  const forgetPool = (old: Pool): void => {
    if (pool === old) {
      pool = undefined
      retired.add(old)
    }
    if (old.waitingCount === 0 && retired.delete(old)) old.end().catch(() => {})
  }

  /** A connection, waiting for a server that is away. */
  const connect = async (): Promise<PoolClient> => {
    const deadline = clock.now() + patienceMs
    for (let pause = 25; ; pause = Math.min(pause * 2, 500)) {
      if (closed) throw new ConnectionLost('the connections were closed', false, undefined)
      let used: Pool | undefined
      try {
        used = await openPool()
        return await used.connect()
      } catch (error) {
        if (!connectionLoss(error)) throw refused(error)
        if (clock.now() + pause > deadline) throw unreachable(error, patienceMs)
        if (used) forgetPool(used)
        await clock.sleep(pause)
      }
    }
  }

  const silence = createSilenceWatch({
    clock,
    config: async () => configOf(await source.ensure()),
    onSilent: () => { if (pool) forgetPool(pool) },
  })
  const hub = createListenHub({ schema, clock, patienceMs, address: async () => configOf(await source.ensure()) })

  const inOurSchema = (given: Statement | string): Statement => {
    if (typeof given === 'string') return { text: inSchema(given, schema) }
    let known = prepared.get(given)
    if (!known) prepared.set(given, (known = { ...given, text: inSchema(given.text, schema) }))
    return known
  }

  const send = async (client: PoolClient, given: Statement | string, values: readonly unknown[] | undefined, asRows: boolean): Promise<QueryResult> => {
    const { name, text, slow } = inOurSchema(given)
    const query = { text, name, values: values as unknown[] | undefined, rowMode: asRows ? 'array' : undefined, query_timeout: slow ? longestTimeoutMs : undefined }
    try {
      return await silence.waitFor(client, client.query(query as QueryConfig))
    } catch (error) {
      throw connectionLoss(error) ? new ConnectionLost(`the connection to PostgreSQL broke: ${(error as Error).message}`, true, error) : error
    }
  }

  const run = async (given: Statement | string, values: readonly unknown[] | undefined, asRows: boolean): Promise<unknown[]> => {
    const deadline = clock.now() + patienceMs
    for (;;) {
      const client = await connect()
      try {
        const { rows } = await send(client, given, values, asRows)
        client.release()
        return rows
      } catch (error) {
        const lost = error instanceof ConnectionLost
        client.release(lost)
        if (!lost || typeof given === 'string' || !given.repeatable || clock.now() > deadline) throw error
      }
    }
  }

  const inTransaction = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
    const client = await connect()
    let broken = false
    let committing = false
    try {
      await send(client, begin, undefined, false)
      const result = await work({
        query: async <R extends object = Row>(given: Statement | string, values?: readonly unknown[]) => (await send(client, given, values, false)).rows as R[],
        rows: async <R extends readonly unknown[]>(given: Statement, values?: readonly unknown[]) => (await send(client, given, values, true)).rows as unknown as R[],
      })
      committing = true
      await send(client, 'commit', undefined, false)
      return result
    } catch (error) {
      broken = error instanceof ConnectionLost
      // What was not asked to commit was not carried out, whatever was sent.
      if (broken && !committing) throw new ConnectionLost((error as Error).message, false, error)
      if (!broken) await send(client, 'rollback', undefined, false).catch(() => { broken = true })
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    schema,
    query: async <R extends object = Row>(given: Statement | string, values?: readonly unknown[]) => (await run(given, values, false)) as R[],
    rows: async <R extends readonly unknown[]>(given: Statement, values?: readonly unknown[]) => (await run(given, values, true)) as unknown as R[],
    transaction: async (work) => {
      // What PostgreSQL itself rolled back (deadlock, serialization, a connection that broke before the commit) was never done, so it may be tried again.
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inTransaction(work)
        } catch (error) {
          const undone = rolledBack(error) || (error instanceof ConnectionLost && !error.sent)
          if (attempt === 5 || !undone || closed) throw error
          await clock.sleep(10 * attempt * Math.random())
        }
      }
    },
    listen: (channel, listener) => hub.listen(channel, listener),
    close: () => {
      closed ??= Promise.allSettled([hub.close(), ...[pool, ...retired].map((open) => open?.end())]).then(() => {})
      return closed
    },
  }
}
