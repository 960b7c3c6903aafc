/**
 * A process' own `/metrics`, for Prometheus to scrape. It never keeps its
 * process alive. The other way out is `textfile.ts`.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isLoopbackAddress, isLoopbackHostHeader } from '../../access/loopback.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { metricsContentType } from '../../kernel/observe/metrics-text.ts'

export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464/metrics` */
  readonly url: string
  /** Resolves when the port is free again. */
  close(): Promise<void>
}

export interface EndpointOptions {
  /** 0 takes any free port; `url` tells which. */
  readonly port: number
  readonly host: string
  readonly scrape: () => Promise<string>
}

/** @throws `server.port_in_use`, `server.cannot_listen` */
export async function openEndpoint({ port, host, scrape }: EndpointOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, scrape))
  // A scraper keeps its connection open between scrapes; neither that nor the port is a reason to live.
  server.on('connection', (socket) => socket.unref())
  server.unref()
  await listen(server, port, host)
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: urlOf(server.address() as AddressInfo), close, [Symbol.asyncDispose]: close }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, host, resolve)
  try {
    await promise
  } catch (error) {
    const details = { host, port }
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      const hint = 'Give each process a port of its own; 0 takes any free one.'
      throw new TaskflowsError('server.port_in_use', `metrics cannot be served on ${host}:${port}: the port is in use`, { details, hint, cause: error })
    }
    throw new TaskflowsError('server.cannot_listen', `metrics cannot be served on ${host}:${port}: ${messageOf(error)}`, { details, cause: error })
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, scrape: () => Promise<string>): Promise<void> {
  const { url = '', method, headers, socket } = request
  const refuse = (status: number, why: string) => void response.writeHead(status, { 'content-type': 'text/plain', 'allow': 'GET, HEAD' }).end(`${why}\n`)
  // A page of another site can make a browser come here under that site's name.
  if (isLoopbackAddress(socket.localAddress) && !isLoopbackHostHeader(headers.host)) return refuse(403, 'The Host header does not name this machine.')
  if (url.split('?')[0] !== '/metrics') return refuse(404, 'There is only /metrics here.')
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Metrics are only read.')
  try {
    const text = await scrape()
    response.writeHead(200, { 'content-type': metricsContentType, 'cache-control': 'no-store' }).end(method === 'HEAD' ? undefined : text)
  } catch (error) {
    refuse(500, messageOf(error))
  }
}

function urlOf({ address, port, family }: AddressInfo): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${family === 'IPv6' && reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/metrics`
}
