/**
 * The thread through a request and what follows from it: the correlation id
 * and the W3C trace context, taken from the headers when they are well formed.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Trace {
  /** What the answer and the log carry. */
  readonly id: string
  /** The id that the caller chose, which jobs inherit. */
  readonly correlationId?: string
  readonly traceparent?: string
}

/** Printable ASCII, so that it is safe in a header and a log line. */
const correlation = /^[\x21-\x7e]{1,128}$/
/** https://www.w3.org/TR/trace-context/#traceparent-header: all-zero ids and version ff are invalid. */
const traceContext = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export function traceOf(headers: IncomingHttpHeaders): Trace {
  const asked = headers['x-correlation-id']
  const parent = headers['traceparent']
  const correlationId = typeof asked === 'string' && correlation.test(asked) ? asked : undefined
  const traceparent = typeof parent === 'string' && traceContext.test(parent) ? parent : undefined
  return {
    id: correlationId ?? randomUUID(),
    ...(correlationId !== undefined && { correlationId }),
    ...(traceparent !== undefined && { traceparent }),
  }
}
