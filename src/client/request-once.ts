/**
 * Requests that may be sent again: the headers that make that safe, and the
 * sending again when the connection broke.
 */
import { type Clock, systemClock } from '../kernel/clock.ts'
import { TaskflowsError, invalidFields } from '../kernel/errors.ts'
import { idempotencyKeyForm } from '../kernel/idempotency.ts'
import type { CallOptions } from './create-client.ts'
import type { Route } from './routes.ts'

export function conditionHeaders({ method }: Route, { idempotencyKey, ifMatch }: CallOptions): Record<string, string> {
  return {
    ...(idempotencyKey !== undefined && method === 'POST' && { 'idempotency-key': quotedKey(idempotencyKey) }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
  }
}

/** A string of RFC 9651, §3.3.3. */
function quotedKey(key: string): string {
  if (!idempotencyKeyForm.test(key)) throw invalidFields([{ path: 'idempotencyKey', message: `expected 1 to 255 printable ASCII characters, got ${JSON.stringify(key.slice(0, 300))}` }])
  return `"${key.replaceAll(/["\\]/g, '\\$&')}"`
}

/** Before the second and the third try, in milliseconds: a server that restarts is back by then. */
const pausesMs = [500, 2_500]

/** Sends a request with an idempotency key until it is answered, in case the server went away in the middle of it. */
export async function untilAnswered<T>(send: () => Promise<T>, signal: AbortSignal, clock: Clock = systemClock): Promise<T> {
  try {
    return await send()
  } catch (error) {
    // A server that never was there is not waited for.
    if (!brokeOff(error)) throw error
    return sendAgain(send, signal, clock, error)
  }
}

async function sendAgain<T>(send: () => Promise<T>, signal: AbortSignal, clock: Clock, first: unknown): Promise<T> {
  let last = first
  for (const pauseMs of pausesMs) {
    await clock.sleep(pauseMs, signal)
    try {
      return await send()
    } catch (error) {
      if (error instanceof TaskflowsError && error.code !== 'request.in_progress') throw error
      last = error
    }
  }
  throw last
}

function brokeOff(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(String((error as { code?: unknown }).code))
}
