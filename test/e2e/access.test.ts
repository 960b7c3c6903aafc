/** API tokens and limits over a real server: what holds at once, on every server, and what guessing gets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { newCredential } from '../../src/access/tokens.ts'
import { serve } from '../../src/app.ts'
import { connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import { type World, createWorld } from './access/world.ts'
import { type Answer, send } from './api-suite.ts'

let world: World
beforeAll(async () => { world = await createWorld(inject('postgresUrl')) })
afterAll(() => world[Symbol.asyncDispose]())

const listJobs = (token: string, url = world.url): Promise<Answer> => send(url, 'GET', '/api/v1/jobs', { headers: { authorization: `Bearer ${token}` } })

test('a token is made once, used, listed without its credential, and revoked', async () => {
  const { token, ...made } = await world.host.tokens.create({ name: 'ci', role: 'operator', expires_in: '90d' })
  const ci = connectTo({ url: world.url, token })
  const { id } = await ci.jobs.add({ name: 'by-ci', delay: '1h' })
  expect((await world.host.events.list({ subject: id })).items).toMatchObject([{ type: 'job.added', actor: 'token:ci' }])
  const { items } = await world.host.tokens.list({})
  expect(items.find(({ name }) => name === 'ci')).toMatchObject({ ...made, last_used_at: expect.any(String) })
  expect(JSON.stringify(items)).not.toContain(token)
  expect(await world.host.tokens.revoke({ id: 'ci' })).toMatchObject({ state: 'revoked', revoked_by: 'host' })
  await expect(ci.jobs.list({})).rejects.toMatchObject({ code: 'access.unauthenticated' })
  expect((await world.host.events.list({ type: 'token.*', subject: made.id })).items.map(({ type, actor }) => `${type} by ${actor}`)).toEqual(['token.created by host', 'token.revoked by host'])
})

test('an admin that is bound to a tenant makes tokens of that tenant', async () => {
  const bound = connectTo({ url: world.url, token: await world.caller('acme-admin', 'admin', 'acme') })
  expect(await bound.tokens.create({ name: 'ci' })).toMatchObject({ tenant_id: 'acme', created_by: 'token:acme/acme-admin' })
  expect((await bound.tokens.list({ state: 'all' })).items.map(({ name }) => name)).toEqual(['ci', 'acme-admin'])
})

test.each([
  [{ name: 'a b' }, /name: must be letters/],
  [{ name: '../etc' }, /name: must be letters/],
  [{ name: 'x', role: 'root' }, /role: expected one of viewer, operator, admin/],
  [{ name: 'x', expires_in: 0 }, /expires_in: expected more than nothing/],
  [{ name: 'x', expires_in: '99999w' }, /expires_in: expected at most/],
  [{ name: 'x', rate_limit: 0 }, /rate_limit: expected at least 1/],
])('a token that cannot be is refused by name: %j', async (input, words) => {
  await expect(world.host.tokens.create(input as never)).rejects.toMatchObject({ code: 'request.invalid', message: expect.stringMatching(words) })
})

test('what ends a token ends it at once on every server', async () => {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-access-'))
  const other = await serve(readConfig({ home, port: '0', databaseUrl: world.databaseUrl, logLevel: 'silent' }, {}), { workerModules: [] })
  try {
    const [revoked, expired] = [await world.caller('to-revoke', 'viewer'), await world.caller('to-expire', 'viewer')]
    for (const token of [revoked, expired]) expect((await listJobs(token, other.url)).status).toBe(200)
    await world.host.tokens.revoke({ id: 'to-revoke' })
    await world.database.query(`update taskflows.tokens set expires_at = taskflows.now() where name = 'to-expire'`)
    for (const token of [revoked, expired]) expect(await listJobs(token, other.url)).toMatchObject({ status: 401, json: { detail: 'the token is unknown, revoked or expired' } })
  } finally {
    await other.stop()
    rmSync(home, { recursive: true })
  }
})

test('a caller beyond its rate gets 429 and when to come back; another is served', async () => {
  const { token } = await world.host.tokens.create({ name: 'slow', rate_limit: 1 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => listJobs(token)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429, 429])
  const refused = answers.find(({ status }) => status === 429)!
  expect(refused).toMatchObject({ headers: { 'retry-after': '1' }, json: { code: 'access.rate_limited', details: { limit_per_second: 1 } } })
  expect((await listJobs(await world.caller('quick', 'viewer'))).status).toBe(200)
  expect((await send(world.url, 'GET', '/health', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
})

test('a body is not waited for before the caller is known', async () => {
  const { hostname, port } = new URL(world.url)
  const socket = connect(Number(port), hostname)
  socket.write(`POST /api/v1/jobs HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${newCredential()}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    if (text.includes('access.unauthenticated')) break
  }
  expect(text).toMatch(/^HTTP\/1\.1 401 /)
})

test('no Authorization header whatever gets in or makes the server fail, and /health goes on', async () => {
  const known = await world.caller('known', 'viewer')
  expect((await listJobs(known)).status).toBe(200)
  const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  const latin = fc.string({ unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)) })
  const header = fc.tuple(fc.constantFrom('', 'Bearer ', 'bearer ', 'Bearer tfk_', 'Basic ', 'HMAC-SHA256 '), fc.oneof(visible, latin, fc.constant(0).map(newCredential), fc.base64String())).map((parts) => parts.join(''))
  const seen = new Set<number>()
  await fc.assert(fc.asyncProperty(fc.array(header, { minLength: 20, maxLength: 20 }), async (headers) => {
    for (const { status } of await Promise.all(headers.map((authorization) => send(world.url, 'GET', '/api/v1/jobs', { headers: { authorization } })))) seen.add(status)
  }), { numRuns: 500 })
  expect([...seen].sort()).toEqual([401, 429])
  expect((await send(world.url, 'GET', '/health')).status).toBe(200)
  expect((await listJobs(known)).status).toBe(200)
}, 60_000)
