/**
 * What every server of ours does over HTTP, whatever is behind it: call this
 * with something that starts one.
 */
import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, connectTo } from '../../src/client/index.ts'
import { type TaskflowsContract, contract } from '../../src/contract/index.ts'
import type { Contract, Operation } from '../../src/contract/operation.ts'
import { routesOfContract } from '../../src/faces/api/contract-routes.ts'
import { sha256Hex, signatureHeaders } from '../../src/kernel/hmac-signature.ts'

export interface ApiSubject extends AsyncDisposable {
  readonly url: string
  /** The HMAC secret of its host. */
  readonly secret: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; empty when it is none. */
  readonly json: Record<string, unknown>
}

const agent = new Agent({ keepAlive: true })

/** One request exactly as given: no header is added, no path is normalised. */
export function send(url: string, method: string, path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string | Uint8Array } = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ agent, hostname, port, method, path, headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) } }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString()
      const json = /json/.test(response.headers['content-type'] ?? '') && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {}
      resolve({ status: response.statusCode!, headers: response.headers, text, json })
    })
    request.on('error', reject).end(body)
  })
}

export function signed(secret: string, method: string, path: string, body: string | Uint8Array = ''): Record<string, string> {
  return signatureHeaders(secret, { method, path, contentSha256: sha256Hex(body) }, Date.now())
}

