/**
 * Walks the whole contract over a real server: what a tenant cannot see of another, what each role may not do, that
 * nobody gets in without credentials, and that every change says who made it.
 */
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { httpRequest } from '../../src/client/http-request.ts'
import { ServiceDefinition, contract } from '../../src/contract/index.ts'
import type { Contract, Operation } from '../../src/contract/operation.ts'
import { routesOfContract } from '../../src/faces/api/contract-routes.ts'
import { pagePaths } from '../../src/faces/api/pages.ts'
import { errorKinds } from '../../src/kernel/errors.ts'
import { type Permission, type Role, roleNames } from '../../src/kernel/permissions.ts'
import { type Case, cases, harmless } from './access/cases.ts'
import { type Holdings, type World, createWorld } from './access/world.ts'
import { type Answer, send } from './api-suite.ts'

interface Walked {
  readonly name: string
  readonly operation: Operation
  readonly entry: Case | undefined
}

const entries: Readonly<Record<string, Readonly<Record<string, Case>>>> = cases as never
const walk: readonly Walked[] = Object.entries(contract as Contract).flatMap(([area, operations]) =>
  Object.entries(operations).map(([name, operation]) => ({ name: `${area}.${name}`, operation, entry: entries[area]?.[name] })))

let world: World
beforeAll(async () => { world = await createWorld(inject('postgresUrl')) })
afterAll(() => world[Symbol.asyncDispose]())

/** One request with a token, as the operation says. */
async function call(operation: Operation, input: Record<string, unknown>, token: string, until?: RegExp): Promise<Answer> {
  const { method, path, body } = httpRequest(operation, input)
  const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) }
  return operation.stream ? readStream(path, headers, until) : send(world.url, method, path, { headers, ...(body !== undefined && { body }) })
}

/** A stream goes on; it is read until there is what was waited for, by default its first message. */
function readStream(path: string, headers: Record<string, string>, until = /^id:.*\n\n/m): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(`${world.url}${path}`, { headers: { ...headers, accept: 'text/event-stream' } }, async (response) => {
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false
      let text = ''
      for await (const chunk of response) {
        text += String(chunk)
        if (isStream && until.test(text)) break
      }
      response.destroy()
      resolve({ status: response.statusCode!, headers: response.headers, text, json: isStream ? {} : (JSON.parse(text) as Record<string, unknown>) })
    }).on('error', reject)
  })
}

/** What an answer tells of alpha that the request did not say itself. */
function leaks(text: string, sent: unknown, { waiting, cancelled, run, token }: Holdings): string[] {
  const said = JSON.stringify(sent)
  const ids = [waiting, cancelled, run, token.id].filter((id) => text.includes(id))
  return [...ids, ...text.match(/alpha[\w-]*/g) ?? []].filter((word) => !said.includes(word))
}

describe('the walk', () => {
  test.each(walk)('has a case for $name', ({ entry, operation }) => {
    expect(entry).toBeDefined()
    if (operation.method !== 'GET') expect(entry!.change).toBeDefined()
  })

  test('has no case for what is no operation', () => {
    const known = walk.map(({ name }) => name)
    expect(Object.entries(entries).flatMap(([area, of]) => Object.keys(of).map((name) => `${area}.${name}`)).filter((name) => !known.includes(name))).toEqual([])
  })

  test.each(walk)('says of every field of $name what it names', ({ operation, entry }) => {
    const asked = JSON.stringify(entry!.foreign(world.alpha, world.bravo))
    const fields = namesIn(z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }))
    expect(fields.filter((field) => !harmless.includes(field) && !ofDefinitions.has(field) && !asked.includes(`"${field}":`))).toEqual([])
  })
})

/** Definitions, and the files they come from, are of what is on the host, which belongs to no tenant. */
const ofDefinitions = new Set(['sources', ...namesIn(z.toJSONSchema(ServiceDefinition, { io: 'input', unrepresentable: 'any' }))])

