/**
 * Notices that the network went silent under statements that wait for an
 * answer. TCP gives up after a quarter of an hour (tcp_retries2 in tcp(7)), and
 * a statement that takes long is as silent as a network that lost it: so the
 * server is asked, on a new connection, what the silent ones are doing.
 *
 *   no answer for 4 s ─► ask ─┬─ it does not answer within 5 s ──► all that wait are broken
 *                             ├─ not at work on the statement ───► that one is broken
 *                             └─ at work ────────────────────────► ask again in 4 s
 */
import { Client, type ClientConfig, type PoolClient } from 'pg'
import type { Clock } from '../../../kernel/clock.ts'
import { connectionLoss } from './connection-errors.ts'

interface SilenceParts {
  readonly config: () => Promise<ClientConfig>
  readonly clock: Clock
  /** The server does not answer new connections either. */
  readonly onSilent: () => void
}

/** A statement without an answer for so long makes us ask. */
const silentMs = 4_000
const roundMs = 500

/** $1 processes. An answer may be on its way for a moment. A pooler makes up processes, which are not found here. */
const idleProcesses = `select pid from pg_stat_activity where pid = any($1::integer[]) and state <> 'active' and state_change < clock_timestamp() - interval '1 second'`

export interface SilenceWatch {
  /** Resolves as `answer` does, which the connection breaks if nothing will come. */
  waitFor<T>(client: PoolClient, answer: Promise<T>): Promise<T>
}

/** What node-postgres has, and its types do not name. */
type Wired = PoolClient & { readonly processID: number | null; readonly connection: { readonly stream: { destroy(error: Error): void } } }

export function createSilenceWatch({ config, clock, onSilent }: SilenceParts): SilenceWatch {
  /** When each was sent, or seen to be worked on. */
  const waiting = new Map<Wired, number>()
  let rounds: NodeJS.Timeout | undefined
  let asking = false

  const silent = (): Wired[] => [...waiting].filter(([, since]) => clock.now() - since > silentMs).map(([client]) => client)

  const look = async (clients: readonly Wired[]): Promise<void> => {
    const broken = await config().then((address) => askFor(address, clients)).catch((error: unknown) => {
      if (!connectionLoss(error) || isAnswer(error)) return []
      onSilent()
      return clients
    })
    for (const client of clients) {
      if (broken.includes(client)) client.connection.stream.destroy(new Error('Connection terminated: PostgreSQL was silent'))
      else if (waiting.has(client)) waiting.set(client, clock.now())
    }
  }

  const round = async (): Promise<void> => {
    if (waiting.size === 0) {
      clearInterval(rounds)
      rounds = undefined
    }
    const clients = silent()
    if (clients.length === 0 || asking) return
    asking = true
    await look(clients)
    asking = false
  }

  return {
    waitFor: async (client, answer) => {
      waiting.set(client as Wired, clock.now())
      // It is no reason for a process to go on.
      rounds ??= setInterval(() => void round(), roundMs).unref()
      try {
        return await answer
      } finally {
        waiting.delete(client as Wired)
      }
    },
  }
}

/** Too many connections, or a server that starts: words of the server, and no silence. */
function isAnswer(error: unknown): boolean {
  return (error as { severity?: unknown }).severity !== undefined
}

/** Those whose processes are not at work. @throws what node-postgres throws */
async function askFor(config: ClientConfig, clients: readonly Wired[]): Promise<readonly Wired[]> {
  const client = new Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ pid: number }>({ text: idleProcesses, values: [clients.map(({ processID }) => processID)], query_timeout: silentMs } as never)
    return clients.filter(({ processID }) => rows.some(({ pid }) => pid === processID))
  } finally {
    client.end().catch(() => {})
  }
}
