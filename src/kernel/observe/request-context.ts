/** The ids of a request, in each log line that is written on its behalf. `log-context.ts` keeps them. */
import { randomUUID } from 'node:crypto'
import { type LogFields, addLogContext, withLogContext } from './log-context.ts'

export interface RequestContext {
  /** Field `request_id`. */
  readonly requestId?: string | undefined
  /** Field `trace_id`. */
  readonly traceId?: string | undefined
  /** Any other field goes to `context` under its own name. */
  readonly [field: string]: unknown
}

/** From here on, and in everything that is called or awaited from here, lines have these fields. */
export function setRequestContext(context: RequestContext): void {
  addLogContext(fieldsOf(context))
}

/** The same for `work` alone, and what it calls and awaits. */
export function withRequestContext<T>(context: RequestContext, work: () => T): T {
  return withLogContext(fieldsOf(context), work)
}

/** A new id for a request that came without one: a random UUID. */
export function generateRequestId(): string {
  return randomUUID()
}

function fieldsOf({ requestId, traceId, ...more }: RequestContext): LogFields {
  return { ...more, ...(requestId !== undefined && { request_id: requestId }), ...(traceId !== undefined && { trace_id: traceId }) }
}
