/**
 * Carries operations to a server over HTTP, and its problems back as the
 * errors they were. For Node: it signs, and uses node:http, which starts in a
 * fraction of the time that fetch takes.
 */
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { sha256Hex, signatureHeaders } from '../kernel/hmac-signature.ts'
import type { Trust } from '../kernel/tls/trust.ts'
import type { CallOptions, Transport } from './create-client.ts'
import { destinationOf, openExchange, readAnswer } from './http-exchange.ts'
import { type HttpRequest, httpRequest } from './http-request.ts'
import { readStream } from './http-stream.ts'
import { patience } from './patience.ts'
import { conditionHeaders, untilAnswered } from './request-once.ts'
import type { Route, RouteTable } from './routes.ts'

/** Over https:// `fingerprint` or `ca` may say which certificate is believed; else it is one of an authority that Node knows. */
export interface HttpTransportOptions extends Trust {
  /** Of the server: `http://127.0.0.1:7777`. */
  readonly url: string
  /** `routesOf(contract)`, or a table generated from it. */
  readonly routes: RouteTable
  /** Signs each request with the secret of the server's host. */
  readonly secret?: string
  /** Sent as `Authorization: Bearer`; wins over the secret. */
  readonly token?: string
  /**
   * How long a server may say nothing to a call, in milliseconds. Default 60,000; operations that wait for others have ten
   * times as long, and a server that says meanwhile that it is at it as long as it does.
   */
  readonly timeoutMs?: number
}

const slowFactor = 10

/** @throws `server.unreachable` naming the URL, `server.untrusted` before anything was sent, and whatever the server answers */
export function createHttpTransport({ url, routes, secret, token, timeoutMs = 60_000, ...trust }: HttpTransportOptions): Transport {
  const server = new URL(url)
  let opened: ReturnType<typeof destinationOf> | undefined
  const destination = () => (opened ??= destinationOf(server, trust))
  const credentials = (request: HttpRequest): Record<string, string> => {
    if (token !== undefined) return { authorization: `Bearer ${token}` }
    if (secret === undefined) return {}
    return signatureHeaders(secret, { method: request.method, path: request.path, contentSha256: sha256Hex(request.body) }, Date.now())
  }
  const routeOf = (area: string, operation: string): Route => {
    const route = routes[area]?.[operation]
    if (route === undefined) throw new TypeError(`Expected an operation of the contract, got \`${area}.${operation}\``)
    return route
  }
  const unreachable = (error: unknown, reason = messageOf(error)) =>
    new TaskflowsError('server.unreachable', `no taskflows server answers at ${server.origin}: ${reason}`, { details: { url: server.origin }, hint: hintOn(server, error), cause: error })
  return {
    isStream: (area, operation) => routeOf(area, operation).stream === true,
    call: async (area, operation, input, options: CallOptions = {}) => {
      const { signal } = options
      const route = routeOf(area, operation)
      const request = httpRequest(route, input)
      const conditions = conditionHeaders(route, options)
      const patienceMs = route.slow ? slowFactor * timeoutMs : timeoutMs
      using waiting = patience(patienceMs)
      try {
        const either = signal === undefined ? waiting.signal : AbortSignal.any([signal, waiting.signal])
        // Signed anew each time: a nonce is good for one.
        const sendOnce = async () => {
          const headers = { accept: 'application/json', ...(route.slow && { prefer: 'processing' }), ...credentials(request), ...conditions }
          return readAnswer(await openExchange(await destination(), request, headers, either, waiting.renew), server)
        }
        return await (conditions['idempotency-key'] === undefined ? sendOnce() : untilAnswered(sendOnce, either))
      } catch (error) {
        if (error instanceof TaskflowsError) throw error
        signal?.throwIfAborted()
        throw unreachable(error, waiting.signal.aborted ? `no answer within ${patienceMs / 1000} s` : undefined)
      }
    },
    stream: async function* (area, operation, input, signal) {
      const request = httpRequest(routeOf(area, operation), input)
      try {
        yield* readStream(await destination(), request, credentials(request), { signal, timeoutMs })
      } catch (error) {
        if (error instanceof TaskflowsError || signal.aborted) throw error
        throw unreachable(error)
      }
    },
  }
}

/** A server that speaks TLS hangs up on what is none. */
function hintOn({ protocol, host }: URL, error: unknown): string {
  if ((error as { code?: unknown }).code === 'ENOTFOUND') return 'No host has that name. tf servers list has the names of those that are known here.'
  const start = 'Start one with `tf serve`, or name another with --server.'
  return protocol === 'http:' && (error as { code?: unknown }).code === 'ECONNRESET' ? `${start} If it speaks TLS, name it with https://${host}` : start
}
