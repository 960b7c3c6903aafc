/**
 * Errors as they travel: RFC 9457 problem details, the same members whatever
 * went wrong, and never a stack trace.
 */
import { type ErrorCode, TaskflowsError } from '../../kernel/errors.ts'

export const problemType = 'application/problem+json'

export interface Problem {
  /** One URI per code. */
  readonly type: string
  /** The same words for every occurrence of the code. */
  readonly title: string
  readonly status: number
  /** What went wrong this time. */
  readonly detail: string
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly hint?: string
  /** The path that was asked for. */
  readonly instance: string
}

export function problemOf(error: TaskflowsError, instance: string): Problem {
  return {
    type: error.type,
    title: error.title,
    status: error.status,
    detail: error.message,
    code: error.code,
    details: error.details,
    ...(error.hint !== undefined && { hint: error.hint }),
    instance,
  }
}

/** What Fastify itself throws before a route is reached, in our words. */
const fastifyErrors: Readonly<Record<string, (message: string) => TaskflowsError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new TaskflowsError('request.too_large', 'the body is longer than this address takes', { hint: 'Jobs that share a request can be sent in several: POST /api/v1/jobs:batch.' }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new TaskflowsError('request.malformed', 'the body is not as long as Content-Length says'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (message) => new TaskflowsError('request.unsupported_media_type', message),
  FST_ERR_CTP_INVALID_JSON_BODY: (message) => new TaskflowsError('request.malformed', message),
  FST_ERR_MAX_PARAM_LENGTH: () => new TaskflowsError('request.malformed', 'a part of the path is too long'),
  FST_ERR_BAD_URL: () => new TaskflowsError('request.malformed', 'the path is not a well-formed URL path'),
  FST_ERR_ASYNC_CONSTRAINT: () => new TaskflowsError('request.malformed', 'the request cannot be routed'),
}

/**
 * Anything that was thrown as an error of ours. What nobody foresaw becomes
 * `internal` and says nothing about the inside.
 */
export function asTaskflowsError(thrown: unknown): TaskflowsError {
  if (thrown instanceof TaskflowsError) return thrown
  const { code, message, statusCode } = (thrown ?? {}) as { code?: string; message?: string; statusCode?: number }
  const known = code === undefined ? undefined : fastifyErrors[code]
  if (known !== undefined) return known(message ?? '')
  if (statusCode === 400) return new TaskflowsError('request.malformed', message ?? 'the request could not be read', { cause: thrown })
  return new TaskflowsError('internal', 'an error that nobody foresaw; the log of the server has it under the correlation id of this answer', { cause: thrown })
}
