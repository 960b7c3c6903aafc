/** Requests at random over everything that the document describes, and over what it does not. */
import fc from 'fast-check'
import type { Callers } from './callers.ts'
import type { Document, Place } from './document.ts'
import { headers } from './headers.ts'
import { type Delivery, type Framing, type FuzzRequest, deliveries, framings } from './request.ts'
import { often, one, oneIn, oneOf } from './odds.ts'
import { type Values, brokenJson, idsOf, valuesOf, writeJson } from './values.ts'

type Body = FuzzRequest['body']
/** What a place decides; who asks, how it is framed and how it is delivered is another matter. */
type Asked = Pick<FuzzRequest, 'place' | 'method' | 'target' | 'body'>

/** Places that the document does not name: pages, and such that are not there. */
const otherTargets = [
  '/', '/openapi.json', '/docs', '/docs/', '/docs/json', '/docs/static/index.html', '/docs/static/../../package.json',
  '/docs/static/%2e%2e/%2e%2e/package.json', '/docs/%00', '/docs/%ff', '/docs/static/nothing.js', '/metrics', '/api', '/api/v1', '/api/v1/',
  '/api/v2/jobs', '/favicon.ico', '/%', '/%zz', '/%00', '/..', '/../../etc/passwd', '//', '///jobs', '/jobs/', '/JOBS', '/jobs;x=1', '/jobs%2f',
  '/api/v1/jobs:batch/', '/api/v1/jobs%3Abatch', '/api/v1/jobs:nothing', '/api/v1/runs:', '/é', '/\u{1f600}', '*', '', 'jobs',
  'http://127.0.0.1/health', 'http://evil.example/api/v1/jobs', 'http://[', '127.0.0.1:80', `/${'x'.repeat(8_000)}`, `/jobs/${'x'.repeat(990)}`,
  `/jobs/${'x'.repeat(8_000)}`, `/${'%41'.repeat(2_000)}`, `/api/v1/jobs?${'a=b&'.repeat(2_000)}`, `/api/v1/jobs?cursor=${'x'.repeat(12_000)}`,
  `/${'../'.repeat(1_000)}`, '/health?', '/health?x', '/health#x', '/health\\', '/health%0d%0aX: 1',
]

const hostileSegments = oneOf(
  '%00', '%2F', '..', '.', '%2e%2e', '%ff', '%zz', '%', ':', '~', "'", '%27%20or%201=1', '*', 'null', '0', '-1', '%F0%9F%98%80', 'é',
  'x'.repeat(255), 'x'.repeat(256), 'x'.repeat(1_001), '%0d%0a', '{id}', '__proto__', '%20', '%20%20',
)
const brokenQueries = oneOf<(query: string) => string>(
  (query) => `${query}&${query}`, (query) => query.replaceAll('=', '[]='), (query) => query.replaceAll('=', '[a][b]='), (query) => `${query}&%`,
  (query) => `${query}&x=%zz`, (query) => query.replaceAll('=', ''), (query) => query.replaceAll('=', '=='), () => '&&&=&=',
  (query) => `${query}#f`, (query) => `${query}&__proto__=1`, (query) => `${query}&limit=`, (query) => `${query}&limit=1&limit=2`,
  (query) => `${query}&limit=0x10`, (query) => `${query}&limit=+5`, (query) => `${query}&limit=1e3`, (query) => `${query}&cursor=%00`,
  (query) => `${query}&cursor=%ff`, (query) => `${query}&since=1h%20ago`, (query) => `${query}&state=${'x'.repeat(3_000)}`,
  (query) => `${query}&\ud83d\ude00=1`, (query) => query.replaceAll('&', ';'), (query) => `?${query}`,
)

