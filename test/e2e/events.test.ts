/** Live events from outside: a real server that is stopped and killed, read by the client, by `tf`, and over bare HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type Program, startTf } from '../machine/crash/program.ts'
import { ask, send, signed } from './api-suite.ts'

const stack = new AsyncDisposableStack()
let home: string
let databaseUrl: string
let port: string
let url: string
let server: Program
let writer: pg.Client
let client: Client<TaskflowsContract>
let secret: string

beforeAll(async () => {
  databaseUrl = stack.use(await createTestDatabase(inject('postgresUrl'))).url
  home = mkdtempSync(join(tmpdir(), 'taskflows-events-'))
  stack.defer(() => rmSync(home, { recursive: true }))
  port = await freePort()
  url = `http://127.0.0.1:${port}`
  server = await startServer()
  stack.defer(() => server[Symbol.asyncDispose]())
  secret = readSecurity(home).hmac.secret
  client = connectTo({ url, secret })
  writer = new pg.Client({ connectionString: databaseUrl })
  await writer.connect()
  stack.defer(() => writer.end())
})
afterAll(() => stack.disposeAsync())
beforeEach(() => writer.query('truncate taskflows.events'))

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port: free } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return String(free)
}

const tf = (args: readonly string[], env: Record<string, string> = {}) => startTf(args, { home, databaseUrl, env: { TASKFLOWS_PORT: port, ...env } })

async function startServer(): Promise<Program> {
  const program = tf(['serve'])
  await program.saw(/listens on/)
  return program
}

const newIds = (count: number) => Array.from({ length: count }, () => newId(Date.now()))

async function write(ids: readonly string[], tenant = 'default'): Promise<readonly string[]> {
  await writer.query('insert into taskflows.events (at, type, ids, tenants, names) values (taskflows.now(), $1, $2, $3, $4)', ['jobs.added', ids, [tenant], ['work']])
  return ids
}

/** Writes a batch every 20 ms until it is told to stop. */
function writeOn(): { stop(): Promise<string[]> } {
  const written: string[] = []
  let going = true
  const done = (async () => {
    while (going) {
      written.push(...await write(newIds(50)))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return {
    stop: async () => {
      going = false
      await done
      return written
    },
  }
}

/** The subjects that a client gets until the last one has come. */
async function collect(from: Client<TaskflowsContract>, until: Promise<string>, breaks: unknown[]): Promise<(string | null)[]> {
  const over = new AbortController()
  const subjects: (string | null)[] = []
  let last: string | undefined
  void until.then((subject) => { last = subject })
  for await (const { item } of from.events.follow({ since: '1h' }, { signal: over.signal, onBreak: (error) => breaks.push(error) })) {
    subjects.push(item.subject)
    if (last !== undefined && item.subject === last) over.abort()
  }
  return subjects
}

test.each(['SIGTERM', 'SIGKILL'] as const)('a client gets every event once, in order, when the server is ended by %s and started again', async (signal) => {
  const writing = writeOn()
  const last = Promise.withResolvers<string>()
  const breaks: unknown[] = []
  const collected = Promise.all(Array.from({ length: 5 }, () => collect(client, last.promise, breaks)))
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  server.signal(signal)
  await server.ended
  server = await startServer()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const written = await writing.stop()
  const end = newId(Date.now())
  last.resolve(end)
  // What is still on its way comes before it.
  await write([end])
  for (const subjects of await collected) expect(subjects).toEqual([...written, end])
  expect(breaks.length).toBeGreaterThanOrEqual(5)
}, 60_000)

test('tf events --follow prints history and what comes, goes on after a restart, and ends with 130', async () => {
  const history = await write(newIds(2))
  const follower = tf(['events', '--follow', '--since', '1h', '-o', 'jsonl'])
  onTestFinished(() => follower[Symbol.asyncDispose]())
  await follower.saw(new RegExp(history[1]!))
  const [live] = await write(newIds(1))
  await follower.saw(new RegExp(live!))
  server.signal('SIGTERM')
  await server.ended
  await follower.saw(/trying again/)
  const missed = await write(newIds(3))
  server = await startServer()
  await follower.saw(new RegExp(missed[2]!))
  await follower.saw(/connected again/)
  follower.signal('SIGINT')
  expect(await follower.ended).toMatchObject({ code: 130 })
  const printed = follower.said.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as { subject: string }).subject)
  expect(printed).toEqual([...history, live, ...missed])
}, 30_000)

test('tf events -f works without a server, and shows a table', async () => {
  const alone = mkdtempSync(join(tmpdir(), 'taskflows-events-'))
  onTestFinished(() => rmSync(alone, { recursive: true }))
  const follower = startTf(['events', '-f'], { home: alone, databaseUrl })
  onTestFinished(() => follower[Symbol.asyncDispose]())
  // It says nothing until something happens.
  const seen = follower.saw(/^\d{4}-.* job\.added +[0-9a-f-]{36} +work/)
  let over = false
  void seen.finally(() => { over = true })
  while (!over) {
    await write(newIds(1))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(follower.said[0]).toMatch(/^AT +TYPE +SUBJECT +NAME +BY$/)
  follower.signal('SIGINT')
  expect(await follower.ended).toMatchObject({ code: 130 })
}, 30_000)

test('tf events --follow refuses --limit, and a server that is not there', async () => {
  const limited = tf(['events', '-f', '--limit', '5'])
  expect(await limited.ended).toMatchObject({ code: 2 })
  const nowhere = tf(['events', '-f', '-s', '127.0.0.1:1'])
  expect(await nowhere.ended).toMatchObject({ code: 3 })
})

/** Reads a stream over bare HTTP until the text fits. */
async function stream(path: string, headers: Record<string, string>, until: RegExp): Promise<string> {
  const request = get(`${url}${path}`, { headers: { accept: 'text/event-stream', ...headers }, agent: false })
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk)
    if (until.test(text)) break
  }
  return text
}

