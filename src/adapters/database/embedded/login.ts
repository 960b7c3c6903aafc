/** Whether PostgreSQL lets us in: the only proof that it is up. */
import { Client } from 'pg'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { connectionLoss } from '../postgres/connection-errors.ts'

/** Everything a client needs to connect. */
export interface PostgresAddress {
  /** The directory of the socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

const longestLoginMs = 5_000

/** Whether a login succeeds; false while nobody listens, or it starts or stops. @throws `postgres.start_failed` when it refuses us. */
export async function acceptsLogin(address: PostgresAddress): Promise<boolean> {
  const client = new Client({ ...address, ssl: false, connectionTimeoutMillis: longestLoginMs })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (error) {
    const code = (error as { code?: unknown }).code
    // "Too many clients": it is up.
    if (code === '53300') return true
    // EAGAIN: the queue of the socket is full.
    if (connectionLoss(error) || code === 'EAGAIN') return false
    throw new TaskflowsError('postgres.start_failed', `The PostgreSQL in ${address.host} refuses the login of ${address.user}: ${messageOf(error)}`, { details: { host: address.host }, cause: error })
  } finally {
    await client.end().catch(() => {})
  }
}
