import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { TaskflowsError } from '../kernel/errors.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createClient } from './create-client.ts'
import { createHttpTransport } from './http-transport.ts'
import { conditionHeaders, untilAnswered } from './request-once.ts'

const calm = new AbortController().signal
const broken = (code: string) => Object.assign(new Error('it broke'), { code })

/** Fails in these ways, one after another, and then answers. */
function failing(...errors: Error[]) {
  const sent = { count: 0 }
  return { sent, send: async () => { const error = errors[sent.count++]; if (error) throw error; return 'answer' } }
}

async function outcome(send: () => Promise<string>, signal = calm): Promise<unknown> {
  const clock = new FakeClock()
  const answered = untilAnswered(send, signal, clock).catch((error: unknown) => error)
  await clock.advance(60_000)
  return answered
}

const inProgress = new TaskflowsError('request.in_progress', 'wait')

test.each<[string, Error[]]>([
  ['broke', [broken('ECONNRESET')]],
  ['broke while it was being sent', [broken('EPIPE')]],
  ['broke, and is refused while the server restarts', [broken('ECONNRESET'), broken('ECONNREFUSED')]],
  ['broke, while the server goes on with it', [broken('ECONNRESET'), inProgress]],
])('a request whose connection %s is sent again', async (_what, errors) => {
  const { send, sent } = failing(...errors)
  expect([await outcome(send), sent.count]).toEqual(['answer', errors.length + 1])
})

test.each<[string, Error[], number]>([
  ['that cannot reach a server', [broken('ECONNREFUSED')], 1],
  ['that is refused', [new TaskflowsError('request.invalid', 'no')], 1],
  ['that is carried out by another', [inProgress], 1],
  ['that is refused after all', [broken('ECONNRESET'), new TaskflowsError('request.invalid', 'no')], 2],
  ['whose server does not come back', [broken('ECONNRESET'), broken('ECONNREFUSED'), broken('ECONNREFUSED')], 3],
])('a request %s fails with the last error', async (_what, errors, count) => {
  const { send, sent } = failing(...errors)
  expect(await outcome(send)).toBe(errors.at(-1))
  expect(sent.count).toBe(count)
})

test('a key travels in quotes with whatever changes something, and nothing else does', () => {
  const [post, get] = [{ method: 'POST', path: '/x' }, { method: 'GET', path: '/x' }]
  expect(conditionHeaders(post, { idempotencyKey: 'a "b" \\', ifMatch: 'waiting-1' })).toEqual({ 'idempotency-key': '"a \\"b\\" \\\\"', 'if-match': '"waiting-1"' })
  expect(conditionHeaders(get, { idempotencyKey: 'a' })).toEqual({})
  for (const idempotencyKey of ['', 'ä', 'x'.repeat(256)]) expect(() => conditionHeaders(post, { idempotencyKey })).toThrow(/^idempotencyKey: expected/)
})

test('over HTTP the second request carries the same key, and a nonce of its own', async () => {
  const seen: (string | undefined)[][] = []
  const server = createServer((request, response) => {
    seen.push([request.headers['idempotency-key'] as string, request.headers['x-hmac-nonce'] as string])
    request.resume().on('end', () => (seen.length === 1 ? request.socket.destroy() : response.end('{"id":"7"}')))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = createClient<never>(createHttpTransport({ url: `http://127.0.0.1:${port}`, routes: { jobs: { add: { method: 'POST', path: '/jobs' } } }, secret: 's'.repeat(32) })) as unknown as
    { jobs: { add: (input: object, options: object) => Promise<unknown> } }
  try {
    expect(await client.jobs.add({}, { idempotencyKey: 'k' })).toEqual({ id: '7' })
    const [[firstKey, firstNonce], [secondKey, secondNonce]] = seen as [string[], string[]]
    expect([firstKey, secondKey]).toEqual(['"k"', '"k"'])
    expect(firstNonce).not.toBe(secondNonce)
  } finally {
    server.close()
  }
})
