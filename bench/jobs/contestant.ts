/** What a job queue must be able to do to be measured. One file of `contestants/` each. */
import type { StoreName } from './stores.ts'

export interface Contestant {
  /** Where it keeps its jobs. Default `postgres`. */
  readonly store?: StoreName
  /** Creates its tables in an empty database. */
  prepare(url: string): Promise<void>
  producer(url: string): Promise<Producer>
  /** @param onStart to be called with `payload.i` when the handler of a job starts. The handler does nothing else. */
  worker(url: string, options: { readonly mode: 'drain' | 'latency'; readonly onStart: (i: number) => void }): Promise<Worker>
  /** On PostgreSQL: one row with a boolean column `left`, whether any job is not finished yet. */
  readonly leftSql?: string
  /** Elsewhere: an eye that tells the same. */
  watch?(url: string): Promise<Eye>
}

export interface Eye {
  left(): Promise<boolean>
  close(): Promise<unknown>
}

export interface Producer {
  /** Adds jobs 0 to n-1 through the bulk call that its makers recommend; resolves when all are durable. */
  bulk(n: number): Promise<void>
  /** Adds one job by a call of its own; resolves when it is durable. */
  one(i: number): Promise<unknown>
  close(): Promise<void>
}

export interface Worker {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What every job carries. */
export function payloadOf(i: number): { readonly i: number; readonly user: string; readonly note: string } {
  return { i, user: `u${i % 1000}`, note: 'a small but not empty payload' }
}

/** Calls `send(from, to)` for 0..n-1 in chunks, with two calls under way at any time. */
export async function inChunks(n: number, send: (from: number, to: number) => Promise<unknown>): Promise<void> {
  const size = 5000
  await keepInFlight(Math.ceil(n / size), 2, (chunk) => send(chunk * size, Math.min(n, (chunk + 1) * size)))
}

/** Calls `work(0..n-1)`, with `width` calls under way at any time. */
export async function keepInFlight(n: number, width: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < n) await work(next++)
  }))
}