/** The names of all fields, those of items included. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, ...rest } = schema as { properties?: Record<string, unknown> }
  return [...Object.entries(properties).flatMap(([name, inner]) => [name, ...namesIn(inner)]), ...Object.values(rest).flatMap(namesIn)]
}

describe('a caller that is bound to a tenant', () => {
  let token: string
  beforeAll(async () => { token = await world.caller('bravo-admin', 'admin', 'bravo') })

  test.each(walk)('neither reaches nor sees anything of another through $name', async ({ operation, entry }) => {
    const before = await world.dump()
    for (const { input, answer: expected } of entry!.foreign(world.alpha, world.bravo)) {
      // Bravo was furnished after alpha: once the last of it is told, so would have been anything of alpha.
      const answer = await call(operation, input, token, expected === 'own' ? /bravo-token/ : undefined)
      const seen = { input, status: answer.status, code: answer.json['code'], leaks: leaks(answer.text, input, world.alpha) }
      if (expected === 'own' || expected === 'nothing') expect(seen).toEqual({ input, status: operation.success ?? 200, code: undefined, leaks: [] })
      else expect(seen).toEqual({ input, status: errorKinds[expected].status, code: expected, leaks: [] })
      if (expected === 'own') expect(answer.text).toContain('bravo')
      if (expected === 'nothing') expect(answer.text).not.toContain('bravo-')
    }
    expect(await world.dump()).toBe(before)
  })

  test('is not told the metrics of all', async () => {
    const answer = await send(world.url, 'GET', '/metrics', { headers: { 'authorization': `Bearer ${token}`, 'x-forwarded-for': '203.0.113.7' } })
    expect(answer).toMatchObject({ status: 403, json: { code: 'access.denied' } })
    expect(answer.text).not.toContain('alpha')
  })

  test('may use the keys and correlation ids of another without meeting what is under them', async () => {
    const { correlation, uniqueKey, waiting } = world.alpha
    const headers = { 'authorization': `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': 'alpha-idempotency' }
    const body = JSON.stringify({ name: 'alpha-job', queue: 'alpha-queue', correlation_id: correlation, unique_key: uniqueKey, delay: '1h' })
    const theirs = await world.caller('alpha-operator', 'operator', 'alpha')
    const first = await send(world.url, 'POST', '/api/v1/jobs', { headers: { ...headers, authorization: `Bearer ${theirs}` }, body })
    expect(first).toMatchObject({ status: 200, json: { id: waiting, created: false } })
    const second = await send(world.url, 'POST', '/api/v1/jobs', { headers, body })
    expect(second).toMatchObject({ status: 201, json: { created: true, tenant_id: 'bravo' } })
    for (const path of [`/jobs?correlation_id=${correlation}`, `/events?correlation_id=${correlation}`, `/runs?correlation_id=${correlation}`, `/timeline/${correlation}`]) {
      const { status, text } = await send(world.url, 'GET', `/api/v1${path}`, { headers })
      expect({ path, status, leaks: leaks(text, body, world.alpha) }).toEqual({ path, status: 200, leaks: [] })
    }
    await world.host.jobs.cancel({ id: second.json['id'] as string })
  })
})

/** By DESIGN: a viewer reads, an operator also starts and stops, an admin also manages access. */
const least: Readonly<Record<Permission, Role>> = {
  'jobs:read': 'viewer', 'events:read': 'viewer', 'runs:read': 'viewer', 'system:read': 'viewer', 'metrics:read': 'viewer',
  'jobs:write': 'operator', 'runs:write': 'operator', 'services:read': 'viewer', 'services:control': 'operator', 'tokens:read': 'admin', 'tokens:write': 'admin', 'services:write': 'admin',
}

const beyond = (role: Role) => walk.filter(({ operation: { permission } }) => permission !== 'public' && roleNames.indexOf(least[permission]) > roleNames.indexOf(role))

test('an admin is denied nothing', () => expect(beyond('admin')).toEqual([]))

describe.each(['viewer', 'operator'] as const)('a caller that is no more than %s', (role) => {
  const tokens: string[] = []
  beforeAll(async () => { for (const tenant of [undefined, 'alpha']) tokens.push(await world.caller(`walker-${role}`, role, tenant)) })

  test.each(beyond(role))('is denied $name', async ({ operation, entry }) => {
    const inputs = [await entry!.change?.(world) ?? {}, ...entry!.foreign(world.alpha, world.bravo).map(({ input }) => input)]
    const before = await world.dump()
    for (const input of inputs) {
      for (const token of tokens) expect(await call(operation, input, token)).toMatchObject({ status: 403, json: { code: 'access.denied', details: { permission: operation.permission, role } } })
    }
    expect(await world.dump()).toBe(before)
  })
})

describe('without a caller', () => {
  const openToAll = ['/', '/health', '/api/v1/health', '/docs', '/docs/json', '/openapi.json', '/metrics']
  const routes = [
    ...routesOfContract(contract as Contract).map(({ operation, path }) => ({ method: operation.method, path })),
    ...[...pagePaths, '/docs/json'].map((path) => ({ method: 'GET', path })),
  ].flatMap(({ method, path }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]).map((each) => ({ method: each, path })))

  test.each(routes)('$method $path is refused, unless it is open to all', async ({ method, path }) => {
    const before = await world.dump()
    const { status, text } = await send(world.url, method, path.replaceAll(/\{\w+\}/g, world.alpha.waiting))
    expect(status).toBe(openToAll.includes(path) ? 200 : 401)
    if (path !== '/metrics') expect(leaks(text, world.alpha.waiting, world.alpha)).toEqual([])
    expect(await world.dump()).toBe(before)
  })

  test('the metrics are for this machine only', async () => {
    for (const method of ['GET', 'HEAD']) expect((await send(world.url, method, '/metrics', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401)
  })
})

// Services and their environments are those of the machine that the tests run on: services-api.test.ts and environments-api.test.ts change some.
describe('every change names who made it:', () => {
  test.each(walk.filter(({ name, operation }) => operation.method !== 'GET' && !/^(services|environments)\./.test(name)))('$name', async ({ name, operation, entry }) => {
    const caller = name.replace('.', '-')
    const token = await world.caller(caller, 'admin')
    const input = await entry!.change!(world)
    const before = await world.dump()
    expect(await call(operation, input, token)).toMatchObject({ status: operation.success ?? 200 })
    expect(await world.dump()).not.toBe(before)
    const found = await world.database.query<{ type: string }>('select type from taskflows.events where actor = $1', [`token:${caller}`])
    expect(found.length).toBeGreaterThan(0)
  })
})
