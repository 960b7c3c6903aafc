/**
 * What happens to every request, whatever it asks for: the trace, the metrics,
 * the headers of the answer, and errors as problems.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/observe/log.ts'
import type { ApiMetrics } from '../../kernel/observe/api-metrics.ts'
import { asTaskflowsError, problemOf, problemType } from './problems.ts'
import { type Trace, traceOf } from './trace.ts'

declare module 'fastify' {
  interface FastifyRequest {
    trace: Trace
  }
  interface FastifyContextConfig {
    /** The pattern of the path as the contract writes it, for metrics. */
    endpoint?: string
  }
}

/** An answer of the API is nobody's to frame, to sniff or to keep. */
export const headersOfAll = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const

export interface HookOptions {
  readonly metrics: ApiMetrics
  readonly log: Log
  /** Whether the server is on its way down, so that connections are not kept. */
  readonly isClosing: () => boolean
}

export function addHooks(app: FastifyInstance, { metrics, log, isClosing }: HookOptions): void {
  app.decorateRequest('trace', null as unknown as Trace)
  app.addHook('onRequest', (request, reply, done) => {
    request.trace = traceOf(request.headers)
    reply.headers(headersOfAll).header('x-correlation-id', request.trace.id)
    measure(request, reply, metrics, log)
    done(refusalOf(request))
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing()) reply.header('connection', 'close')
    done(null, payload)
  })
  app.setErrorHandler((thrown, request, reply) => sendProblem(thrown, request, reply, log))
}

/** What can be told before any route has a look. */
function refusalOf(request: FastifyRequest): TaskflowsError | undefined {
  const { httpVersion, headers } = request.raw
  // RFC 9112 §3.2. Node would say so too, but not as a problem.
  if (headers.host === undefined && httpVersion === '1.1') return new TaskflowsError('request.malformed', 'the Host header is missing')
  return request.is404 ? new TaskflowsError('request.not_found', `there is nothing at ${request.method} ${pathOf(request)}`) : undefined
}

function measure(request: FastifyRequest, reply: FastifyReply, metrics: ApiMetrics, log: Log): void {
  const startedAt = performance.now()
  const { method } = request
  const endpoint = request.routeOptions.config.endpoint ?? 'unmatched'
  metrics.requestStarted(method, endpoint)
  // `close` comes exactly once, also when the caller hangs up; 499 is nginx's word for that.
  reply.raw.once('close', () => {
    const status = reply.raw.writableFinished ? reply.raw.statusCode : 499
    const seconds = (performance.now() - startedAt) / 1000
    metrics.requestEnded({ method, endpoint, status_code: String(status) }, seconds)
    log.debug({ method, endpoint, status, seconds, correlation_id: request.trace.id }, 'request')
  })
}

function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const error = asTaskflowsError(thrown)
  if (error.status >= 500) log.error({ code: error.code, err: error.cause ?? error, correlation_id: request.trace.id }, messageOf(error))
  // RFC 9110, 11.6.1: a 401 names the ways to authenticate.
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="taskflows", HMAC-SHA256 realm="taskflows"')
  const { retry_after_seconds: retryAfter } = error.details
  if (typeof retryAfter === 'number') reply.header('retry-after', retryAfter)
  void reply.code(error.status).type(problemType).send(JSON.stringify(problemOf(error, pathOf(request))))
}

/** Without the query, which may be long and is the caller's own business. */
export function pathOf(request: FastifyRequest): string {
  const { url } = request
  const end = url.indexOf('?')
  return (end < 0 ? url : url.slice(0, end)).slice(0, 1000)
}
