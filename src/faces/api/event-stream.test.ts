import { once } from 'node:events'
import { type IncomingMessage, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StreamBatch } from '../../contract/operation.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/observe/log.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type EventStreams, acceptsStream, createEventStreams, lastEventId } from './event-stream.ts'

type Batch = StreamBatch<unknown>

/** What the server under test sends, and what it says of itself. */
interface Site extends AsyncDisposable {
  readonly streams: EventStreams
  readonly clock: FakeClock
  /** Opens a stream and resolves with the head of the answer. */
  open(): Promise<IncomingMessage>
  /** What is sent next, to all. */
  feed: () => AsyncIterable<Batch>
  stillGood: boolean
  openStreams: number
  readonly refused: unknown[]
}

let site: Site
beforeEach(async () => { site = await startSite() })
afterEach(() => site[Symbol.asyncDispose]())

async function startSite(): Promise<Site> {
  const clock = new FakeClock()
  const streams = createEventStreams({ clock, log: silentLog, metrics: { streamOpened: () => { made.openStreams += 1 }, streamClosed: () => { made.openStreams -= 1 } } })
  const server = createServer((_request, raw) => {
    const reply = { raw, hijack: () => {}, getHeaders: () => ({ 'x-kept': 'yes' }) } as unknown as FastifyReply
    streams.answer({ trace: { id: 't' } } as FastifyRequest, reply, async (signal) => until(signal, made.feed()), async () => made.stillGood)
      .catch((error: unknown) => {
        made.refused.push(error)
        raw.end()
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const made: Site = {
    streams, clock,
    stillGood: true,
    openStreams: 0,
    refused: [],
    feed: async function* () {},
    open: () => new Promise((resolve, reject) => get({ port: (server.address() as AddressInfo).port, agent: false }, resolve).on('error', reject)),
    [Symbol.asyncDispose]: async () => {
      streams.close()
      server.closeAllConnections()
      server.close()
    },
  }
  return made
}

/** As the event log does, a feed ends when its signal aborts. */
async function* until(signal: AbortSignal, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  const aborted = once(signal, 'abort').then(() => ({ done: true, value: undefined }) as const)
  const iterator = batches[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([iterator.next(), aborted])
    if (next.done) return
    yield next.value
  }
}

async function read(response: IncomingMessage, end: string): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  while (!text.endsWith(end)) {
    const chunk = response.read() as string | null
    if (chunk === null) await once(response, 'readable')
    else text += chunk
  }
  return text
}

const forever = new Promise<never>(() => {})
const empty = (cursor: string): Batch => ({ items: [], cursor })

test('each message carries an id, the type and the item; an empty batch only says where the stream stands', async () => {
  site.feed = async function* () {
    yield empty('c0')
    yield { items: [{ cursor: 'c1', item: { type: 'job.added', name: 'ä\n' } }, { cursor: 'c2', item: { n: 1 } }], cursor: 'c3' }
    yield empty('c4')
    await forever
  }
  const response = await site.open()
  expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no', 'x-kept': 'yes' })
  const wanted = 'retry: 1000\n: here\nid: c0\n\nid: c1\nevent: job.added\ndata: {"type":"job.added","name":"ä\\n"}\n\nid: c2\ndata: {"n":1}\n\n: here\nid: c4\n\n'
  expect(await read(response, 'id: c4\n\n')).toBe(wanted)
})

test('a stream that is over says so with its last message', async () => {
  site.feed = async function* () {
    yield { items: [{ cursor: 'c1', item: { n: 1 } }], cursor: 'c1' }
    yield { items: [], cursor: 'c2', last: true }
  }
  const response = await site.open()
  expect(await read(response, 'data:\n\n')).toBe('retry: 1000\nid: c1\ndata: {"n":1}\n\nevent: end\nid: c2\ndata:\n\n')
  response.resume()
  await once(response, 'end')
})

test('what goes wrong before the first batch is thrown, and no stream begins', async () => {
  site.feed = () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new TaskflowsError('cursor.gone', 'gone')) }) })
  const response = await site.open()
  expect(response.headers['content-type']).toBeUndefined()
  expect(site.refused).toMatchObject([{ code: 'cursor.gone' }])
})

