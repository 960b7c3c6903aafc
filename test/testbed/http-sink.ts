/** A server on loopback that keeps what is posted to it and answers as told: for webhooks. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `hang`: no answer. */
export type SinkAnswer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } | 'hang'

export interface HttpSink extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
  /** For the next requests, in order; 204 when there is none. */
  readonly answers: SinkAnswer[]
  /** Resolves when so many requests have arrived. */
  arrived(count: number): Promise<void>
}

export async function startHttpSink(): Promise<HttpSink> {
  const received: Received[] = []
  const answers: SinkAnswer[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: await buffer(request) })
    for (const wake of waiting) wake()
    const answer = answers.shift() ?? { status: 204 }
    if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, answers,
    arrived: (count) => new Promise((resolve) => {
      const look = () => {
        if (received.length < count) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
