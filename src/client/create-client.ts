/**
 * The typed client: `client.jobs.add({ name: 'resize' })`.
 *
 * It knows operations, not how they travel: the transport is HTTP
 * (`http-transport.ts`) or a call inside the process (given by `app.ts`).
 */
import type { Area, Contract, InputOf, OutputOf, StreamBatch, Streamed } from '../contract/operation.ts'
import { type FollowOptions, follow } from './follow.ts'

/** Carries one call to where the operations are. Throws TaskflowsError, whatever the way. */
export interface Transport {
  call(area: string, operation: string, input: unknown, options: CallOptions): Promise<unknown>
  /** Whether the operation answers with a stream. */
  isStream(area: string, operation: string): boolean
  /** What comes through one connection, until it breaks or `signal` aborts. */
  stream(area: string, operation: string, input: unknown, signal: AbortSignal): AsyncIterable<StreamBatch<unknown>>
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /**
   * 1 to 255 printable ASCII characters. However often a request is sent with the same one, it is carried out once, and
   * answered the same each time. For operations that change something.
   */
  readonly idempotencyKey?: string
  /** A `version` that was read before: the call is refused (`request.precondition_failed`) if that has changed. For operations that take one. */
  readonly ifMatch?: string
}

type AreaClient<A extends Area> = {
  readonly [Op in keyof A]: A[Op] extends { readonly stream: true }
    /** Connects again by itself, and goes on where it was. Each item comes with the `cursor` from which another one would go on. */
    ? (input: InputOf<A[Op]>, options?: FollowOptions) => AsyncIterable<Streamed<OutputOf<A[Op]>>>
    : (input: InputOf<A[Op]>, options?: CallOptions) => Promise<OutputOf<A[Op]>>
}
export type Client<C extends Contract> = { readonly [A in keyof C]: AreaClient<C[A]> }

/**
 * The contract's names come from the type alone, so that a client costs no
 * schema at run time: any `client.area.operation` is passed to the transport.
 */
export function createClient<C extends Contract>(transport: Transport): Client<C> {
  const areas = new Map<string, unknown>()
  return new Proxy({}, {
    get: (_target, area) => {
      if (typeof area !== 'string') return undefined
      const known = areas.get(area) ?? areaClient(transport, area)
      areas.set(area, known)
      return known
    },
  }) as Client<C>
}

function areaClient(transport: Transport, area: string): unknown {
  return new Proxy({}, {
    get: (_target, operation) =>
      typeof operation !== 'string' ? undefined
      : transport.isStream(area, operation) ? (input: unknown, options: FollowOptions = {}) => follow((at, signal) => transport.stream(area, operation, at, signal), input, options)
      : (input: unknown, options: CallOptions = {}) => transport.call(area, operation, input, options),
  })
}
