/**
 * Whether something pools connections between us and PostgreSQL.
 *
 * A worker listens, and what listens needs a connection of its own. A pooler
 * that lends a connection for one transaction (PgBouncer's `transaction` and
 * `statement`, and their like) accepts LISTEN and then passes nothing on.
 */
import { Client, type ClientConfig } from 'pg'
import type { PostgresSource } from './index.ts'

/** `session`: a pooler that gives each client a connection for as long as it stays, which is as good as none. */
export type Pooling = 'none' | 'session' | 'transaction'

/** A pooler that others keep busy may by chance lend the same connection a few times. */
const rounds = 10
const timeoutMs = 5_000

/** @throws what node-postgres throws */
export async function detectPooling(source: PostgresSource): Promise<Pooling> {
  const address = await source.ensure()
  await using stack = new AsyncDisposableStack()
  const asker = await connect(address, stack)
  // PostgreSQL names the process at login; a pooler makes up a number, because it has no process yet.
  if (namedAtLogin(asker) === (await processOf(asker))) return 'none'
  const other = await connect(address, stack)
  for (let round = 0; round < rounds; round += 1) if (await share(asker, other)) return 'transaction'
  return 'session'
}

async function connect(address: ClientConfig, stack: AsyncDisposableStack): Promise<Client> {
  const client = new Client({ ...address, application_name: 'taskflows', connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  client.on('error', () => {})
  stack.defer(() => client.end().catch(() => {}))
  await client.connect()
  return client
}

function namedAtLogin(client: Client): number | null {
  return (client as Client & { readonly processID: number | null }).processID
}

async function processOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]!.pid
}

/**
 * Whether the process that just answered one client works for another now, or the client has got another one
 * meanwhile. The transaction keeps what it took, and most poolers lend what came back last.
 */
async function share(asker: Client, other: Client): Promise<boolean> {
  const before = await processOf(asker)
  try {
    await other.query('begin')
    if ((await processOf(other)) === before) return true
    return (await processOf(asker)) !== before
  } catch (error) {
    // Where each statement may go elsewhere there are no transactions at all.
    if ((error as { code?: unknown }).code === '08P01') return true
    throw error
  } finally {
    await other.query('rollback').catch(() => {})
  }
}
