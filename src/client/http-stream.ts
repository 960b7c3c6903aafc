/**
 * One connection that server-sent events come through, for as long as it lasts.
 * `follow.ts` connects again.
 */
import type { StreamBatch, Streamed } from '../contract/operation.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { type Destination, openExchange, readAnswer } from './http-exchange.ts'
import type { HttpRequest } from './http-request.ts'
import { type Message, createMessageReader } from './message-reader.ts'

/** The server says something every 15 s. */
const silenceMs = 45_000

export interface StreamOptions {
  readonly signal: AbortSignal
  /** How long the head of the answer may take. */
  readonly timeoutMs: number
}

/** Ends when the server ends it. @throws the problem that the server answers, and what breaks the connection */
export async function* readStream(destination: Destination, request: HttpRequest, credentials: Record<string, string>, { signal, timeoutMs }: StreamOptions): AsyncGenerator<StreamBatch<unknown>, void> {
  const { server } = destination
  const over = new AbortController()
  const end = () => over.abort(signal.reason)
  const late = setTimeout(() => over.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    const response = await openExchange(destination, request, { accept: 'text/event-stream', ...credentials }, over.signal)
    clearTimeout(late)
    if (response.statusCode !== 200) await readAnswer(response, server)
    if (!/^text\/event-stream\b/.test(response.headers['content-type'] ?? '')) {
      throw new TaskflowsError('server.unreachable', `what answers at ${server.origin} sends no events`, { details: { url: server.origin, status: response.statusCode } })
    }
    response.socket.setTimeout(silenceMs, () => response.destroy(new Error(`no sign of life for ${silenceMs / 1000} s`)))
    const read = createMessageReader()
    response.setEncoding('utf8')
    for await (const chunk of response) yield* batchOf(read(chunk as string))
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', end)
    over.abort()
  }
}

function* batchOf(messages: readonly Message[]): Generator<StreamBatch<unknown>, void> {
  const last = messages.at(-1)
  if (last === undefined) return
  const items = messages.filter(({ data }) => data !== '').map(({ id, data }): Streamed<unknown> => ({ cursor: id, item: JSON.parse(data) as unknown }))
  yield { items, cursor: last.id, ...(last.last && { last: true }) }
}