/** @param document of the server that is to be asked */
export function requestsOver(document: Document, callers: Callers): fc.Arbitrary<FuzzRequest> {
  const values = valuesOf(document)
  // Services are those of the machine that the tests run on: nothing at random is done to them.
  const places = document.places.filter(({ id }) => !id.startsWith('services.')).map((place) => askedAt(place, values))
  const asked = fc.oneof({ weight: 12, arbitrary: fc.oneof(...places) }, { weight: 1, arbitrary: anywhere })
  return fc.record({
    asked,
    caller: often(oneOf(...callers.names), oneOf(...callers.strangers), oneOf(...callers.strangers)),
    method: oneIn(20, oneOf('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'get', 'Post', 'NOTHING', 'G\u00cbT', '')),
    version: often(one('HTTP/1.1'), oneOf('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 x', '')),
    headers,
    framing: often<Framing>(oneOf('length', 'length', 'length', 'chunked'), oneOf(...framings)),
    delivery: often<Delivery>(one('whole'), oneOf(...deliveries)),
  }).map(({ asked: { method: usual, ...place }, method = usual, ...rest }) => ({ ...place, method, ...rest }))
}

const anywhere: fc.Arbitrary<Asked> = fc.record({
  place: one('anywhere'),
  method: oneOf('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE'),
  target: oneOf(...otherTargets),
  body: oneIn(15, anyBody()),
})

function askedAt({ id, method, path, parameters, body }: Place, values: Values): fc.Arbitrary<Asked> {
  return fc.record({ place: one(id), method: one(method), target: fc.tuple(pathOf(path), queryOf(parameters, values)).map((parts) => parts.join('')), body: bodyOf(method, body, values) })
}

function pathOf(path: string): fc.Arbitrary<string> {
  const area = /\/(jobs|runs|tokens)\//.exec(path)?.[1] ?? 'jobs'
  const segments = path.split(/\{\w+\}/)
  return fc.array(often(idsOf[area]!, hostileSegments, fc.string({ unit: 'binary' }).map(encodePath)), { minLength: segments.length - 1, maxLength: segments.length - 1 })
    .map((ids) => segments.map((segment, at) => segment + (ids[at] ?? '')).join(''))
}

/** Ids of the pool stay as they are. */
function encodePath(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function queryOf(parameters: Place['parameters'], values: Values): fc.Arbitrary<string> {
  const fields = parameters.filter((parameter) => parameter.in === 'query')
  if (fields.length === 0) return fc.oneof({ weight: 30, arbitrary: one('') }, { weight: 1, arbitrary: oneOf('?', '?x=1', '?id=1', '?x[]=1&%', '?__proto__=1') })
  const record = fc.record(Object.fromEntries(fields.map(({ name, schema }) => [name, oneIn(4, often(values.fitting(schema, name), values.spoiled(schema, name)))])))
  return fc.tuple(record, oneIn(15, brokenQueries)).map(([given, spoil]) => {
    const pairs = Object.entries(given).filter(([, value]) => value !== undefined)
    const query = pairs.map(([name, value]) => `${name}=${encodePath(typeof value === 'string' ? value : writeJson(value)).slice(0, 11_000)}`).join('&')
    const sent = spoil === undefined ? query : spoil(query)
    return sent === '' ? '' : `?${sent}`
  })
}

function bodyOf(method: string, schema: Place['body'], values: Values): fc.Arbitrary<Body> {
  if (method === 'GET' || method === 'DELETE') return oneIn(15, anyBody())
  if (schema === undefined) return fc.oneof(one(undefined), one<Body>({ text: '{}', encoding: 'utf8' }), oneIn(15, anyBody()))
  const json = fc.oneof({ weight: 2, arbitrary: values.fitting(schema) }, { weight: 1, arbitrary: values.spoiled(schema) }).map(writeJson)
  const text = fc.tuple(json, brokenJson).map(([whole, spoil]): Body => ({ text: spoil(whole), encoding: 'utf8' }))
  return often<Body>(text, anyBody())
}

function anyBody(): fc.Arbitrary<Body> {
  return fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes): Body => ({ text: Buffer.from(bytes).toString('latin1'), encoding: 'latin1' })),
    fc.json().map((text): Body => ({ text, encoding: 'utf8' })),
    oneOf('{}', '', 'x'.repeat(70_000)).map((text): Body => ({ text, encoding: 'utf8' })),
  )
}