test('a caller that hangs up frees everything at once', async () => {
  const ended = Promise.withResolvers<void>()
  site.feed = async function* () {
    yield empty('c0')
    await forever
  }
  const answer = site.streams.answer
  Object.assign(site.streams, { answer: (request: FastifyRequest, reply: FastifyReply, open: Parameters<typeof answer>[2], good: Parameters<typeof answer>[3]) =>
    answer(request, reply, (signal) => {
      signal.addEventListener('abort', () => ended.resolve())
      return open(signal)
    }, good) })
  const response = await site.open()
  expect(site.openStreams).toBe(1)
  response.destroy()
  await ended.promise
  expect(site.openStreams).toBe(0)
})

test('a caller whose credentials are no longer good is let go at the next check', async () => {
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  site.feed = async function* () {
    yield empty('c0')
    for (const [at, turn] of turns.entries()) {
      await turn.promise
      yield empty(`c${at + 1}`)
    }
    await forever
  }
  const response = await site.open()
  site.stillGood = false
  await site.clock.advance(14_999)
  turns[0]!.resolve()
  await read(response, 'id: c1\n\n')
  await site.clock.advance(1)
  turns[1]!.resolve()
  response.resume()
  await once(response, 'end')
})

test('who reads slowly is asked for no more than fits, and let go after a minute', async () => {
  let asked = 0
  site.feed = async function* () {
    for (;; asked += 1) yield { items: [{ cursor: 'c', item: 'x'.repeat(500_000) }], cursor: 'c' }
  }
  const response = await site.open()
  response.on('error', () => {}).pause()
  let before = -1
  while (before !== asked || site.clock.sleeping === 0) {
    before = asked
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(asked).toBeGreaterThan(0)
  await site.clock.advance(60_000)
  const closed = new Promise((resolve) => response.on('close', resolve))
  response.resume()
  await closed
  expect(site.openStreams).toBe(0)
})

test('a server that stops ends its streams with all that was said, and takes no more', async () => {
  site.feed = async function* () {
    yield empty('c0')
    await forever
  }
  const response = await site.open()
  site.streams.close()
  await read(response, 'id: c0\n\n')
  response.resume()
  await once(response, 'end')
  await site.open()
  expect(site.refused).toMatchObject([{ code: 'server.unreachable', status: 503 }])
})

test('a thousand streams and no more', async () => {
  site.feed = async function* () {
    yield empty('c0')
    await forever
  }
  const responses = await Promise.all(Array.from({ length: 1_000 }, () => site.open()))
  await site.open()
  expect(site.refused).toMatchObject([{ code: 'server.too_many_streams', status: 429 }])
  responses[0]!.destroy()
  while (site.openStreams === 1_000) await new Promise(setImmediate)
  const again = await site.open()
  expect(again.headers['content-type']).toMatch(/^text\/event-stream/)
  for (const response of responses) response.destroy()
})

test.each([
  ['text/event-stream', true], ['application/json, text/event-stream;q=0.5', true], ['TEXT/Event-Stream', true],
  ['*/*', false], ['text/*', false], ['application/json', false], ['text/event-stream;q=0', false], ['text/event-stream; q=0.000', false], ['', false], [undefined, false],
])('Accept: %s wants a stream: %s', (accept, wanted) => {
  expect(acceptsStream(accept === undefined ? {} : { accept })).toBe(wanted)
})

test('a Last-Event-ID that can be no id of ours is refused, an empty one is none', () => {
  expect(lastEventId({ 'last-event-id': '' })).toBeUndefined()
  expect(lastEventId({ 'last-event-id': 'abc.1' })).toBe('abc.1')
  for (const id of ['a b', 'é', 'x'.repeat(10_001)]) expect(() => lastEventId({ 'last-event-id': id })).toThrow(/Last-Event-ID/)
})
