/**
 * The OpenAPI 3.1 document, made from the contract. Schemas that have a name
 * (zod's `meta({ id })`) become components; the older paths are listed as
 * deprecated, since they answer the same.
 */
import { z } from 'zod'
import type { Contract, Operation } from '../../contract/operation.ts'
import { pathFields } from '../../contract/operation.ts'
import { type ErrorCode, errorKinds } from '../../kernel/errors.ts'
import { type ContractRoute, isStream, partition, routesOfContract } from './contract-routes.ts'
import { problemType } from './problems.ts'

type Json = Record<string, unknown>

export function openApiDocument(contract: Contract, version: string): Json {
  const components: Record<string, Json> = { Problem: problemSchema }
  const paths: Record<string, Json> = {}
  const [streams, others] = partition(routesOfContract(contract), isStream)
  for (const route of others) {
    const stream = streams.find(({ path, operation }) => path === route.path && operation.method === route.operation.method)
    const described = describeRoute(route, components)
    paths[route.path] = { ...paths[route.path], [route.operation.method.toLowerCase()]: stream === undefined ? described : withStream(described, stream) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'taskflows', version, description },
    servers: [{ url: '/' }],
    tags: Object.keys(contract).map((name) => ({ name })),
    paths,
    components: { schemas: components, securitySchemes: { bearer, hmac } },
  }
}

const description = [
  'Durable jobs behind one API.',
  'JSON fields are snake_case, times ISO 8601 with an offset. Lists answer `{ items, next_cursor }`: give `next_cursor` as `cursor` to read on.',
  'Every error is an RFC 9457 problem with a stable `code`.',
  '`X-Correlation-Id` ties what follows from a request together; every answer carries one.',
].join('\n\n')

const bearer: Json = { type: 'http', scheme: 'bearer', bearerFormat: 'tfk_', description: 'An API token: `tf api tokens create NAME`, or `POST /api/v1/tokens`.' }

const hmac: Json = {
  type: 'apiKey', in: 'header', name: 'X-HMAC-Signature',
  description: [
    'Three headers: `X-HMAC-Timestamp` (Unix seconds), `X-HMAC-Nonce` (16 or more random bytes as hex, new for each request),',
    '`X-HMAC-Signature`: lower-case hex of HMAC-SHA256(secret, text), where text is these five lines joined by `\\n`:',
    'timestamp, nonce, METHOD, path with query exactly as sent, hex SHA-256 of the body. The secret is in TASKFLOWS_HOME/security.json.',
  ].join('\n'),
}

const problemSchema: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'details', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string', description: 'The same words for every occurrence of the code' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What went wrong this time' },
    code: { type: 'string', enum: Object.keys(errorKinds) },
    details: { type: 'object', description: 'Facts a program can act on; `fields` names each refused field' },
    hint: { type: 'string', description: 'The way out' },
    instance: { type: 'string' },
  },
}

function describeRoute({ area, name, operation, path, alias }: ContractRoute, components: Record<string, Json>): Json {
  const input = schemaOf(operation.input, 'input', components)
  const fields = (input['properties'] ?? {}) as Record<string, Json>
  const inPath = pathFields(path)
  const others = Object.keys(fields).filter((field) => !inPath.includes(field))
  const hasBody = operation.method !== 'GET' && operation.method !== 'DELETE'
  const parameters = [
    ...inPath.map((field) => parameter(field, 'path', fields[field] ?? {}, true)),
    ...(hasBody ? [] : others.map((field) => parameter(field, 'query', fields[field]!, isRequired(operation, field)))),
    ...(operation.method === 'POST' ? [idempotencyKey] : []),
    ...(operation.ifMatch ? [ifMatch] : []),
  ]
  return {
    operationId: alias ? `${area}.${name}.alias` : `${area}.${name}`,
    tags: [area],
    summary: operation.summary,
    ...(alias && { deprecated: true, description: `An older path of ${area}.${name}.` }),
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody && others.length > 0 && { requestBody: requestBody(input, others, operation) }),
    responses: responses(operation, components),
    security: operation.permission === 'public' ? [] : [{ bearer: [] }, { hmac: [] }],
  }
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', minLength: 1, maxLength: 255 },
  description: 'However often the request is sent with the same key within 24 hours, it is carried out once and answered the same',
}

const ifMatch: Json = {
  name: 'If-Match', in: 'header', required: false, schema: { type: 'string' },
  description: 'Versions as `ETag` or `version` showed them, in double quotes; refused with 412 when none of them is the present one',
}

function parameter(name: string, place: 'path' | 'query', { description: text, ...schema }: Json, required: boolean): Json {
  return { name, in: place, required, ...(text !== undefined && { description: text }), schema }
}

