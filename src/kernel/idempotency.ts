/**
 * Requests that are carried out once, however often they are sent: the port to
 * where their keys and answers are kept (`database/idempotency-keys.ts`). What
 * such a request is, and what is answered to it, is up to `operations`.
 */
import type { Queryable } from './database/database.ts'

/** What a caller may choose as a key. */
export const idempotencyKeyForm = /^[\x20-\x7e]{1,255}$/

/** The right to carry a request out and to answer for it. Lost to another try when none of that happens within a minute. */
export interface Reservation {
  /** Who asks: keys of others are other keys. */
  readonly scope: string
  readonly key: string
  /** Of this one try. */
  readonly holder: string
}

export interface KeptAnswer {
  readonly status: number
  /** JSON text, to the letter as it was answered first. */
  readonly text: string
}

/** What became of a key: it is ours now, or has its answer, or neither. */
export type Reserved =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  | { readonly kind: 'in progress' | 'another request' }

export interface IdempotencyKeys {
  /** @param request the digest of what is asked for: equal for equal requests */
  reserve(scope: string, key: string, request: Uint8Array): Promise<Reserved>
  /**
   * Keeps the answer, for a day from the reservation. In the transaction `tx` that does what it tells of, if it is given.
   * @throws `request.in_progress` when the reservation was lost: nothing may be done under it any more
   */
  answer(reservation: Reservation, answer: KeptAnswer, tx?: Queryable): Promise<void>
  /** Frees the key, unless it has its answer. */
  release(reservation: Reservation): Promise<void>
}
