/**
 * A connection that belongs to the user, as far as we use it. `kernel/database`
 * has the port over connections of our own.
 */

/** A `Client` or `PoolClient` of node-postgres, or what has the same `query`. */
export interface SqlClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** @throws TypeError */
export function requireSqlClient(client: unknown): asserts client is SqlClient {
  if (typeof (client as SqlClient | null | undefined)?.query === 'function') return
  throw new TypeError('Expected `client` to be a connection with a `query` method, such as a Client of pg')
}

/** A pool sends each query through another connection, so no transaction is open on it. @throws TypeError */
export function refusePool(client: SqlClient): void {
  if (!('totalCount' in client && 'idleCount' in client)) return
  throw new TypeError('Expected `client` to be one connection, with the transaction open on it, got a Pool: take one with `await pool.connect()`')
}
