import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogLevel } from '../../kernel/observe/log-level.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import { type LokiDouble, startLokiDouble } from '../../../test/testbed/loki.ts'
import { type LokiPush, type LokiPushOptions, createLokiPush } from './loki-push.ts'

let loki: LokiDouble
let push: LokiPush | undefined
const troubles: { what: string; reason: string; lines: number }[] = []

beforeEach(async () => {
  troubles.length = 0
  loki = await startLokiDouble()
})
afterEach(async () => {
  await push?.close(1)
  await loki[Symbol.asyncDispose]()
})

function open(options: Partial<LokiPushOptions> = {}): LokiPush {
  return (push = createLokiPush({
    url: loki.url, labels: { app: 'shop', environment: 'test' }, maxBatchWaitMs: 20, onTrouble: (what, reason, lines) => troubles.push({ what, reason, lines }), ...options,
  }))
}

function line(text: string, { level = 'info' as LogLevel, ids = {} as LogLine['ids'] } = {}): LogLine {
  return { text, level, logger: 'test', ids, timestampNs: String(1_795_256_340_000_000_000n + BigInt(text.replace(/\D/g, '') || 0)) }
}

test('lines arrive with labels, severity and ids, in one request', async () => {
  const { push } = open()
  push(line('{"event":"one"}', { ids: { task_id: 't-1', request_id: 'r-1' } }))
  push(line('{"event":"two \\"quoted\\" é"}', { level: 'error' }))
  await loki.took(2)
  expect(loki.requests).toHaveLength(1)
  expect(loki.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
  expect(loki.lines).toMatchObject([
    { stream: { app: 'shop', environment: 'test', severity: 'INFO' }, line: '{"event":"one"}', metadata: { task_id: 't-1', request_id: 'r-1' } },
    { stream: { severity: 'ERROR' }, line: '{"event":"two \\"quoted\\" é"}', metadata: {} },
  ])
})

test('a batch that is full does not wait for its time', async () => {
  const { push } = open({ maxBatchWaitMs: 3_600_000, maxBatchBytes: 1_000 })
  for (let n = 0; n < 100; n += 1) push(line(`line ${n} ${'x'.repeat(50)}`))
  await loki.took(80)
  expect(loki.requests.length).toBeGreaterThan(5)
})

test('lines of a stream keep their order over batches and failures', async () => {
  loki.refuse({ status: 503 }, { status: 500 }, { status: 429, headers: { 'retry-after': '0' } })
  const { push, flush } = open({ maxBatchBytes: 2_000 })
  for (let n = 0; n < 500; n += 1) push(line(`line ${n}`, { level: n % 3 === 0 ? 'warn' : 'info' }))
  expect(await flush(10_000)).toBe(true)
  for (const severity of ['INFO', 'WARN']) {
    const numbers = loki.lines.filter(({ stream }) => stream['severity'] === severity).map(({ line }) => Number(line.slice(5)))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
  expect(loki.lines).toHaveLength(500)
  expect(push).toBeDefined()
})

test('a refused try is repeated, and nothing arrives twice', async () => {
  loki.refuse({ status: 503, body: 'starting' })
  open().push(line('one'))
  await loki.took(1)
  expect(loki.asked).toBe(2)
  expect(troubles).toEqual([{ what: 'put_off', reason: 'HTTP 503: starting', lines: 1 }])
})

test('Retry-After is heeded', async () => {
  loki.refuse({ status: 429, headers: { 'retry-after': '1' } })
  open().push(line('one'))
  await loki.wasAsked(1)
  const before = performance.now()
  await loki.took(1)
  expect(performance.now() - before).toBeGreaterThan(900)
})

test('what Loki will not have is dropped, counted and said, and the next lines go on', async () => {
  loki.refuse({ status: 400, body: 'entry too far behind' })
  const opened = open()
  opened.push(line('one'))
  await loki.wasAsked(1)
  expect(await opened.flush()).toBe(true)
  opened.push(line('two'))
  await loki.took(1)
  expect(loki.lines.map(({ line }) => line)).toEqual(['two'])
  expect(await opened.flush()).toBe(true)
  expect(opened.counts).toEqual({ pushed: 1, refused: 1, dropped: 0, putOff: 0, waiting: 0 })
  expect(troubles).toEqual([{ what: 'refused', reason: 'HTTP 400: entry too far behind', lines: 1 }])
})

test('while Loki is away memory is bounded: the oldest lines go, and are counted', async () => {
  const { port } = await deadPort()
  const opened = open({ url: `http://127.0.0.1:${port}`, maxBufferBytes: 40_000 })
  for (let n = 0; n < 10_000; n += 1) opened.push(line(`line ${n} ${'x'.repeat(100)}`))
  const { dropped, waiting } = opened.counts
  expect(dropped + waiting).toBe(10_000)
  expect(waiting).toBeGreaterThan(100)
  expect(waiting).toBeLessThan(400)
  expect(troubles.some(({ what }) => what === 'dropped')).toBe(true)
  await using back = await startLokiDouble({ port })
  await back.took(waiting)
  expect(back.lines.at(-1)?.line).toMatch(/^line 9999 /)
  expect(await opened.flush()).toBe(true)
  expect(back.lines).toHaveLength(waiting)
})

test('lines that are on their way do not make room for others', async () => {
  const answer = Promise.withResolvers<void>()
  loki.hold(answer.promise)
  const opened = open({ maxBufferBytes: 40_000 })
  opened.push(line('line 0'))
  await loki.wasAsked(1)
  for (let n = 1; n < 10_000; n += 1) opened.push(line(`line ${n} ${'x'.repeat(100)}`))
  answer.resolve()
  expect(await opened.flush()).toBe(true)
  const { pushed, dropped } = opened.counts
  expect(loki.lines).toHaveLength(pushed)
  expect(pushed + dropped).toBe(10_000)
})

test('flush gives up in time when Loki is silent', async () => {
  loki.refuse('silence')
  const opened = open()
  opened.push(line('one'))
  await loki.wasAsked(1)
  expect(await opened.flush(50)).toBe(false)
  expect(opened.counts.waiting).toBe(1)
})

test('a closed push takes nothing any more', async () => {
  const opened = open()
  opened.push(line('one'))
  expect(await opened.close()).toBe(true)
  opened.push(line('two'))
  expect(opened.counts.waiting).toBe(0)
  expect(loki.lines).toHaveLength(1)
})

test('credentials and tenant are sent, also those in the address', async () => {
  open({ user: 'ada', password: 'secret', tenant: 'shop' }).push(line('one'))
  await loki.took(1)
  expect(loki.requests[0]?.headers).toMatchObject({ authorization: `Basic ${Buffer.from('ada:secret').toString('base64')}`, 'x-scope-orgid': 'shop' })
  await push?.close()
  open({ url: loki.url.replace('//', '//bob:p%40ss@') }).push(line('two'))
  await loki.took(2)
  expect(loki.requests[1]?.headers['authorization']).toBe(`Basic ${Buffer.from('bob:p@ss').toString('base64')}`)
})

test('without compression the body is JSON as it is', async () => {
  open({ gzip: false }).push(line('one'))
  await loki.took(1)
  expect(loki.requests[0]?.headers).not.toHaveProperty('content-encoding')
})

test.each<[string, Partial<LokiPushOptions>, string]>([
  ['an address that is none', { url: 'http://' }, 'got "http://"'],
  ['another protocol', { url: 'ftp://loki' }, 'got "ftp://loki"'],
  ['an address with a password', { url: 'ftp://a:secret@loki' }, 'got another one'],
  ['a label name with a dash', { labels: { 'my-app': 'x' } }, 'got `my-app`'],
  ['an empty label', { labels: { app: '' } }, 'the label `app` to be a text that is not empty'],
  ['a label of each line', { labels: { severity: 'x' } }, 'without `severity`'],
  ['too many labels', { labels: Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`l${n}`, 'x'])) }, 'at most 14 labels'],
])('%s is refused', (_, options, message) => {
  expect(() => open(options)).toThrow(message)
})

/** A port that refuses connections. */
async function deadPort(): Promise<{ readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { port }
}