function requestBody(input: Json, fields: readonly string[], operation: Operation): Json {
  const properties = Object.fromEntries(fields.map((field) => [field, (input['properties'] as Record<string, Json>)[field]]))
  const required = fields.filter((field) => isRequired(operation, field))
  const schema = { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false }
  return { required: required.length > 0, content: { 'application/json': { schema } } }
}

function isRequired({ input }: Operation, field: string): boolean {
  return !(input.shape[field] as z.ZodType).safeParse(undefined).success
}

/** One place answers in two ways, of which OpenAPI 3.1 can describe the second in words only. */
function withStream({ parameters = [], responses: answers, ...described }: Json, { operation }: ContractRoute): Json {
  const success = (answers as Record<string, Json>)['200']!
  const content = { ...success['content'] as Json, 'text/event-stream': { schema: { type: 'string', description: 'Each message has an `id`, the type as its `event`, and an item of the list as its `data`.' } } }
  return {
    ...described,
    description: `With \`Accept: text/event-stream\`: ${operation.summary}.`,
    parameters: [...parameters as Json[], { name: 'Last-Event-ID', in: 'header', required: false, description: 'For a stream: goes on behind this event; wins over cursor', schema: { type: 'string' } }],
    responses: { ...answers as Json, 200: { ...success, content } },
  }
}

function responses(operation: Operation, components: Record<string, Json>): Json {
  const success = { description: operation.summary, ...answerHeaders(operation), content: { 'application/json': { schema: schemaOf(operation.output, 'output', components) } } }
  return {
    ...(operation.created !== undefined && { 200: { ...success, description: 'It was there already' } }),
    [operation.success ?? 200]: success,
    ...problemResponses(operation),
  }
}

function answerHeaders({ method, version }: Operation): Json {
  const headers: Json = {
    ...(version !== undefined && { ETag: { schema: { type: 'string' }, description: `\`${version}\` in double quotes` } }),
    ...(method === 'POST' && { 'Idempotency-Replayed': { schema: { const: 'true' }, description: 'Sent when the request was carried out before: this is the answer that it got' } }),
  }
  return Object.keys(headers).length > 0 ? { headers } : {}
}

/** What a key can lead to. */
function onceErrors({ method, secret }: Operation): readonly ErrorCode[] {
  if (method !== 'POST') return []
  return ['request.idempotency_key_reused', 'request.in_progress', ...(secret === undefined ? [] : ['request.answer_not_kept' as const])]
}

/** What can be wrong with any request, and with one that has a body. */
const requestErrors: readonly ErrorCode[] = ['request.malformed', 'request.invalid', 'request.too_large', 'database.unreachable']
const bodyErrors: readonly ErrorCode[] = ['request.unsupported_media_type']
const accessErrors: readonly ErrorCode[] = ['access.unauthenticated', 'access.bad_signature', 'access.replayed', 'access.denied', 'access.bad_host', 'access.rate_limited']

/** Several codes share a status; the response lists them. */
function problemResponses(operation: Operation): Json {
  const { errors, permission, method } = operation
  const codes = new Set([...errors, ...onceErrors(operation), ...requestErrors, ...(method === 'GET' ? [] : bodyErrors), ...(permission === 'public' ? [] : accessErrors)])
  const byStatus = Object.groupBy(codes, (code) => errorKinds[code].status)
  return Object.fromEntries(Object.entries(byStatus).map(([status, codes]) => [status, {
    description: codes!.map((code) => `\`${code}\`: ${errorKinds[code].title}`).join('\n\n'),
    ...(status === '429' && { headers: { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } } } }),
    content: { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } } },
  }]))
}

/** The JSON Schema of a zod schema. What has a name moves to the components and is referred to, but for an input as a whole, whose fields travel apart. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Json>): Json {
  const { $schema: _dialect, $defs = {}, ...whole } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as Json & { $ref?: string; $defs?: Record<string, Json> }
  const { [io === 'input' ? nameIn(whole.$ref) : '']: input, ...others } = $defs
  for (const [name, definition] of Object.entries(others)) components[name] = toComponentRefs(withoutId(definition)) as Json
  return toComponentRefs(withoutId(input ?? whole)) as Json
}

function nameIn(reference = ''): string {
  return reference.replace('#/$defs/', '')
}

function withoutId({ id: _id, ...schema }: Json): Json {
  return schema
}

function toComponentRefs(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toComponentRefs)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(Object.entries(schema).map(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [key, value.replace('#/$defs/', '#/components/schemas/')] : [key, toComponentRefs(value)]))
}
