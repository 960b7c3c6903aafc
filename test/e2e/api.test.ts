/** The API over real HTTP, and what only a server with prepared engines can show. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { serve } from '../../src/app.ts'
import { connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import { TaskflowsError } from '../../src/kernel/errors.ts'
import { testLifecycle } from '../../src/testing/lifecycle-suite.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type MemorySubject, memorySubject, startMemorySubject } from './api-subject.ts'
import { type ApiSubject, ask, send, testApi } from './api-suite.ts'

testApi('a server on a store in memory', () => startMemorySubject())
testApi('the server of the product', startProduct)

async function startProduct(): Promise<ApiSubject> {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-api-'))
  const database = await createTestDatabase(inject('postgresUrl'))
  const config = readConfig({ home, port: '0', databaseUrl: database.url, logLevel: 'silent' }, {})
  const serving = await serve(config, { workerModules: [] })
  return {
    url: serving.url,
    secret: readSecurity(home).hmac.secret,
    [Symbol.asyncDispose]: async () => {
      await serving.stop()
      await database[Symbol.asyncDispose]()
      rmSync(home, { recursive: true })
    },
  }
}

describe('starting and stopping', () => {
  testLifecycle(() => memorySubject().server)
})

describe('a server', () => {
  let subject: MemorySubject
  beforeEach(async () => { subject = await startMemorySubject() })
  afterEach(() => subject[Symbol.asyncDispose]())

  test('that meets an error nobody foresaw says nothing of it, and logs it with the correlation id', async () => {
    subject.engines = { ...subject.engines, jobs: { ...subject.engines.jobs, depths: () => Promise.reject(new Error('x')), list: () => Promise.reject(new Error('password=hunter2')) } }
    const answer = await ask(subject, 'GET', '/api/v1/jobs', { headers: { 'x-correlation-id': 'c-1' } })
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal' } })
    expect(answer.text).not.toContain('hunter2')
    expect(subject.errors).toMatchObject([{ code: 'internal', correlation_id: 'c-1', err: { message: 'password=hunter2' } }])
    expect((await send(subject.url, 'GET', '/metrics')).status).toBe(200)
  })

  test('whose database is away is unhealthy', async () => {
    subject.engines = { ...subject.engines, system: { ...subject.engines.system, checkHealth: () => Promise.reject(new TaskflowsError('database.unreachable', 'the database does not answer')) } }
    expect(await send(subject.url, 'GET', '/health')).toMatchObject({ status: 503, json: { code: 'database.unreachable' } })
  })

  test('follows a new secret at once', async () => {
    const path = '/api/v1/jobs'
    expect((await ask(subject, 'GET', path)).status).toBe(200)
    const secret = 'another-secret-of-more-than-32-characters'
    subject.security = { hmac: { enabled: true, secret } }
    expect(await ask(subject, 'GET', path)).toMatchObject({ status: 401, json: { code: 'access.bad_signature' } })
    expect((await ask({ url: subject.url, secret }, 'GET', path)).status).toBe(200)
  })

  test('with security disabled serves this machine, and no web page on it', async () => {
    subject.security = { hmac: { enabled: false, secret: subject.secret } }
    const { port } = new URL(subject.url)
    const get = (headers: Record<string, string>) => send(subject.url, 'GET', '/api/v1/jobs', { headers })
    expect((await get({})).status).toBe(200)
    expect((await get({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).status).toBe(200)
    expect(await get({ host: `evil.example:${port}` })).toMatchObject({ status: 403, json: { code: 'access.bad_host' } })
    expect(await get({ origin: 'http://evil.example' })).toMatchObject({ status: 403, json: { code: 'access.denied' } })
    expect(await get({ 'x-forwarded-for': '10.0.0.1' })).toMatchObject({ status: 401, json: { code: 'access.unauthenticated' } })
  })

  test('shows its metrics to this machine under its own name only', async () => {
    expect((await send(subject.url, 'GET', '/metrics', { headers: { host: 'evil.example' } })).status).toBe(401)
    expect((await ask(subject, 'GET', '/metrics', { headers: { host: 'evil.example' } })).status).toBe(200)
  })

  test('lets a request finish when it stops, and closes connections that wait for nothing', async () => {
    const reached = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    subject.engines = { ...subject.engines, system: { ...subject.engines.system, checkHealth: () => { reached.resolve(); return release.promise } } }
    const { hostname, port } = new URL(subject.url)
    const idle = connect(Number(port), hostname)
    await once(idle, 'connect')
    const asked = send(subject.url, 'GET', '/health')
    await reached.promise
    const idleClosed = once(idle, 'close')
    const stopped = subject.server.stop()
    await idleClosed
    release.resolve()
    expect(await asked).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await stopped
    await expect(send(subject.url, 'GET', '/health')).rejects.toThrow()
  })

  test('that is gone is named by the client', async () => {
    await subject.server.stop()
    await expect(connectTo(subject).system.health({})).rejects.toMatchObject({ code: 'server.unreachable', message: expect.stringContaining(subject.url) })
  })

  test('that does not answer in time is named by the client', async () => {
    subject.engines = { ...subject.engines, jobs: { ...subject.engines.jobs, list: () => new Promise(() => {}) } }
    await expect(connectTo({ url: subject.url, secret: subject.secret, timeoutMs: 50 }).jobs.list({})).rejects.toMatchObject({ code: 'server.unreachable', message: expect.stringContaining('no answer within 0.05 s') })
  })
})

test('a port in use is named with who holds it', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  await expect(startMemorySubject({ port })).rejects.toMatchObject({ code: 'server.port_in_use', message: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${port} is in use by .* \\(pid ${process.pid}\\)$`)) })
  holder.close()
})

test('an address of another machine is named', async () => {
  await expect(startMemorySubject({ host: '203.0.113.1' })).rejects.toMatchObject({ code: 'server.cannot_listen', message: '"203.0.113.1" is not an address of this machine' })
})

test('listening beyond loopback without authentication is refused', async () => {
  const subject = memorySubject({ host: '0.0.0.0' })
  subject.security = { hmac: { enabled: false, secret: subject.secret } }
  await expect(subject.server.start()).rejects.toMatchObject({ code: 'server.unsafe_binding' })
})

test('what answers but is not taskflows is named by the client', async () => {
  const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  await expect(connectTo({ url: `http://127.0.0.1:${port}` }).system.health({})).rejects.toMatchObject({ code: 'server.unreachable', message: expect.stringContaining('is not a taskflows server') })
  other.close()
})
