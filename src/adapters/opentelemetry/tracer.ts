/**
 * Tracing through the API of OpenTelemetry: the one file that knows it. Users
 * bring the SDK; without one the API is not even loaded.
 */
import { type Context, type SpanContext, type Tracer as OpenTelemetryTracer, SpanKind, SpanStatusCode, context, isSpanContextValid, trace } from '@opentelemetry/api'
import type { Span, SpanStart, Tracer } from '../../kernel/observe/tracing.ts'

/** @param version of taskflows, as the scope of its spans */
export function createTracer(version: string): Tracer {
  const tracer = trace.getTracer('taskflows', version)
  return {
    start: (start) => spanOf(tracer, start, contextOf(start)),
    activeTraceparent: () => {
      const active = trace.getSpanContext(context.active())
      return active && isSpanContextValid(active) ? traceparentOf(active) : undefined
    },
  }
}

const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, consumer: SpanKind.CONSUMER } as const

function contextOf({ kind, parent }: SpanStart): Context {
  const active = context.active()
  if (kind === 'internal' && trace.getSpanContext(active)) return active
  const remote = spanContextOf(parent)
  return remote ? trace.setSpanContext(active, remote) : trace.deleteSpan(active)
}

function spanOf(tracer: OpenTelemetryTracer, { name, kind, attributes }: Omit<SpanStart, 'parent'>, parent: Context): Span {
  const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...attributes } }, parent)
  return {
    traceparent: traceparentOf(span.spanContext()),
    within: (work) => context.with(trace.setSpan(context.active(), span), work),
    child: (childName, childAttributes) => spanOf(tracer, { name: childName, kind: 'internal', attributes: childAttributes }, trace.setSpan(parent, span)),
    set: (more) => { span.setAttributes({ ...more }) },
    fail: (error) => {
      const { type, message, stack } = describe(error)
      span.setAttribute('error.type', type)
      span.recordException({ name: type, message, ...(stack !== undefined && { stack }) })
      span.setStatus({ code: SpanStatusCode.ERROR, message })
    },
    end: () => { span.end() },
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; an SDK's own id generator may make longer flags. */
function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`
}

const wellFormed = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?=-|$)/

function spanContextOf(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = '00'] = wellFormed.exec(traceparent ?? '') ?? []
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(found) ? found : undefined
}

/** Anything can be thrown, also what throws when it is looked at. */
function describe(error: unknown): { readonly type: string; readonly message: string; readonly stack: string | undefined } {
  try {
    if (!(error instanceof Error)) return { type: 'Error', message: String(error), stack: undefined }
    return { type: String(error.name), message: String(error.message), stack: error.stack === undefined ? undefined : String(error.stack) }
  } catch {
    return { type: 'Error', message: 'what was thrown cannot be read', stack: undefined }
  }
}
