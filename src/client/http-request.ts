/**
 * One operation as one HTTP request: which input field travels where. Pure.
 */
import { TaskflowsError } from '../kernel/errors.ts'
import type { Route } from './routes.ts'

export interface HttpRequest {
  readonly method: string
  /** With query, as it goes over the wire and into the signature. */
  readonly path: string
  /** JSON text, or `undefined` for none. */
  readonly body: string | undefined
}

export function httpRequest({ method, path }: Route, input: unknown): HttpRequest {
  const rest: Record<string, unknown> = { ...(input as Record<string, unknown> | undefined) }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, field: string) => {
    const value = rest[field]
    delete rest[field]
    if (typeof value === 'string' && value !== '') return encodeURIComponent(value)
    throw new TaskflowsError('request.invalid', `${field}: is required, got ${JSON.stringify(value)}`, { details: { fields: [{ path: field, message: 'is required' }] } })
  })
  const carriesBody = method !== 'GET' && method !== 'DELETE'
  return carriesBody
    ? { method, path: `/api/v1${filled}`, body: JSON.stringify(rest) }
    : { method, path: `/api/v1${filled}${queryOf(rest)}`, body: undefined }
}

function queryOf(fields: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}
