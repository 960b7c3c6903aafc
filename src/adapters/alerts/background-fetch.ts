/**
 * `fetch` for work behind the scenes, over node:http: a process that has nothing
 * else to do does not wait for its connections. Redirects are not followed, so
 * that nobody leads a credential elsewhere; answers are cut at a mebibyte.
 */
import { type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface BackgroundRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | FormData
  readonly signal?: AbortSignal
}

const longestAnswer = 1024 * 1024

/** Rejects when there is no answer, with the error of the connection; any status is an answer. */
export async function backgroundFetch(url: string | URL, { method = 'GET', headers = {}, body, signal }: BackgroundRequest = {}): Promise<Response> {
  const payload = body === undefined ? undefined : await encoded(body)
  const answer = await exchange(new URL(url), { method, headers: { ...payload?.headers, ...headers }, ...(signal && { signal }) }, payload?.bytes)
  const bytes = await read(answer)
  const answerHeaders = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]))
  // These have no body, by the standard of fetch.
  const empty = [204, 205, 304].includes(answer.statusCode ?? 0)
  return new Response(empty ? null : bytes, { status: answer.statusCode ?? 502, statusText: answer.statusMessage ?? '', headers: answerHeaders })
}

/** A form gets its boundary from Node's own encoder. */
async function encoded(body: string | FormData): Promise<{ readonly bytes: Buffer; readonly headers: Record<string, string> }> {
  if (typeof body === 'string') return { bytes: Buffer.from(body), headers: {} }
  const response = new Response(body)
  return { bytes: Buffer.from(await response.arrayBuffer()), headers: { 'content-type': response.headers.get('content-type') ?? '' } }
}

function exchange(url: URL, options: RequestOptions, bytes: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { ...options, headers: { ...(options.headers as Record<string, string>), 'content-length': bytes?.length ?? 0 } }, resolve)
    request.on('socket', (socket) => socket.unref())
    request.on('error', reject)
    request.end(bytes)
  })
}

async function read(answer: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > longestAnswer) break
  }
  return Buffer.concat(chunks).subarray(0, longestAnswer)
}
