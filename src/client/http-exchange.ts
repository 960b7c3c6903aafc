/** One request to a server and its answer, over node:http. Who asks what is in `http-transport.ts`. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import { TaskflowsError, errorKinds } from '../kernel/errors.ts'
import type { Trust } from '../kernel/tls/trust.ts'
import type { HttpRequest } from './http-request.ts'

/** Where requests go, and over which connections. */
export interface Destination {
  readonly server: URL
  /** Opens the connections that carry requests; `undefined` is Node's own. */
  readonly agent: Agent | undefined
}

/** How long a connection may take, in milliseconds: a host that is cut off answers nothing at all. TLS keeps its own time. */
const connectWithinMs = 10_000
/** Of silence, after which the other host is asked whether it is still there. It has 10 s to say so: that is libuv's choice. */
const askWhetherAliveAfterMs = 10_000

/** Loads what speaks TLS for https:// only. */
export async function destinationOf(server: URL, trust: Trust): Promise<Destination> {
  if (server.protocol !== 'https:') return { server, agent: undefined }
  const { createSecureAgent } = await import('../kernel/tls/secure-connection.ts')
  return { server, agent: createSecureAgent(server, trust) }
}

/** Resolves with the head of the answer. @param onSign told when the server says that it is still at it */
export async function openExchange({ server, agent }: Destination, { method, path, body }: HttpRequest, given: Record<string, string>, signal: AbortSignal, onSign: () => void = () => {}): Promise<IncomingMessage> {
  // An import of node:http reads all that it exports, one of which loads the whole of fetch: 35 ms where a command takes 150.
  const { request } = process.getBuiltinModule(server.protocol === 'https:' ? 'node:https' : 'node:http')
  const headers = { ...given, ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) }
  const options: RequestOptions = { method, path, headers, signal, agent, hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'), port: server.port }
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve)
    sent.on('error', reject)
    sent.on('information', onSign)
    sent.on('socket', (socket) => watchConnection(socket, sent))
    sent.end(body)
  })
}

function watchConnection(socket: Socket, request: ClientRequest): void {
  socket.setKeepAlive(true, askWhetherAliveAfterMs)
  if (!socket.connecting) return
  const late = setTimeout(() => request.destroy(new Error(`no connection within ${connectWithinMs / 1000} s`)), connectWithinMs)
  const connected = () => clearTimeout(late)
  socket.once('connect', connected)
  request.once('close', connected)
}

/** The JSON of an answer. @throws the problem that it is */
export async function readAnswer(response: IncomingMessage, server: URL): Promise<unknown> {
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
