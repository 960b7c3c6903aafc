/** One try to hand a batch to Loki. `loki-push.ts` decides what follows. */
import { once } from 'node:events'
import type { Agent, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { messageOf } from '../../kernel/errors.ts'

export interface LokiTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export type PushOutcome =
  | { readonly kind: 'taken' }
  /** Another try may succeed. */
  | { readonly kind: 'put_off'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** The same lines will be refused again. */
  | { readonly kind: 'refused'; readonly reason: string }

const longestTryMs = 10_000
const longestReason = 300

export async function pushBatch(body: Buffer, target: LokiTarget, stop: AbortSignal): Promise<PushOutcome> {
  try {
    return judge(await post(target, body, stop))
  } catch (error) {
    return { kind: 'put_off', reason: messageOf(error), retryAfterMs: undefined }
  }
}

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

/** Not `fetch`: its 20 MB would be more than all lines that wait. */
async function post({ url, headers }: LokiTarget, body: Buffer, stop: AbortSignal): Promise<Answer> {
  const { module, agent } = webOf(url)
  const request = module.request(url, {
    method: 'POST', agent, headers: { ...headers, 'content-length': body.length },
    signal: AbortSignal.any([stop, AbortSignal.timeout(longestTryMs)]),
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.end(body)
  const [response] = await answered
  return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body: await text(response) }
}

interface Web {
  readonly module: Pick<typeof import('node:http'), 'request'>
  /** Connections stay open between batches; idle ones do not hold the process. */
  readonly agent: Agent
}

const webs = new Map<boolean, Web>()

/** TLS is memory, too, and is loaded where it is used. */
function webOf(url: string): Web {
  const secure = url.startsWith('https:')
  const found = webs.get(secure)
  if (found) return found
  // An `import` reads every export, and so loads what Node has behind `http.WebSocket`, the same 20 MB.
  const module = secure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http')
  const web = { module, agent: new module.Agent({ keepAlive: true }) }
  webs.set(secure, web)
  return web
}

function judge({ status, retryAfter, body }: Answer): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const said = body.trim().slice(0, longestReason)
  const reason = `HTTP ${status}${said === '' ? '' : `: ${said}`}`
  if (status === 429 || status === 408 || status >= 500) return { kind: 'put_off', reason, retryAfterMs: readRetryAfter(retryAfter) }
  return { kind: 'refused', reason }
}

/** Seconds or a date (RFC 9110 §10.2.3). */
function readRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
