/**
 * A span of each request, where the process has an OpenTelemetry SDK. What the
 * request causes, jobs among it, continues its trace.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Span, Tracer } from '../../kernel/observe/tracing.ts'
import { asTaskflowsError } from './problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | undefined
  }
}

/** Names and attributes: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server */
export function addTracing(app: FastifyInstance, tracer: Tracer): void {
  app.decorateRequest('span', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    // Users may have instrumented HTTP itself: then there is a span of this request already.
    const active = tracer.activeTraceparent()
    const span = active === undefined ? startSpan(request, tracer) : undefined
    request.span = span
    request.trace = { ...request.trace, traceparent: span?.traceparent ?? active! }
    reply.raw.once('close', () => {
      span?.set({ 'http.response.status_code': reply.raw.statusCode })
      span?.end()
    })
    done()
  })
  // Only now: the body arrived outside of what the hook before could make active.
  app.addHook('preHandler', (request, _reply, done) => (request.span ? request.span.within(done) : done()))
  app.addHook('onError', (request, _reply, thrown, done) => {
    if (asTaskflowsError(thrown).status >= 500) request.span?.fail(thrown)
    done()
  })
}

function startSpan({ method, routeOptions, trace }: FastifyRequest, tracer: Tracer): Span {
  const route = routeOptions.config.endpoint ?? 'unmatched'
  return tracer.start({
    name: `${method} ${route}`, kind: 'server', parent: trace.traceparent,
    attributes: { 'http.request.method': method, 'http.route': route, 'taskflows.correlation_id': trace.id },
  })
}
