/** One reader of the whole event log, live, that goes from server to server as they come and go. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, createClient, createHttpTransport, routesOf } from '../../../src/client/index.ts'
import { type TaskflowsContract, contract } from '../../../src/contract/index.ts'
import { TaskflowsError } from '../../../src/kernel/errors.ts'
import type { Address } from './requests.ts'

export interface Follower extends AsyncDisposable {
  /** The id of each event, as it came. */
  readonly seen: readonly string[]
  /** How often the connection broke. */
  readonly breaks: number
  /** Rejects if it was told something that connecting again cannot mend. */
  readonly failed: Promise<never>
  /** Resolves when it has seen so many, or after 30 s. */
  hasSeen(count: number): Promise<void>
}

const patienceMs = 30_000

export function startFollower(servers: () => readonly Address[], token: string): Follower {
  const seen: string[] = []
  const stopped = new AbortController()
  let breaks = 0
  let turn = 0
  const routes = routesOf(contract)
  const client: Client<TaskflowsContract> = createClient<TaskflowsContract>({
    isStream: () => true,
    call: (area, operation) => Promise.reject(new TypeError(`${area}.${operation} is not followed`)),
    stream: (...request) => {
      const up = servers()
      const server = up[(turn += 1) % up.length]
      if (!server) throw new TaskflowsError('server.unreachable', 'no server is up')
      return createHttpTransport({ url: server.url, token, routes }).stream(...request)
    },
  })
  const run = async (): Promise<void> => {
    const events = client.events.follow({ since: '1970-01-01T00:00:00Z' }, { signal: stopped.signal, onBreak: () => { breaks += 1 } })
    for await (const { item } of events) seen.push(item.id)
  }
  const running = run()
  const failed = new Promise<never>((_, reject) => { running.catch(reject) })
  // Whoever looks hears of it.
  failed.catch(() => {})
  return {
    seen, failed,
    get breaks() { return breaks },
    hasSeen: async (count) => {
      for (const deadline = Date.now() + patienceMs; seen.length < count && Date.now() < deadline;) await pause(50)
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      await running.catch(() => {})
    },
  }
}
