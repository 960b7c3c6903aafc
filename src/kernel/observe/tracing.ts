/**
 * The port to tracing: spans of what the product does. It is filled where the
 * process has an OpenTelemetry SDK (`adapters/opentelemetry`); elsewhere there
 * is no tracer, and nothing is spent on one.
 */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface Span {
  /** W3C trace context, to hand on. */
  readonly traceparent: string
  /** Calls `work` with the span active, so that spans made within, by anybody, become its children. */
  within<T>(work: () => T): T
  /** Begins a span within this one. */
  child(name: string, attributes: SpanAttributes): Span
  /** Says more, while it lasts. */
  set(attributes: SpanAttributes): void
  /** Marks it as failed, with the error as its event. */
  fail(error: unknown): void
  end(): void
}

export interface SpanStart {
  /** One of few: ids belong into attributes. */
  readonly name: string
  /** `internal` belongs to the span that is active, if one is. `server` and `consumer` are where work arrives. */
  readonly kind: 'internal' | 'server' | 'consumer'
  readonly attributes: SpanAttributes
  /** W3C trace context to continue, if it is well formed; otherwise a trace begins. */
  readonly parent: string | null | undefined
}

export interface Tracer {
  start(span: SpanStart): Span
  /** W3C trace context of the span that is active here, whoever made it. */
  activeTraceparent(): string | undefined
}
