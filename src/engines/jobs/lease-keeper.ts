/**
 * Renews the leases of one worker. It runs on a thread of its own, with a
 * connection of its own, so that a handler that blocks the event loop keeps its
 * lease; `lease-thread.ts` wires it. Worker and keeper share two numbers and a
 * few messages.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database } from '../../kernel/database/database.ts'
import { renewLeases } from './sql/renew-leases.ts'

/** How long a lease holds without renewal, in seconds. */
export const leaseSeconds = 10
/** How often leases are renewed: three beats may fail before one is lost. */
const beatMs = 2_500
/** A worker without leases says this often that it is there. */
const idleMs = 15_000
/** A worker that has not moved its pulse for this long is taken to be blocked. */
const blockedMs = 3_000
/** How long after the time-out of a handler its worker has to notice. */
const graceMs = 2_000

/** Worker -> keeper. */
export type ToKeeper =
  | { readonly kind: 'hold'; readonly lease: string }
  | { readonly kind: 'drop'; readonly leases: readonly string[] }
  | { readonly kind: 'stop' }

/** Keeper -> worker. */
export type FromKeeper = { readonly kind: 'beat'; readonly lost: readonly string[]; readonly cancelled: readonly string[] } | { readonly kind: 'trouble'; readonly message: string }

/**
 * The shared numbers, epoch milliseconds: when the worker's event loop last
 * turned, and when the last of its running handlers must be over (Infinity
 * while one without a time-out runs).
 */
export interface Pulse {
  turned: number
  deadline: number
}

/** A Pulse in shared memory. */
export function sharedPulse(memory: SharedArrayBuffer): Pulse {
  const cells = new Float64Array(memory)
  return {
    get turned() { return cells[0]! },
    set turned(value) { cells[0] = value },
    get deadline() { return cells[1]! },
    set deadline(value) { cells[1] = value },
  }
}

/** Bytes of shared memory that a Pulse needs. */
export const pulseBytes = 16

/** Whether to renew: a blocked worker keeps its leases until its handlers' time-outs are over. */
export function shouldRenew({ turned, deadline }: Pulse, now: number): boolean {
  return now - turned < blockedMs || now < deadline + graceMs
}

interface KeeperParts {
  readonly database: Database
  readonly clock: Clock
  readonly worker: string
  readonly pulse: Pulse
  readonly tell: (message: FromKeeper) => void
}

export interface LeaseKeeper {
  hear(message: ToKeeper): void
  /** Resolves after `stop`. */
  readonly done: Promise<void>
}

export function createLeaseKeeper({ database, clock, worker, pulse, tell }: KeeperParts): LeaseKeeper {
  const held = new Set<string>()
  const stopping = new AbortController()

  let seenAt = -Infinity

  const beat = async (): Promise<void> => {
    if (held.size === 0 && clock.now() - seenAt < idleMs) return
    seenAt = clock.now()
    const leases = shouldRenew(pulse, clock.now()) ? [...held] : []
    const [answer] = await database.query<{ lost: string[]; cancelled: string[] }>(renewLeases, [worker, leases, leaseSeconds])
    const { lost, cancelled } = answer!
    for (const lease of lost) held.delete(lease)
    if (lost.length > 0 || cancelled.length > 0) tell({ kind: 'beat', lost, cancelled })
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await beat().catch((error: unknown) => tell({ kind: 'trouble', message: error instanceof Error ? error.message : String(error) }))
      await clock.sleep(beatMs, stopping.signal)
    }
  }

  return {
    hear: (message) => {
      if (message.kind === 'hold') held.add(message.lease)
      else if (message.kind === 'drop') for (const lease of message.leases) held.delete(lease)
      else stopping.abort()
    },
    done: run(),
  }
}