const hmac = (path: string) => signed(secret, 'GET', path)

test('every id resumes right behind its event, and Last-Event-ID wins over the cursor', async () => {
  const ids = await write(newIds(4))
  const path = '/api/v1/events?since=1h'
  const text = await stream(path, hmac(path), new RegExp(ids[3]!))
  const cursors = [...text.matchAll(/^id: (.+)\nevent: job\.added\ndata: /gm)].map(([, id]) => id!)
  expect(cursors).toHaveLength(4)
  for (const [at, cursor] of cursors.slice(0, 3).entries()) {
    const resume = `/api/v1/events?cursor=${encodeURIComponent(cursors[3]!)}`
    const rest = await stream(resume, { ...hmac(resume), 'last-event-id': cursor }, new RegExp(ids[3]!))
    expect([...rest.matchAll(/"subject":"([^"]+)"/g)].map(([, subject]) => subject)).toEqual(ids.slice(at + 1))
  }
})

test('a stream begins with where it stands, so that nothing is missed before the first event', async () => {
  const path = '/api/v1/events?type=job.*'
  const text = await stream(path, hmac(path), /\n\n/)
  const [, cursor] = /^retry: 1000\n[^]*^id: (.+)\n\n$/m.exec(text)!
  const [id] = await write(newIds(1))
  expect(await stream(path, { ...hmac(path), 'last-event-id': cursor! }, /data: /)).toContain(id)
})

test('without the Accept header there is a list, a HEAD has no stream, and what is wrong is a problem', async () => {
  const subject = { url, secret }
  expect((await ask(subject, 'GET', '/api/v1/events')).json).toMatchObject({ items: [] })
  const accept = { accept: 'text/event-stream' }
  expect(await ask(subject, 'HEAD', '/api/v1/events', { headers: accept })).toMatchObject({ status: 200, text: '' })
  expect(await ask(subject, 'GET', '/api/v1/events', { headers: { ...accept, 'last-event-id': 'nonsense' } })).toMatchObject({ status: 400, json: { code: 'cursor.invalid' } })
  expect(await ask(subject, 'GET', '/api/v1/events?cursor=nonsense', { headers: accept })).toMatchObject({ status: 400, json: { code: 'cursor.invalid' } })
  expect(await ask(subject, 'GET', '/api/v1/events?type=%21', { headers: accept })).toMatchObject({ status: 422 })
  expect(await send(url, 'GET', '/api/v1/events', { headers: accept })).toMatchObject({ status: 401 })
  const { next_cursor: cursor } = await client.events.list({})
  const foreign = cursor!.replace(/^[^.]+/, 'AAAAAAAAAAAAAAAA')
  expect(await ask(subject, 'GET', '/api/v1/events', { headers: { ...accept, 'last-event-id': foreign } })).toMatchObject({ status: 410, json: { code: 'cursor.gone' } })
})

test('a bound caller hears of its own tenant alone', async () => {
  const { token } = await client.tokens.create({ name: 'acme-reader', tenant_id: 'acme' })
  const [before] = await write(newIds(1), 'acme')
  await write(newIds(1), 'other')
  await writer.query(`insert into taskflows.events (at, type, subject) values (taskflows.now(), 'servers.started', 'host')`)
  const over = new AbortController()
  const got: (string | null)[] = []
  const events = connectTo({ url, token }).events.follow({ since: '1h' }, { signal: over.signal })[Symbol.asyncIterator]()
  const take = async () => got.push(((await events.next()).value as { item: { subject: string } }).item.subject)
  // The creation of its own token is of its tenant, too.
  await take()
  await take()
  await write(newIds(1), 'other')
  const [after] = await write(newIds(1), 'acme')
  await take()
  expect(got.slice(-2)).toEqual([before, after])
  over.abort()
  expect(await events.next()).toMatchObject({ done: true })
})
