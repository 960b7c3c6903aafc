/**
 * What speaks Loki's push API on a loopback port, and refuses what Loki refuses
 * (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs).
 */
import { once } from 'node:events'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

export interface PushedLine {
  readonly stream: Readonly<Record<string, string>>
  readonly timestampNs: string
  readonly line: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface PushedRequest {
  readonly headers: IncomingHttpHeaders
  readonly lines: readonly PushedLine[]
}

/** What to answer instead of taking the lines: a status, perhaps with headers and a body; or nothing at all. */
export type Refusal = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } | 'silence'

export interface LokiDouble extends AsyncDisposable {
  readonly url: string
  /** What was taken. */
  readonly requests: readonly PushedRequest[]
  readonly lines: readonly PushedLine[]
  /** How many requests came, taken or not. */
  readonly asked: number
  /** The next requests are answered so, in order. */
  refuse(...refusals: readonly Refusal[]): void
  /** Requests wait for this before they are answered. */
  hold(until: Promise<void>): void
  /** Resolves once `count` lines were taken. */
  took(count: number): Promise<void>
  /** Resolves once `count` requests came. */
  wasAsked(count: number): Promise<void>
}

export async function startLokiDouble({ port = 0 }: { readonly port?: number } = {}): Promise<LokiDouble> {
  const requests: PushedRequest[] = []
  const lines: PushedLine[] = []
  const refusals: Refusal[] = []
  const waiting = new Set<{ readonly isOver: () => boolean; readonly done: () => void }>()
  let asked = 0
  let held = Promise.resolve()

  const settle = (): void => {
    for (const one of waiting) if (one.isOver()) one.done()
  }
  const until = (isOver: () => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const one = { isOver, done: () => { waiting.delete(one); resolve() } }
    waiting.add(one)
    settle()
    return promise
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    asked += 1
    settle()
    await held
    const refusal = refusals.shift()
    if (refusal === undefined) {
      const fault = request.method === 'POST' && request.url === '/loki/api/v1/push' ? take(request.headers, body) : 'not the push API'
      response.writeHead(fault === undefined ? 204 : 400).end(fault)
    } else if (refusal !== 'silence') answer(response, refusal)
    settle()
  })

  function take(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
    const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
    const read = readPush(headers, text)
    if (typeof read === 'string') return read
    requests.push({ headers, lines: read })
    lines.push(...read)
    return undefined
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests, lines,
    get asked() { return asked },
    refuse: (...more) => { refusals.push(...more) },
    hold: (until) => { held = until },
    took: (count) => until(() => lines.length >= count),
    wasAsked: (count) => until(() => asked >= count),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function answer(response: ServerResponse, { status, headers = {}, body = '' }: Exclude<Refusal, 'silence'>): void {
  response.writeHead(status, { ...headers }).end(body)
}

/** The lines of a request, or why Loki would answer 400. */
export function readPush(headers: IncomingHttpHeaders, text: string): PushedLine[] | string {
  if (headers['content-type'] !== 'application/json') return `content type ${headers['content-type']}`
  const { streams } = JSON.parse(text) as { streams: { stream: Record<string, unknown>; values: unknown[] }[] }
  const found: PushedLine[] = []
  for (const { stream, values } of streams) {
    const fault = labelFault(stream)
    if (fault !== undefined) return fault
    for (const value of values) {
      const [timestampNs, line, metadata = {}] = value as [string, string, Record<string, string>?]
      if (typeof timestampNs !== 'string' || !/^\d{19}$/.test(timestampNs)) return `timestamp ${JSON.stringify(timestampNs)}`
      if (typeof line !== 'string') return 'a line that is no string'
      if (Object.values(metadata).some((one) => typeof one !== 'string')) return 'structured metadata that is no string'
      found.push({ stream: stream as Record<string, string>, timestampNs, line, metadata })
    }
  }
  return found
}

function labelFault(stream: Readonly<Record<string, unknown>>): string | undefined {
  const labels = Object.entries(stream)
  if (labels.length === 0 || labels.length > 15) return `${labels.length} labels`
  const wrong = labels.find(([name, value]) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || typeof value !== 'string' || value === '')
  return wrong && `label ${wrong.join('=')}`
}
