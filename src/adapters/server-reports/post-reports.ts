/**
 * Sends reports to a server with one request, and reads what became of them.
 * Which reports, and when, is decided in `server-reports.ts`.
 *
 * The request carries no Idempotency-Key: runs have ids of their own, so that
 * telling twice is telling once, and a key would make a server that was killed
 * in the middle refuse the same report for a minute.
 */
import type { Agent, IncomingMessage } from 'node:http'
import type { RunReport } from '../../engines/tasks/run-report.ts'
import { messageOf } from '../../kernel/errors.ts'
import { sha256Hex, signatureHeaders } from '../../kernel/hmac-signature.ts'
import type { Trust } from '../../kernel/tls/trust.ts'

export interface ReportServer extends Trust {
  /** `http://127.0.0.1:7777` */
  readonly url: string
  /** Sent as `Authorization: Bearer`; wins over the secret. */
  readonly token?: string
  /** Signs each request. */
  readonly secret?: string
}

/** `refused`: one of the reports is wrong. `later`: the same may be accepted at another time. */
export type Verdict = { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'later'; readonly reason: string }

/** Never rejects. */
export type PostReports = (server: ReportServer, reports: readonly RunReport[]) => Promise<Verdict>

const path = '/api/v1/runs:report'
const answerWithinMs = 10_000
/** An answer is a line, a problem a few. */
const longestAnswer = 65_536

/** Over HTTP. Never keeps the process alive: whoever waits for an answer does. */
export function postOverHttp(now: () => number): PostReports {
  const agents = new Map<string, Agent>()
  return async (server, reports) => {
    const patience = AbortSignal.timeout(answerWithinMs)
    try {
      const url = new URL(server.url)
      const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
      const key = `${url.origin} ${server.fingerprint} ${server.ca}`
      const agent = agents.get(key) ?? await agentFor(url, server)
      agents.set(key, agent)
      const body = JSON.stringify({ items: reports })
      const send = (over: Agent) => new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request({
          agent: over, method: 'POST', path, hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port, signal: patience,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'accept': 'application/json', ...credentials(server, body, now()) },
        }, resolve)
        sent.on('socket', (socket) => socket.unref())
        // A connection that the server closed while it was idle says nothing about the server.
        sent.on('error', (error) => (sent.reusedSocket && over === agent && !patience.aborted ? resolve(sendAnew()) : reject(error)))
        sent.end(body)
      })
      const sendAnew = async () => send(await agentFor(url, server))
      const response = await send(agent)
      return verdictOf(response.statusCode!, await textOf(response))
    } catch (error) {
      return { kind: 'later', reason: patience.aborted ? `no answer within ${answerWithinMs / 1000} s` : reasonOf(error) }
    }
  }
}

async function agentFor(url: URL, trust: Trust): Promise<Agent> {
  if (url.protocol !== 'https:') return new (await import('node:http')).Agent({ keepAlive: true, maxSockets: 1 })
  return (await import('../../kernel/tls/secure-connection.ts')).createSecureAgent(url, trust)
}

function credentials({ token, secret }: ReportServer, body: string, nowMs: number): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  return secret === undefined ? {} : signatureHeaders(secret, { method: 'POST', path, contentSha256: sha256Hex(body) }, nowMs)
}

/**
 * Only statuses that speak of the body condemn a report. A caller that is not
 * let in, an address that is not there and a server in trouble may be mended.
 */
export function verdictOf(status: number, answer: string): Verdict {
  const { accepted, code, detail } = parse(answer)
  if (status >= 200 && status < 300) return typeof accepted === 'number' ? { kind: 'accepted' } : { kind: 'later', reason: 'what answers there is not a taskflows server' }
  const reason = code === undefined ? `it answered ${status}` : `${code}: ${detail ?? status}`
  return { kind: [400, 413, 422].includes(status) ? 'refused' : 'later', reason }
}

function parse(text: string): { readonly accepted?: unknown; readonly code?: string; readonly detail?: string } {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) if (text.length < longestAnswer) text += String(chunk)
  return text
}

/** A name with several addresses fails with one error per address, and no message of its own. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError && error.message === '' ? messageOf(error.errors[0]) : messageOf(error)
}
