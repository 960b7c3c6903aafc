/** A stream that outlives its connections: it goes on behind the last item that was handed out. */
import type { StreamBatch, Streamed } from '../contract/operation.ts'
import { systemClock } from '../kernel/clock.ts'
import { parseDuration } from '../kernel/duration.ts'
import { TaskflowsError } from '../kernel/errors.ts'

export interface FollowOptions {
  /** Ends the stream. */
  readonly signal?: AbortSignal
  /** The connection broke, and will be made again. */
  readonly onBreak?: (error: unknown) => void
  /** It holds again. */
  readonly onMended?: () => void
}

type Connect = (input: unknown, signal: AbortSignal) => AsyncIterable<StreamBatch<unknown>>

const firstPauseMs = 500
const longestPauseMs = 10_000

/** Ends when the server says that nothing comes any more. Throws what the first connection throws, and later what another try cannot mend: a problem of the 4xx kind. */
export async function* follow(connect: Connect, asked: unknown, { signal = new AbortController().signal, onBreak, onMended }: FollowOptions): AsyncGenerator<Streamed<unknown>, void> {
  let input: Readonly<Record<string, unknown>> = withFixedStart(asked as Readonly<Record<string, unknown>>)
  let pauseMs = 0
  for (let connected = false; !signal.aborted; ) {
    try {
      for await (const { items, cursor, last } of connect(input, signal)) {
        if (pauseMs > 0) onMended?.()
        connected = true
        pauseMs = 0
        for (const item of items) {
          input = { ...input, cursor: item.cursor }
          yield item
        }
        if (last) return
        input = { ...input, cursor }
      }
      if (!signal.aborted) onBreak?.(new TaskflowsError('server.unreachable', 'the server ended the stream'))
    } catch (error) {
      if (signal.aborted) return
      if (!connected || isFinal(error)) throw error
      if (pauseMs === 0) onBreak?.(error)
    }
    pauseMs = Math.min(Math.max(firstPauseMs, pauseMs * 2), longestPauseMs)
    await systemClock.sleep(pauseMs, signal)
  }
}

/** Too many requests become fewer. */
function isFinal(error: unknown): boolean {
  return error instanceof TaskflowsError && error.status >= 400 && error.status < 500 && error.status !== 429
}

/** How long ago something was is counted from now, not from the next connection. */
function withFixedStart(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { since } = input
  const agoMs = typeof since === 'string' ? parseDuration(since.replace(/\s+ago$/, '')) : undefined
  return agoMs === undefined ? input : { ...input, since: new Date(Math.max(0, Date.now() - agoMs)).toISOString() }
}
