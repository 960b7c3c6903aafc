/** Requests to whichever server is up, by several callers, while servers and their database come and go. */
import { setTimeout as pause } from 'node:timers/promises'
import { type CallOptions, type Client, connectTo } from '../../../src/client/index.ts'
import type { TaskflowsContract } from '../../../src/contract/index.ts'
import { TaskflowsError, messageOf } from '../../../src/kernel/errors.ts'

export interface Address {
  readonly url: string
  readonly secret: string
}

/** The one who holds the secret of the host, one with a token, and one whose token is bound to the tenant `acme`. */
export type CallerName = 'host' | 'operator' | 'acme'
export type Tokens = Readonly<Record<Exclude<CallerName, 'host'>, string>>

type Call<T> = (client: Client<TaskflowsContract>, options: CallOptions) => Promise<T>

export interface Requests {
  /** Asks once. Resolves with nothing when the answer was lost. */
  ask<T>(caller: CallerName, call: Call<T>): Promise<T | undefined>
  /** Asks under one idempotency key until it is answered: at once if it can, else in the background, and then resolves with nothing. */
  insist<T>(caller: CallerName, key: string, call: Call<T>, answered: (answer: T) => void): Promise<T | undefined>
  /** Resolves when everything that was insisted on has been answered. */
  settled(): Promise<void>
  /** Requests whose answer never came, or that were refused because the database was away: they may have had an effect. */
  readonly lost: number
  /** Of those that were insisted on: answered after the first try. */
  readonly repeated: number
  /** Anything else that was answered. */
  readonly surprises: readonly string[]
  /** The longest time until an answer or an error came, in milliseconds. */
  readonly longestMs: number
}

/** After a try that failed. */
const breathMs = 100
const againMs = 500
/** How many answers are asked for again although they came. */
const forgotten = 0.2
/** What a server says while its database is away or it stops, and while nobody knows what became of an earlier try. */
const outages = ['server.unreachable', 'database.unreachable', 'request.in_progress']

/** Tokens for the callers that need one. */
export async function createTokens(server: Address): Promise<Tokens> {
  const { tokens } = connectTo(server)
  const [operator, acme] = await Promise.all([tokens.create({ name: 'operator', role: 'operator' }), tokens.create({ name: 'acme', role: 'operator', tenant_id: 'acme' })])
  return { operator: operator.token, acme: acme.token }
}

/**
 * @param servers where they listen now; they move with each start
 * @param tokens of the callers other than `host`, if there are any
 */
export function openRequests(servers: () => readonly Address[], tokens?: Tokens): Requests {
  const surprises: string[] = []
  const underWay = new Set<Promise<void>>()
  let lost = 0
  let repeated = 0
  let turn = 0
  let longestMs = 0

  const clientOf = (caller: CallerName): Client<TaskflowsContract> | undefined => {
    const up = servers()
    const server = up[(turn += 1) % up.length]
    return server && connectTo(caller === 'host' ? server : { url: server.url, token: tokens![caller] })
  }

  const tryOnce = async <T>(caller: CallerName, call: Call<T>, options: CallOptions = {}): Promise<{ readonly answer: T } | undefined> => {
    const client = clientOf(caller)
    const sentAt = Date.now()
    try {
      if (client) return { answer: await call(client, options) }
    } catch (error) {
      lost += 1
      if (!(error instanceof TaskflowsError && outages.includes(error.code))) surprises.push(messageOf(error))
    } finally {
      longestMs = Math.max(longestMs, Date.now() - sentAt)
    }
    await pause(breathMs)
    return undefined
  }

  return {
    surprises,
    get lost() { return lost },
    get repeated() { return repeated },
    get longestMs() { return longestMs },
    ask: async (caller, call) => (await tryOnce(caller, call))?.answer,
    insist: async (caller, idempotencyKey, call, answered) => {
      const first = await tryOnce(caller, call, { idempotencyKey })
      // Few answers are lost between the commit and the caller, so some more are taken as lost.
      if (first && Math.random() > forgotten) {
        answered(first.answer)
        return first.answer
      }
      const again = async (): Promise<void> => {
        for (;;) {
          await pause(againMs)
          const later = await tryOnce(caller, call, { idempotencyKey })
          if (!later) continue
          repeated += 1
          return answered(later.answer)
        }
      }
      const repeats = again().finally(() => underWay.delete(repeats))
      underWay.add(repeats)
      return undefined
    },
    settled: async () => { await Promise.all(underWay) },
  }
}
