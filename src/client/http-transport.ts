/**
 * Carries operations to a server over HTTP, and its problems back as the
 * errors they were. For Node: it signs, and uses node:http, which starts in a
 * fraction of the time that fetch takes.
 */
import type { IncomingMessage, RequestOptions } from 'node:http'
import { TaskflowsError, errorKinds, messageOf } from '../kernel/errors.ts'
import { sha256Hex, signatureHeaders } from '../kernel/hmac-signature.ts'
import type { CallOptions, Transport } from './create-client.ts'
import { type HttpRequest, httpRequest } from './http-request.ts'
import { conditionHeaders, untilAnswered } from './request-once.ts'
import type { RouteTable } from './routes.ts'

export interface HttpTransportOptions {
  /** Of the server: `http://127.0.0.1:7777`. */
  readonly url: string
  /** `routesOf(contract)`, or a table generated from it. */
  readonly routes: RouteTable
  /** Signs each request with the secret of the server's host. */
  readonly secret?: string
  /** Sent as `Authorization: Bearer`; wins over the secret. */
  readonly token?: string
  /** How long a call may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number
}

/** @throws `server.unreachable` naming the URL, and whatever the server answers */
export function createHttpTransport({ url, routes, secret, token, timeoutMs = 60_000 }: HttpTransportOptions): Transport {
  const server = new URL(url)
  const credentials = (request: HttpRequest): Record<string, string> => {
    if (token !== undefined) return { authorization: `Bearer ${token}` }
    if (secret === undefined) return {}
    return signatureHeaders(secret, { method: request.method, path: request.path, contentSha256: sha256Hex(request.body) }, Date.now())
  }
  return {
    call: async (area, operation, input, options: CallOptions = {}) => {
      const { signal } = options
      const route = routes[area]?.[operation]
      if (route === undefined) throw new TypeError(`Expected an operation of the contract, got \`${area}.${operation}\``)
      const request = httpRequest(route, input)
      const conditions = conditionHeaders(route, options)
      const timeout = AbortSignal.timeout(timeoutMs)
      try {
        const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
        // Signed anew each time: a nonce is good for one.
        const sendOnce = () => send(server, request, { ...credentials(request), ...conditions }, either)
        return await (conditions['idempotency-key'] === undefined ? sendOnce() : untilAnswered(sendOnce, either))
      } catch (error) {
        if (error instanceof TaskflowsError) throw error
        signal?.throwIfAborted()
        const reason = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error)
        throw new TaskflowsError('server.unreachable', `no taskflows server answers at ${server.origin}: ${reason}`, { details: { url: server.origin }, hint: 'Start one with `tf serve`, or name another with --server.', cause: error })
      }
    },
  }
}

async function send(server: URL, { method, path, body }: HttpRequest, credentials: Record<string, string>, signal: AbortSignal): Promise<unknown> {
  const { request } = await (server.protocol === 'https:' ? import('node:https') : import('node:http'))
  const headers = { accept: 'application/json', ...credentials, ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) }
  const options: RequestOptions = { method, path, headers, signal, hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'), port: server.port }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).on('error', reject).end(body)
  })
  const text = await textOf(response)
  const status = response.statusCode!
  if (status === 204) return undefined
  const answer = parse(text)
  if (status < 300 && answer !== undefined) return answer
  throw errorOf(answer, status, server)
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error that the server threw. Its code may be newer than this client. */
function errorOf(answer: unknown, status: number, server: URL): TaskflowsError {
  const { code, title, detail, details, hint } = (answer ?? {}) as { code?: string; title?: string; detail?: string; details?: Record<string, unknown>; hint?: string }
  if (code === undefined) {
    return new TaskflowsError('server.unreachable', `what answers at ${server.origin} is not a taskflows server: it answered ${status}`, { details: { url: server.origin, status } })
  }
  const known = Object.hasOwn(errorKinds, code) ? (code as keyof typeof errorKinds) : 'internal'
  return new TaskflowsError(known, detail ?? title ?? code, { details: known === code ? (details ?? {}) : { ...details, code }, ...(hint !== undefined && { hint }) })
}