/** One signed request; an object is sent as JSON. */
export function ask({ url, secret }: Pick<ApiSubject, 'url' | 'secret'>, method: string, path: string, { body: given, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> {
  const body = given === undefined || typeof given === 'string' || given instanceof Uint8Array ? given : JSON.stringify(given)
  return send(url, method, path, { headers: { ...signed(secret, method, path, body), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers }, ...(body !== undefined && { body }) })
}

const unknownId = '00000000-0000-7000-8000-000000000000'

export function testApi(name: string, start: () => Promise<ApiSubject>): void {
  describe(`${name}:`, () => {
    let subject: ApiSubject
    let client: Client<TaskflowsContract>
    beforeAll(async () => {
      subject = await start()
      client = connectTo(subject)
    })
    afterAll(() => subject[Symbol.asyncDispose]())

    const expectProblem = (answer: Answer, status: number, code: string) => {
      expect({ status: answer.status, code: answer.json['code'] }).toEqual({ status, code })
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(answer.json).toMatchObject({ type: `urn:taskflows:error:${code}`, title: expect.any(String), status, detail: expect.any(String), details: expect.any(Object), instance: expect.any(String) })
      expect(answer.text).not.toMatch(/\bat .*\.[jt]s:\d+|node_modules/)
    }

    describe('operations', () => {
      test('every output is what the contract says', async () => {
        const { jobs, events, system } = contract
        const added = await client.jobs.add({ name: 'api.test', payload: { n: [1, null, 'ä'] }, delay: '1h', max_attempts: 5, priority: -3 })
        jobs.add.output.parse(added)
        expect(added).toMatchObject({ name: 'api.test', payload: { n: [1, null, 'ä'] }, created: true, max_attempts: 5, priority: -3, queue: 'default', tenant_id: 'default', correlation_id: added.id })
        const { id } = added
        jobs.get.output.parse(await client.jobs.get({ id }))
        jobs.list.output.parse(await client.jobs.list({ limit: 5 }))
        jobs.attempts.output.parse(await client.jobs.attempts({ id }))
        jobs.timeline.output.parse(await client.jobs.timeline({ id }))
        expect(jobs.cancel.output.parse(await client.jobs.cancel({ id, reason: 'enough' })).state).toBe('CANCELLED')
        expect(jobs.retry.output.parse(await client.jobs.retry({ id })).state).toBe('PENDING')
        await client.jobs.cancel({ id })
        const { ids } = jobs.addMany.output.parse(await client.jobs.addMany({ items: [{ name: 'a', delay: '1h' }, { name: 'b', after: [0] }] }))
        expect(ids).toHaveLength(2)
        events.list.output.parse(await client.events.list({}))
        system.health.output.parse(await client.system.health({}))
        system.info.output.parse(await client.system.info({}))
      })

      test('adding answers 201, asking 200', async () => {
        const added = await ask(subject, 'POST', '/api/v1/jobs', { body: { name: 'api.status', delay: 3600 } })
        expect(added.status).toBe(201)
        expect((await ask(subject, 'GET', `/api/v1/jobs/${added.json['id'] as string}`)).status).toBe(200)
      })

      test('the older paths answer the same', async () => {
        const { json: { id } } = await ask(subject, 'POST', '/jobs', { body: { name: 'api.alias', delay: 3600 } })
        const [older, newer] = await Promise.all([ask(subject, 'GET', `/jobs/${id as string}`), ask(subject, 'GET', `/api/v1/jobs/${id as string}`)])
        expect(older.json).toEqual(newer.json)
        expect((await ask(subject, 'POST', `/jobs/${id as string}/cancel`)).json).toMatchObject({ state: 'CANCELLED' })
        expect((await ask(subject, 'POST', `/jobs/${id as string}/retry`)).status).toBe(200)
        expect((await send(subject.url, 'GET', '/health')).json).toEqual({ status: 'ok' })
      })

      test('errors come back through the client as what they were', async () => {
        await expect(client.jobs.get({ id: unknownId })).rejects.toMatchObject({ name: 'TaskflowsError', code: 'job.not_found', exitCode: 4 })
        await expect(client.jobs.list({ since: 'whenever' })).rejects.toMatchObject({ code: 'request.invalid', details: { fields: [{ path: 'since' }] } })
      })

      test('a job in the wrong state is a conflict that names both', async () => {
        const { id } = await client.jobs.add({ name: 'api.conflict', delay: '1h' })
        const answer = await ask(subject, 'POST', `/api/v1/jobs/${id}/retry`)
        expectProblem(answer, 409, 'job.invalid_transition')
        expect(answer.json['detail']).toContain(id)
      })
    })

    describe('bad input', () => {
      test.each<[string, unknown, number, string, RegExp]>([
        ['text that is not JSON', '{"name":', 400, 'request.malformed', /the body is not JSON/],
        ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'request.malformed', /not UTF-8/],
        ['a list', [], 422, 'request.invalid', /expected an object, got an empty list/],
        ['nothing', undefined, 422, 'request.invalid', /name: is required/],
        ['an empty name', { name: '' }, 422, 'request.invalid', /name: expected at least 1 character/],
        ['a long name', { name: 'x'.repeat(256) }, 422, 'request.invalid', /at most 255 characters, got 256/],
        ['an unknown field', { name: 'x', nmae: 'y' }, 422, 'request.invalid', /nmae: is not a field/],
        ['a null character', { name: 'x', payload: { a: '\u0000' } }, 422, 'request.invalid', /payload: must not hold \\u0000/],
        ['a payload above 1 MiB', { name: 'x', payload: 'x'.repeat(1_048_576) }, 422, 'request.invalid', /payload: expected at most 1048576 bytes/],
        ['an unknown parent', { name: 'x', after: [unknownId.toUpperCase()] }, 404, 'job.not_found', /00000000-0000-7000/],
      ])('%s is refused by name', async (_case, body, status, code, detail) => {
        const answer = await ask(subject, 'POST', '/api/v1/jobs', { body })
        expectProblem(answer, status, code)
        expect(answer.json['detail']).toMatch(detail)
      })

      test('a body above the limit is refused without being read to the end', async () => {
        expectProblem(await ask(subject, 'POST', '/api/v1/jobs', { body: JSON.stringify({ name: 'x', payload: 'x'.repeat(3_000_000) }) }), 413, 'request.too_large')
      })

      test('a batch may be longer than one job', async () => {
        const items = [1, 2, 3].map(() => ({ name: 'api.large', delay: '1h', payload: 'x'.repeat(1_000_000) }))
        expect((await ask(subject, 'POST', '/api/v1/jobs:batch', { body: { items } })).status).toBe(201)
      })

      test('nesting without end is refused, not followed', async () => {
        const body = `{"name":"x","payload":${'['.repeat(300_000)}${']'.repeat(300_000)}}`
        expectProblem(await ask(subject, 'POST', '/api/v1/jobs', { body }), 422, 'request.invalid')
      })

      test('a body that is not JSON by its own word is refused', async () => {
        expectProblem(await ask(subject, 'POST', '/api/v1/jobs', { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 415, 'request.unsupported_media_type')
      })

      test('a malformed id, query or cursor is named', async () => {
        expectProblem(await ask(subject, 'GET', '/api/v1/jobs/nonsense'), 404, 'job.not_found')
        expectProblem(await ask(subject, 'GET', `/api/v1/jobs/${'x'.repeat(900)}`), 422, 'request.invalid')
        expectProblem(await ask(subject, 'GET', '/api/v1/jobs?state=pending'), 422, 'request.invalid')
        expectProblem(await ask(subject, 'GET', '/api/v1/jobs?limit=1&limit=2'), 422, 'request.invalid')
        expectProblem(await ask(subject, 'GET', '/api/v1/jobs?nonsense=1'), 422, 'request.invalid')
        expectProblem(await ask(subject, 'POST', `/api/v1/jobs/${unknownId}/cancel?reason=x`), 422, 'request.invalid')
        expectProblem(await send(subject.url, 'GET', '/api/v1/jobs/%zz'), 400, 'request.malformed')
      })

      test('an id in the body that contradicts the path is refused', async () => {
        const answer = await ask(subject, 'POST', `/api/v1/jobs/${unknownId}/cancel`, { body: { id: unknownId.replace('7', '6') } })
        expectProblem(answer, 422, 'request.invalid')
        expect(answer.json['detail']).toMatch(/the path says/)
      })

      test('an unknown address is a 404, a known one with the wrong method a 405 that names the right ones', async () => {
        expectProblem(await send(subject.url, 'GET', '/nowhere'), 404, 'request.not_found')
        expectProblem(await send(subject.url, 'POST', '/nowhere', { headers: { 'content-type': 'text/plain' }, body: 'x' }), 404, 'request.not_found')
        const answer = await send(subject.url, 'DELETE', '/api/v1/jobs')
        expectProblem(answer, 405, 'request.method_not_allowed')
        expect(answer.headers['allow']).toBe('POST, GET, HEAD, OPTIONS')
        const options = await send(subject.url, 'OPTIONS', '/api/v1/jobs')
        expect(options).toMatchObject({ status: 204, headers: { allow: 'POST, GET, HEAD, OPTIONS' } })
        expect(options.headers['access-control-allow-origin']).toBeUndefined()
      })

      test('what is not HTTP gets a problem too', async () => {
        const { hostname, port } = new URL(subject.url)
        const socket = connect(Number(port), hostname).end('NONSENSE\r\n\r\n')
        let text = ''
        for await (const chunk of socket) text += String(chunk)
        expect(text).toMatch(/^HTTP\/1\.1 400 [^]*request\.malformed/)
      })

      test('no body whatever makes the server fail', async () => {
        const field = fc.constantFrom('name', 'payload', 'queue', 'tenant_id', 'priority', 'delay', 'run_at', 'max_attempts', 'timeout', 'retry', 'correlation_id', 'after', '__proto__')
        const value = fc.oneof(fc.jsonValue(), fc.constantFrom('5m', '1e999', -1, 1e308, '2030-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '\ud800', unknownId, '9'.repeat(90)), fc.array(fc.jsonValue(), { maxLength: 3 }))
        const job = fc.oneof(fc.dictionary(field, value), fc.dictionary(field, value).map((fields) => Object.assign(fields, { name: 'fuzz', delay: '1h' })))
        const body = fc.oneof(job.map((one) => JSON.stringify(one)), fc.array(job, { maxLength: 3 }).map((items) => JSON.stringify({ items })), fc.json(), fc.string(), fc.uint8Array())
        const path = fc.constantFrom('/api/v1/jobs', '/api/v1/jobs:batch', `/api/v1/jobs/${unknownId}/cancel`, `/api/v1/jobs/${unknownId}/retry`)
        await fc.assert(fc.asyncProperty(path, body, async (at, bytes) => {
          const answer = await ask(subject, 'POST', at, { body: bytes })
          expect(answer.status, answer.text).toBeLessThan(500)
        }), { numRuns: 2_000 })
      }, 60_000)

      test.each(['/api/v1/events?subject=%00', '/api/v1/events?type=%00', '/api/v1/events?cursor=%00', '/api/v1/jobs?cursor=%00', '/api/v1/jobs?name=%00'])('what the database cannot keep is refused before it gets there: %s', async (path) => {
        expectProblem(await ask(subject, 'GET', path), 422, 'request.invalid')
      })

      test('no query whatever makes the server fail', async () => {
        const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('1h', '-1', '1e9', '99999999999999w', '0000-01-01T00:00:00Z', 'job.*', 'DEAD', unknownId, '\u0000'))
        const query = (path: string, ...fields: string[]) => fc.tuple(fc.constant(path), fc.array(fc.tuple(fc.constantFrom('since', 'limit', 'cursor', 'tenant_id', 'correlation_id', ...fields), value), { minLength: 1, maxLength: 2 }))
        await fc.assert(fc.asyncProperty(fc.oneof(query('/api/v1/jobs', 'state', 'queue', 'name'), query('/api/v1/events', 'type', 'subject')), async ([path, pairs]) => {
          const answer = await ask(subject, 'GET', `${path}?${new URLSearchParams(pairs.map(([key, text]) => [key, text.toWellFormed()])).toString()}`)
          expect(answer.status, answer.text).toBeLessThan(500)
        }), { numRuns: 1_000 })
      }, 60_000)
    })

    describe('access', () => {
      test('every operation that is not public refuses a caller without credentials', async () => {
        for (const { operation, path } of routesOfContract(contract as Contract)) {
          const answer = await send(subject.url, operation.method, path.replaceAll(/\{\w+\}/g, unknownId))
          const isPublic = operation.permission === 'public'
          expect({ path, status: answer.status, code: answer.json['code'] }).toEqual({ path, status: isPublic ? 200 : 401, code: isPublic ? undefined : 'access.unauthenticated' })
        }
      })

      test('a 401 names the ways to authenticate', async () => {
        const { headers } = await send(subject.url, 'GET', '/api/v1/jobs')
        expect(headers['www-authenticate']).toBe('Bearer realm="taskflows", HMAC-SHA256 realm="taskflows"')
      })

      test('a body that was changed on the way is refused', async () => {
        const path = '/api/v1/jobs'
        const headers = { ...signed(subject.secret, 'POST', path, '{"name":"x"}'), 'content-type': 'application/json' }
        expectProblem(await send(subject.url, 'POST', path, { headers, body: '{"name":"y"}' }), 401, 'access.bad_signature')
      })

      test('the same request is accepted once', async () => {
        const headers = signed(subject.secret, 'GET', '/api/v1/jobs')
        expect((await send(subject.url, 'GET', '/api/v1/jobs', { headers })).status).toBe(200)
        expectProblem(await send(subject.url, 'GET', '/api/v1/jobs', { headers }), 401, 'access.replayed')
      })

      test('of many copies at the same time one is accepted', async () => {
        const headers = signed(subject.secret, 'GET', '/api/v1/jobs')
        const answers = await Promise.all(Array.from({ length: 20 }, () => send(subject.url, 'GET', '/api/v1/jobs', { headers })))
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      })

      test('a stale timestamp, the older form and an unknown token are refused in words', async () => {
        const request = { method: 'GET', path: '/api/v1/jobs', contentSha256: sha256Hex() }
        const stale = await send(subject.url, 'GET', request.path, { headers: signatureHeaders(subject.secret, request, Date.now() - 600_000) })
        expectProblem(stale, 401, 'access.bad_signature')
        expect(stale.json['detail']).toMatch(/10 min( \d s)? behind/)
        const { 'x-hmac-nonce': _nonce, ...older } = signed(subject.secret, 'GET', request.path)
        expect((await send(subject.url, 'GET', request.path, { headers: older })).json['detail']).toMatch(/older form, timestamp \+ body/)
        expect((await send(subject.url, 'GET', request.path, { headers: { authorization: 'Bearer tfk_x' } })).json['detail']).toMatch(/expected tfk_ and 43 characters, got tfk_ and 1/)
        expect((await send(subject.url, 'GET', request.path, { headers: { authorization: `Bearer tfk_${'x'.repeat(43)}` } })).json).toMatchObject({ detail: 'the token is unknown, revoked or expired', hint: expect.stringMatching(/tf api tokens create/) })
      })

      test('the path is signed as it was sent, query and escapes included', async () => {
        expect((await ask(subject, 'GET', '/api/v1/jobs?name=%61%20b&limit=1')).status).toBe(200)
      })

      test('HEAD answers what GET does, without the body', async () => {
        const answer = await ask(subject, 'HEAD', '/api/v1/jobs?limit=1')
        expect(answer).toMatchObject({ status: 200, text: '' })
      })
    })

    describe('answers', () => {
      test('a correlation id is taken over when it is well formed, and reaches the job', async () => {
        const answer = await ask(subject, 'POST', '/api/v1/jobs', { body: { name: 'api.trace', delay: '1h' }, headers: { 'x-correlation-id': 'order-17' } })
        expect(answer.headers['x-correlation-id']).toBe('order-17')
        expect(answer.json['correlation_id']).toBe('order-17')
        const other = await send(subject.url, 'GET', '/health', { headers: { 'x-correlation-id': 'two words' } })
        expect(other.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/)
      })

      test('no answer may be framed, sniffed or kept', async () => {
        for (const path of ['/health', '/nowhere', '/api/v1/jobs']) {
          expect((await send(subject.url, 'GET', path)).headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cache-control': 'no-store', 'content-security-policy': expect.stringContaining("default-src 'none'") })
        }
      })

      test('the metrics count requests by the pattern of their route', async () => {
        await ask(subject, 'GET', `/api/v1/jobs/${unknownId}`)
        await send(subject.url, 'GET', '/some/made-up/path')
        const { text, headers } = await send(subject.url, 'GET', '/metrics')
        expect(headers['content-type']).toMatch(/^text\/plain; version=/)
        expect(text).toMatch(/taskflows_api_requests_total\{method="GET",endpoint="\/api\/v1\/jobs\/\{id\}",status_code="404"\} \d+/)
        expect(text).toMatch(/endpoint="unmatched"/)
        expect(text).not.toContain('made-up')
        expect(text).toMatch(/taskflows_jobs_depth\{queue="default",state="(PENDING|SCHEDULED)"\} \d+/)
      })
    })

    describe('documentation', () => {
      test('the OpenAPI document has every operation and refers to nothing that is missing', async () => {
        const { json, text } = await send(subject.url, 'GET', '/openapi.json')
        expect(json['openapi']).toBe('3.1.0')
        const paths = json['paths'] as Record<string, Record<string, { security: unknown[]; deprecated?: boolean }>>
        for (const { path, operation, alias } of routesOfContract(contract as Contract)) {
          const entry = paths[path]?.[operation.method.toLowerCase()]
          expect(entry, `${operation.method} ${path}`).toBeDefined()
          expect(entry!.deprecated ?? false).toBe(alias)
          expect(entry!.security).toHaveLength((operation as Operation).permission === 'public' ? 0 : 2)
        }
        const schemas = (json['components'] as { schemas: object }).schemas
        for (const [, ref] of text.matchAll(/"\$ref":"([^"]+)"/g)) expect(Object.keys(schemas)).toContain(ref!.replace('#/components/schemas/', ''))
      })

      test('the pages load everything they need from this server', async () => {
        const page = await send(subject.url, 'GET', '/docs')
        expect(page.headers['content-type']).toMatch(/^text\/html/)
        const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target!)
        expect(assets.length).toBeGreaterThan(3)
        for (const asset of assets) {
          expect(asset).toMatch(/^\/docs\//)
          expect((await send(subject.url, 'GET', asset)).status, asset).toBe(200)
        }
        expect((await send(subject.url, 'GET', '/docs/json')).json['openapi']).toBe('3.1.0')
        expectProblem(await send(subject.url, 'GET', '/docs/nowhere'), 404, 'request.not_found')
      })

      test('the root says where everything is', async () => {
        expect((await send(subject.url, 'GET', '/')).json).toMatchObject({ name: 'taskflows', docs: '/docs', openapi: '/openapi.json' })
      })
    })
  })
}
