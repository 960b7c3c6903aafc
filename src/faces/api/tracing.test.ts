/** Requests under a real SDK, over a bare Fastify. */
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { findTracer } from '../../adapters/opentelemetry/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/observe/log.ts'
import { createMetrics } from '../../kernel/observe/metrics.ts'
import { addHooks } from './hooks.ts'
import { addTracing } from './tracing.ts'

const exporter = new InMemorySpanExporter()
const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
let app: FastifyInstance
let url: string

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  app = Fastify()
  addHooks(app, { metrics: createMetrics({ depths: async () => [] }).api, log: silentLog, isClosing: () => false })
  addTracing(app, (await findTracer())!)
  app.route({
    method: 'POST', url: '/jobs/:id', config: { endpoint: '/jobs/{id}' },
    handler: async (request) => {
      await Promise.resolve()
      trace.getTracer('user').startSpan('inside').end()
      return { traceparent: request.trace.traceparent }
    },
  })
  const failing = (problem: TaskflowsError) => () => Promise.reject(problem)
  app.route({ method: 'GET', url: '/broken', config: { endpoint: '/broken' }, handler: failing(new TaskflowsError('database.unreachable', 'it is away')) })
  app.route({ method: 'GET', url: '/refused', config: { endpoint: '/refused' }, handler: failing(new TaskflowsError('job.not_found', 'not here')) })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await app.close()
  trace.disable()
  context.disable()
})
afterEach(() => exporter.reset())

/** Sends a request, and waits for its span: that ends with the connection's last byte. */
async function spanOf(path: string, init: RequestInit = {}) {
  const answer = await fetch(url + path, init)
  const body = (await answer.json()) as Record<string, unknown>
  const server = () => exporter.getFinishedSpans().find(({ kind }) => kind === SpanKind.SERVER)
  await expect.poll(server, { timeout: 5_000 }).toBeDefined()
  return { span: server()!, body }
}

const send = { method: 'POST', headers: { 'content-type': 'application/json', 'traceparent': caller }, body: '{"some":"body"}' }

test('a request is a span that continues the trace of its caller, and what follows from it continues the span', async () => {
  const { span, body } = await spanOf('/jobs/7', send)
  expect(span.name).toBe('POST /jobs/{id}')
  expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
  expect(span.attributes).toMatchObject({ 'http.request.method': 'POST', 'http.route': '/jobs/{id}', 'http.response.status_code': 200 })
  expect(body['traceparent']).toBe(`00-0af7651916cd43dd8448eb211c80319c-${span.spanContext().spanId}-01`)
})

test('the span is active where the request is answered, also behind a body', async () => {
  const { span } = await spanOf('/jobs/7', send)
  expect(exporter.getFinishedSpans().find(({ name }) => name === 'inside')?.parentSpanContext?.spanId).toBe(span.spanContext().spanId)
})

test('a request that breaks fails its span; one that is refused does not', async () => {
  expect((await spanOf('/broken')).span).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'it is away' }, attributes: { 'http.response.status_code': 503 } })
  exporter.reset()
  expect((await spanOf('/refused')).span).toMatchObject({ status: { code: SpanStatusCode.UNSET }, attributes: { 'http.response.status_code': 404 } })
})
