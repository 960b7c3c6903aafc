/**
 * Answers with server-sent events: the streams of the contract, to callers that
 * accept `text/event-stream`. `operation-routes.ts` decides which that are;
 * where the items come from is the operation's business.
 *
 * The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html:
 * each message has an `id` from which its reader can go on, whatever happens.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { StreamBatch } from '../../contract/operation.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/observe/log.ts'
import type { ApiMetrics } from '../../kernel/observe/api-metrics.ts'

export const streamType = 'text/event-stream'

export interface EventStreams {
  /**
   * Answers, and goes on until the caller goes away, is not known any more, or the server stops.
   * @param open gives the batches; what it throws before the first one is thrown
   * @throws `server.too_many_streams`
   */
  answer(request: FastifyRequest, reply: FastifyReply, open: (signal: AbortSignal) => Promise<AsyncIterable<StreamBatch<unknown>>>, isStillGood: () => Promise<boolean>): Promise<FastifyReply>
  /** Ends every stream, for good. Their readers come back and go on elsewhere, or later. */
  close(): void
}

const mostStreams = 1_000
/** Credentials are looked at again this often. */
const checkMs = 15_000
/** A caller that takes nothing for so long is not there any more. */
const stuckMs = 60_000
/** What was written before the end has so long to leave. */
const partingMs = 1_000

export interface EventStreamOptions {
  readonly metrics: Pick<ApiMetrics, 'streamOpened' | 'streamClosed'>
  readonly log: Log
  readonly clock?: Clock
}

export function createEventStreams({ metrics, log, clock = systemClock }: EventStreamOptions): EventStreams {
  const open = new Set<AbortController>()
  let closed = false
  return {
    answer: async (request, reply, start, isStillGood) => {
      if (closed) throw new TaskflowsError('server.unreachable', 'the server is stopping')
      if (open.size >= mostStreams) throw new TaskflowsError('server.too_many_streams', `${mostStreams} streams are open`, { details: { retry_after_seconds: 10 } })
      const { raw } = reply
      const stream = new AbortController()
      open.add(stream)
      metrics.streamOpened()
      raw.once('close', () => {
        open.delete(stream)
        metrics.streamClosed()
        stream.abort()
      })
      const batches = (await start(stream.signal))[Symbol.asyncIterator]()
      const first = await batches.next()
      reply.hijack()
      const headers: OutgoingHttpHeaders = { ...reply.getHeaders() as OutgoingHttpHeaders, 'content-type': `${streamType}; charset=utf-8`, 'x-accel-buffering': 'no', connection: 'close' }
      raw.writeHead(200, headers)
      raw.write('retry: 1000\n')
      const rest: AsyncIterable<StreamBatch<unknown>> = { [Symbol.asyncIterator]: () => batches }
      void send(raw, first.done ? undefined : first.value, rest, { signal: stream.signal, isStillGood, clock })
        .catch((error: unknown) => log.warn({ correlation_id: request.trace.id }, `a stream broke: ${messageOf(error)}`))
        .finally(() => part(raw))
      return reply
    },
    close: () => {
      closed = true
      for (const stream of open) stream.abort()
    },
  }
}

interface SendOptions {
  readonly signal: AbortSignal
  readonly isStillGood: () => Promise<boolean>
  readonly clock: Clock
}

async function send(raw: ServerResponse, first: StreamBatch<unknown> | undefined, rest: AsyncIterable<StreamBatch<unknown>>, { signal, isStillGood, clock }: SendOptions): Promise<void> {
  let checkedAt = clock.now()
  // The head and the first batch leave in one packet.
  if (first !== undefined && !raw.write(textOf(first))) await drained(raw, signal, clock)
  for await (const batch of rest) {
    if (clock.now() - checkedAt >= checkMs) {
      checkedAt = clock.now()
      // Whoever cannot be checked stays: without the store there is nothing to tell either.
      if (!(await isStillGood().catch(() => true))) return
    }
    if (!raw.write(textOf(batch))) await drained(raw, signal, clock)
    if (signal.aborted) return
  }
}

/** Resolves when there is room again, or nobody to send to. */
async function drained(raw: ServerResponse, signal: AbortSignal, clock: Clock): Promise<void> {
  const over = new AbortController()
  const end = () => over.abort()
  raw.once('drain', end)
  signal.addEventListener('abort', end)
  if (!signal.aborted) await clock.sleep(stuckMs, over.signal)
  raw.off('drain', end)
  signal.removeEventListener('abort', end)
  if (!over.signal.aborted) raw.destroy()
}

function part(raw: ServerResponse): void {
  if (raw.destroyed) return
  const late = setTimeout(() => raw.destroy(), partingMs)
  raw.once('close', () => clearTimeout(late))
  raw.end()
}

/** A batch that many streams send is written down once. */
const texts = new WeakMap<StreamBatch<unknown>, Buffer>()

function textOf(batch: StreamBatch<unknown>): Buffer {
  const known = texts.get(batch)
  if (known) return known
  const { items, cursor, last } = batch
  // A reader that is told of the end does not come back.
  const end = last ? `event: end\nid: ${cursor}\ndata:\n\n` : ''
  const text = Buffer.from((items.length === 0 && !last ? `: here\nid: ${cursor}\n\n` : items.map(messageText).join('')) + end)
  texts.set(batch, text)
  return text
}

function messageText({ cursor, item }: StreamBatch<unknown>['items'][number]): string {
  const { type } = item as { readonly type?: string }
  return `id: ${cursor}\n${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(item)}\n\n`
}

/** Only when it is named: whoever takes anything gets JSON. */
export function acceptsStream({ accept = '' }: IncomingHttpHeaders): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === streamType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}

/** @throws `cursor.invalid` */
export function lastEventId({ 'last-event-id': id }: IncomingHttpHeaders): string | undefined {
  if (id === undefined || id === '') return undefined
  if (typeof id === 'string' && /^[\x21-\x7e]{1,10000}$/.test(id)) return id
  throw new TaskflowsError('cursor.invalid', 'Last-Event-ID is not an id of this stream', { hint: 'Send the id of the last event as it came, or leave the header out.' })
}
