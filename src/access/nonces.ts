/**
 * Remembers the nonces of signed requests, so that each is accepted once, by
 * whichever server on the same store sees it first.
 */
import type { Database } from '../kernel/database/database.ts'
import { statement } from '../kernel/database/database.ts'

export interface NonceStore {
  /** Whether the nonce is new; it is not from then on. */
  remember(nonce: string): Promise<boolean>
}

/*
 * A signature is good for two windows (five minutes each way), and the clocks of two servers may
 * differ; three windows of the database's clock cover a difference of five minutes.
 *
 * Without waiting for the disk: what a request changes is committed after its nonce, and the log is
 * flushed in order. A crash that loses a nonce has lost what its request did as well.
 */
const rememberNonces = statement('access_remember_nonces', `
  with relaxed as materialized (select set_config('synchronous_commit', 'off', true))
  insert into taskflows.nonces (nonce, expires_at)
  select nonce, taskflows.now() + interval '15 minutes' from relaxed, unnest($1::text[]) as nonce
  on conflict do nothing
  returning nonce`)

const pruneNonces = statement('access_prune_nonces', `
  delete from taskflows.nonces where expires_at < taskflows.now()`)

/** After how many nonces the expired ones are deleted; also after the first. */
const pruneEvery = 5_000

interface Waiting {
  resolve(isNew: boolean): void
  reject(error: unknown): void
}

/**
 * Nonces that arrive while a statement is on its way share the next one: under load a nonce costs a
 * row, not a round trip.
 */
export function createNonceStore(database: Database): NonceStore {
  let waiting = new Map<string, Waiting>()
  let flushing = false
  let sincePrune = pruneEvery

  const flush = async () => {
    flushing = true
    while (waiting.size > 0) {
      const batch = waiting
      waiting = new Map()
      await store(batch)
      await pruneNowAndThen(batch.size)
    }
    flushing = false
  }

  const store = async (batch: ReadonlyMap<string, Waiting>) => {
    try {
      // In one order everywhere: two servers that are sent the same nonces must not deadlock.
      const rows = await database.rows<[string]>(rememberNonces, [[...batch.keys()].sort()])
      const fresh = new Set(rows.map(([nonce]) => nonce))
      for (const [nonce, { resolve }] of batch) resolve(fresh.has(nonce))
    } catch (error) {
      for (const { reject } of batch.values()) reject(error)
    }
  }

  const pruneNowAndThen = async (count: number) => {
    sincePrune += count
    if (sincePrune < pruneEvery) return
    sincePrune = 0
    // What fails here is deleted the next time; nobody waits for it.
    await database.query(pruneNonces).catch(() => {})
  }

  return {
    remember: (nonce) => {
      if (waiting.has(nonce)) return Promise.resolve(false)
      return new Promise((resolve, reject) => {
        waiting.set(nonce, { resolve, reject })
        if (!flushing) void flush()
      })
    },
  }
}
