/**
 * Doing things once, from outside: Idempotency-Key, unique keys and If-Match over HTTP, on a server of the product.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { serve } from '../../src/app.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import { type TaskflowsContract, contract } from '../../src/contract/index.ts'
import type { Contract } from '../../src/contract/operation.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type Answer, ask } from './api-suite.ts'

let subject: { readonly url: string; readonly secret: string; readonly client: Client<TaskflowsContract> }
const stack = new AsyncDisposableStack()
beforeAll(async () => {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-once-'))
  stack.defer(() => rmSync(home, { recursive: true }))
  const database = stack.use(await createTestDatabase(inject('postgresUrl')))
  const serving = await serve(readConfig({ home, port: '0', databaseUrl: database.url, logLevel: 'silent' }, {}), { workerModules: [] })
  stack.defer(() => serving.stop())
  const secret = readSecurity(home).hmac.secret!
  subject = { url: serving.url, secret, client: connectTo({ url: serving.url, secret }) }
})
afterAll(() => stack.disposeAsync())

let keys = 0
const newKey = () => `key-${(keys += 1)}`
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> => ask(subject, 'POST', path, { body, headers })
const add = (body: Record<string, unknown>, key: string) => post('/api/v1/jobs', { name: 'once', delay: 3600, ...body }, { 'idempotency-key': key })
const jobsOf = async (name: string) => (await subject.client.jobs.list({ name, limit: 1000 })).items
const replayed = (answer: Answer) => answer.headers['idempotency-replayed']

describe('a request with an idempotency key', () => {
  test('is carried out once, and answered the same to the byte', async () => {
    const key = newKey()
    const first = await add({ name: 'once.add', payload: { z: 1, 1: 'ä' } }, key)
    const again = await add({ name: 'once.add', payload: { 1: 'ä', z: 1 } }, key)
    expect([first.status, replayed(first), again.status, replayed(again)]).toEqual([201, undefined, 201, 'true'])
    expect(again.text).toBe(first.text)
    expect(again.headers['content-type']).toBe(first.headers['content-type'])
    expect(await jobsOf('once.add')).toHaveLength(1)
  })

  test('gets the answer of that time, though the job has moved since', async () => {
    const key = newKey()
    const first = await add({}, key)
    await subject.client.jobs.cancel({ id: first.json['id'] as string })
    expect((await add({}, key)).text).toBe(first.text)
  })

  test('is the same whether its key is bare or in quotes, on the older path too', async () => {
    const key = newKey()
    const { json: { id } } = await add({ name: 'once.quoted' }, key)
    expect((await add({ name: 'once.quoted' }, `"${key}"`)).json['id']).toBe(id)
    expect((await post('/jobs', { name: 'once.quoted', delay: 3600 }, { 'idempotency-key': key })).json['id']).toBe(id)
  })

  test('is not another request with the same key', async () => {
    const key = newKey()
    await add({ name: 'once.reused' }, key)
    for (const other of [await add({ name: 'once.reused', priority: 1 }, key), await post('/api/v1/jobs:batch', { items: [{ name: 'once.reused' }] }, { 'idempotency-key': key })]) {
      expect(other).toMatchObject({ status: 422, json: { code: 'request.idempotency_key_reused' } })
    }
    expect(await jobsOf('once.reused')).toHaveLength(1)
  })

  test('sent twenty times at once adds one job; whoever does not get its answer is told to come again', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 20 }, () => add({ name: 'once.crowd' }, key)))
    const [job, ...others] = await jobsOf('once.crowd')
    expect(others).toEqual([])
    for (const { status, headers, json } of answers) {
      if (status === 201) expect(json['id']).toBe(job!.id)
      else expect({ status, code: json['code'], after: headers['retry-after'] }).toEqual({ status: 409, code: 'request.in_progress', after: '1' })
    }
    expect(answers.filter((answer) => answer.status === 201 && replayed(answer) === undefined)).toHaveLength(1)
    expect((await add({ name: 'once.crowd' }, key)).json['id']).toBe(job!.id)
  })

  test('that was refused leaves its key free', async () => {
    const key = newKey()
    const unknown = '00000000-0000-7000-8000-000000000000'
    expect((await add({ after: [unknown] }, key)).status).toBe(404)
    expect((await add({ nmae: 'x' }, key)).status).toBe(422)
    expect((await add({}, key)).status).toBe(201)
  })

  test('that adds many is repeated with all its ids', async () => {
    const key = newKey()
    const batch = () => post('/api/v1/jobs:batch', { items: [{ name: 'once.many', delay: 60 }, { name: 'once.many', after: [0] }, { name: 'once.many' }] }, { 'idempotency-key': key })
    const [first, again] = [await batch(), await batch()]
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(await jobsOf('once.many')).toHaveLength(3)
  })

  test('that changes a job is repeated without changing it again', async () => {
    const [cancelKey, retryKey] = [newKey(), newKey()]
    const { json: { id } } = await add({}, newKey())
    const cancel = () => post(`/api/v1/jobs/${id as string}/cancel`, { reason: 'enough' }, { 'idempotency-key': cancelKey })
    const retry = () => post(`/api/v1/jobs/${id as string}/retry`, undefined, { 'idempotency-key': retryKey })
    const cancelled = await cancel()
    expect(await cancel()).toMatchObject({ status: 200, text: cancelled.text })
    const retried = await retry()
    expect(await cancel()).toMatchObject({ status: 200, text: cancelled.text })
    expect(await retry()).toMatchObject({ status: 200, text: retried.text })
    expect(await subject.client.jobs.get({ id: id as string })).toMatchObject({ state: 'PENDING' })
  })

  test('has a key of 1 to 255 printable ASCII characters', async () => {
    for (const key of ['', 'ä', 'x'.repeat(256), '"', 'a\tb']) {
      expect(await add({}, key)).toMatchObject({ status: 422, json: { code: 'request.invalid', detail: expect.stringMatching(/^Idempotency-Key: expected/) } })
    }
    expect((await add({}, '~'.repeat(255))).status).toBe(201)
  })

  test('whose payload nests without end is refused like one without a key', async () => {
    const body = `{"name":"x","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(await post('/api/v1/jobs', body, { 'idempotency-key': newKey() })).toMatchObject({ status: 422, json: { code: 'request.invalid' } })
  })

  test('and nothing to change ignores it', async () => {
    for (let n = 0; n < 2; n += 1) {
      const answer = await ask(subject, 'GET', '/api/v1/jobs?limit=1', { headers: { 'idempotency-key': '' } })
      expect([answer.status, replayed(answer)]).toEqual([200, undefined])
    }
  })

  test('of another caller, or of another tenant, is another request', async () => {
    const key = newKey()
    const { json: { id } } = await add({ name: 'once.callers' }, key)
    const seen = new Set([id])
    for (const tenant_id of [undefined, 'acme', 'globex']) {
      const { token } = await subject.client.tokens.create({ name: `once-${tenant_id ?? 'all'}`, role: 'operator', ...(tenant_id && { tenant_id }) })
      const theirs = await connectTo({ url: subject.url, token }).jobs.add({ name: 'once.callers', delay: 3600 }, { idempotencyKey: key })
      seen.add(theirs.id)
    }
    expect(seen.size).toBe(4)
  })

  test('that makes a token shows it once, and keeps it nowhere', async () => {
    const key = newKey()
    const create = () => post('/api/v1/tokens', { name: 'once' }, { 'idempotency-key': key })
    const first = await create()
    const again = await create()
    expect(first).toMatchObject({ status: 201, json: { token: expect.stringMatching(/^tfk_/) } })
    expect(again).toMatchObject({ status: 409, json: { code: 'request.answer_not_kept', details: { answer: { id: first.json['id'], name: 'once' } }, hint: expect.stringMatching(/revoke/i) } })
    expect(again.text).not.toContain(first.json['token'])
    expect((await subject.client.tokens.list({ state: 'all' })).items.filter(({ name }) => name === 'once')).toHaveLength(1)
  })

  test('is understood by every POST of the contract', async () => {
    // Those of services and their environments need a systemd: services-api.test.ts, environments-api.test.ts.
    const { services: _services, environments: _environments, ...areas } = contract as Contract
    const posts = Object.entries(areas).flatMap(([area, operations]) => Object.entries(operations).filter(([, { method }]) => method === 'POST').map(([name]) => `${area}.${name}`))
    const { json: { id } } = await add({}, newKey())
    const { id: token } = await subject.client.tokens.create({ name: 'once-every' })
    const at = new Date().toISOString()
    const cases: Record<string, [string, unknown]> = {
      'jobs.add': ['/jobs', { name: 'once.every', delay: 60 }],
      'jobs.addMany': ['/jobs:batch', { items: [{ name: 'once.every', delay: 60 }] }],
      'jobs.cancel': [`/jobs/${id as string}/cancel`, {}],
      'jobs.retry': [`/jobs/${id as string}/retry`, {}],
      'runs.report': ['/runs:report', { items: [{ id: newRunId(), name: 'once', state: 'running', started_at: at }] }],
      'tokens.create': ['/tokens', { name: 'once-every-2' }],
      'tokens.revoke': [`/tokens/${token}/revoke`, {}],
    }
    expect(posts.toSorted()).toEqual(Object.keys(cases).toSorted())
    for (const [operation, [path, body]] of Object.entries(cases)) {
      const key = newKey()
      const first = await post(`/api/v1${path}`, body, { 'idempotency-key': key })
      const again = await post(`/api/v1${path}`, body, { 'idempotency-key': key })
      expect(first.status, `${operation}: ${first.text}`).toBeLessThan(300)
      if (operation === 'tokens.create') expect(again.json['code']).toBe('request.answer_not_kept')
      else expect([operation, again.status, again.text, replayed(again)]).toEqual([operation, first.status, first.text, 'true'])
    }
  })
})

/** A version 7 UUID of now. */
function newRunId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${crypto.randomUUID().slice(-12)}`
}

describe('a unique key', () => {
  test('adds one job, and answers that one with 200 while it is unfinished', async () => {
    const body = { name: 'once.unique', unique_key: 'k', delay: 3600 }
    const first = await post('/api/v1/jobs', body)
    expect(first).toMatchObject({ status: 201, json: { created: true, unique_key: 'k' } })
    expect(await post('/api/v1/jobs', { ...body, priority: 9 })).toMatchObject({ status: 200, json: { id: first.json['id'], created: false, priority: 0 } })
    await subject.client.jobs.cancel({ id: first.json['id'] as string })
    expect((await post('/api/v1/jobs', body)).status).toBe(201)
    expect(await post(`/api/v1/jobs/${first.json['id'] as string}/retry`, {})).toMatchObject({ status: 409, json: { code: 'job.unique_key_taken' } })
  })

  test('is 1 to 255 characters', async () => {
    for (const unique_key of ['', 'x'.repeat(256), 7, 'a\u0000b']) expect((await post('/api/v1/jobs', { name: 'x', unique_key })).status).toBe(422)
    expect((await post('/api/v1/jobs', { name: 'x', unique_key: 'ü'.repeat(255), delay: 60 })).json['unique_key']).toBe('ü'.repeat(255))
  })

  test('works in a bulk request, which says what was there', async () => {
    const items = [{ name: 'once.bulk', unique_key: 'a', delay: 60 }, { name: 'once.bulk', unique_key: 'a', delay: 60 }]
    const first = await post('/api/v1/jobs:batch', { items })
    expect(first).toMatchObject({ status: 201, json: { existing: [1] } })
    expect((await post('/api/v1/jobs:batch', { items })).json).toMatchObject({ ids: first.json['ids'], existing: [0, 1] })
  })

  test('and an idempotency key go together: the repeat gets the first answer, though the job has ended', async () => {
    const key = newKey()
    const body = { name: 'once.both', unique_key: 'k' }
    const first = await add(body, key)
    expect((await add(body, newKey())).status).toBe(200)
    await subject.client.jobs.cancel({ id: first.json['id'] as string })
    expect(await add(body, key)).toMatchObject({ status: 201, text: first.text })
  })
})

describe('a job that is read', () => {
  const newJob = async () => (await subject.client.jobs.add({ name: 'once.match', delay: '1h' })).id
  const read = (id: string) => ask(subject, 'GET', `/api/v1/jobs/${id}`)
  const change = (id: string, deed: string, ifMatch: string) => post(`/api/v1/jobs/${id}/${deed}`, {}, { 'if-match': ifMatch })

  test('has its version as an ETag', async () => {
    const { headers, json } = await read(await newJob())
    expect(headers['etag']).toBe(`"${json['version'] as string}"`)
  })

  test('is changed at the version it was read at, and not after it has moved', async () => {
    const id = await newJob()
    const tag = (await read(id)).headers['etag']!
    expect((await change(id, 'cancel', tag)).status).toBe(200)
    expect(await change(id, 'cancel', tag)).toMatchObject({ status: 412, json: { code: 'request.precondition_failed', details: { id } } })
    expect(await change(id, 'retry', tag)).toMatchObject({ status: 412 })
    expect(await change(id, 'retry', `"other", ${(await read(id)).headers['etag']!}`)).toMatchObject({ status: 200, json: { state: 'PENDING' } })
  })

  test('is changed at any version for *, and at none for a weak one', async () => {
    const id = await newJob()
    const tag = (await read(id)).headers['etag']!
    expect((await change(id, 'cancel', `W/${tag}`)).status).toBe(412)
    expect((await change(id, 'cancel', 'nonsense')).status).toBe(422)
    expect((await change(id, 'cancel', '*')).status).toBe(200)
    expect((await change('00000000-0000-7000-8000-000000000000', 'cancel', '*')).status).toBe(404)
  })

  test('is changed by clients of the library in the same way', async () => {
    const id = await newJob()
    const { version } = await subject.client.jobs.get({ id })
    await subject.client.jobs.cancel({ id }, { ifMatch: version })
    await expect(subject.client.jobs.retry({ id }, { ifMatch: version })).rejects.toMatchObject({ code: 'request.precondition_failed', status: 412 })
  })

  test('may be added to with a condition, which is ignored', async () => {
    expect((await post('/api/v1/jobs', { name: 'once.match', delay: 60 }, { 'if-match': 'nonsense' })).status).toBe(201)
  })
})

test('the OpenAPI document tells of all three', async () => {
  const { json } = await ask(subject, 'GET', '/openapi.json')
  const { paths } = json as { paths: Record<string, Record<string, { parameters?: { name: string }[]; responses: Record<string, { headers?: object }> }>> }
  const namesOf = (path: string) => paths[path]!['post']!.parameters!.map(({ name }) => name)
  expect(namesOf('/api/v1/jobs/{id}/cancel')).toEqual(['id', 'Idempotency-Key', 'If-Match'])
  expect(namesOf('/api/v1/jobs')).toEqual(['Idempotency-Key'])
  expect(Object.keys(paths['/api/v1/jobs']!['post']!.responses)).toEqual(expect.arrayContaining(['200', '201', '409', '422']))
  expect(paths['/api/v1/jobs/{id}']!['get']!.responses['200']!.headers).toHaveProperty('ETag')
})
