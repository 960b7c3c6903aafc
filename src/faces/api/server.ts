/**
 * The HTTP server: listens, routes, and goes down without cutting anybody off.
 * What the routes do is in `operation-routes.ts` and `pages.ts`.
 */
import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerFactory } from 'fastify'
import { isLoopbackName } from '../../access/loopback.ts'
import { contract } from '../../contract/index.ts'
import { jobLimits } from '../../engines/jobs/vocabulary.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import type { Log } from '../../kernel/observe/log.ts'
import type { Metrics } from '../../kernel/observe/metrics.ts'
import type { Tracer } from '../../kernel/observe/tracing.ts'
import { addressesOf, alsoListen } from './addresses.ts'
import type { Authenticator } from './authenticate.ts'
import { type CertificateFiles, createSecureServer, readCertificate } from './certificate.ts'
import { routesOfContract } from './contract-routes.ts'
import { createEventStreams } from './event-stream.ts'
import { addHooks, headersOfAll, pathOf } from './hooks.ts'
import { listenError } from './listen-errors.ts'
import { type Execute, addMethodRoutes, addOperationRoutes } from './operation-routes.ts'
import { addPages, pagePaths } from './pages.ts'
import { asTaskflowsError, problemOf, problemType } from './problems.ts'
import { traceOf } from './trace.ts'
import { addTracing } from './tracing.ts'

export interface ApiServerOptions {
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly host: string
  /** 0 takes any free port; `url` tells which. */
  readonly port: number
  /** Given, it speaks https and nothing else. */
  readonly certificate?: CertificateFiles | undefined
  readonly metrics: Metrics
  readonly log: Log
  readonly tracer?: Tracer | undefined
  /** Of the product, as `/` and the OpenAPI document show it. */
  readonly version: string
}

export interface ApiServer extends Lifecycle {
  /** Where it can be reached from this machine. Only while it runs. */
  readonly url: string
}

/** How long requests that are being answered have left when the server stops. */
const stopPatienceMs = 5_000
/** A body holds a payload of the full length, and the fields around it. */
const bodyLimit = jobLimits.payloadBytes + 131_072

/** How long a request may take to arrive, in milliseconds. */
const requestTimeout = 60_000
/** How long a connection is kept without one. Longer than most proxies keep theirs, so that it is they who close it. */
const keepAliveTimeout = 72_000

/** `start` throws `server.unsafe_binding`, `server.port_in_use`, `server.cannot_listen`, `config.invalid` for the certificate. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  let app: FastifyInstance | undefined
  let doors: Disposable | undefined
  let url = ''
  return {
    ...lifecycle({
      start: async () => {
        refuseUnsafeBinding(options)
        const fresh = build(options)
        doors = await listen(fresh, options)
        app = fresh
        url = urlOf(fresh, options)
      },
      stop: () => {
        doors![Symbol.dispose]()
        return close(app!)
      },
    }),
    get url() {
      return url
    },
  }
}

function refuseUnsafeBinding({ host, authenticator }: ApiServerOptions): void {
  if (isLoopbackName(host) || authenticator.required()) return
  throw new TaskflowsError('server.unsafe_binding', `security is disabled, and ${host} can be reached from other machines`, { details: { host } })
}

function build({ execute, authenticator, certificate, metrics, log, tracer, version }: ApiServerOptions): FastifyInstance {
  const serverFactory = certificate && secureServers(certificate, log)
  let closing = false
  const streams = createEventStreams({ metrics: metrics.api, log })
  const app = Fastify({
    bodyLimit,
    // Longer ids reach the schema, which says what is wrong with them.
    routerOptions: { maxParamLength: 1_000 },
    return503OnClosing: false,
    requestTimeout, keepAliveTimeout,
    http: { requireHostHeader: false },
    ...(serverFactory && { serverFactory }),
    // Of paths that the router cannot read; no hook has seen the request.
    frameworkErrors: (error, request, reply) => {
      const problem = asTaskflowsError(error)
      const body = JSON.stringify(problemOf(problem, pathOf(request)))
      const headers = { ...headersOfAll, 'x-correlation-id': traceOf(request.headers).id, 'content-type': problemType, 'content-length': Buffer.byteLength(body) }
      reply.raw.writeHead(problem.status, headers).end(body)
    },
    clientErrorHandler: answerBrokenRequest,
  })
  // RFC 9110 §10.1.1 leaves it to the server; else Node refuses what it does not know, and not as a problem.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.addHook('preClose', (done) => {
    closing = true
    streams.close()
    done()
  })
  addHooks(app, { metrics: metrics.api, log, isClosing: () => closing })
  if (tracer) addTracing(app, tracer)
  addOperationRoutes(app, { execute, authenticator, streams })
  addPages(app, { version, metrics, authenticator })
  addMethodRoutes(app, methodsByPath())
  return app
}

/** A server that Fastify makes would show the same certificate for ever. */
function secureServers(files: CertificateFiles, log: Log): FastifyServerFactory {
  const certificate = readCertificate(files)
  return (handle) => createSecureServer(certificate, { requestTimeout, keepAliveTimeout, requireHostHeader: false }, handle as RequestListener, log)
}

function methodsByPath(): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>(pagePaths.map((path) => [path, ['GET']]))
  for (const { path, operation } of routesOfContract(contract)) methods.set(path, [...(methods.get(path) ?? []), operation.method])
  return methods
}

/** What is not HTTP, or too long a head of it, gets an answer too if anybody listens. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW'
  const problem = problemOf(tooLong ? new TaskflowsError('request.too_large', 'the headers are too long') : new TaskflowsError('request.malformed', 'the request is not well-formed HTTP'), '/')
  const body = JSON.stringify(problem)
  const headers = { ...headersOfAll, 'x-correlation-id': randomUUID(), 'connection': 'close', 'content-type': problemType, 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${tooLong ? '413 Payload Too Large' : '400 Bad Request'}\r\n${lines.join('')}\r\n${body}`)
}

/** @returns the doors besides the first */
async function listen(app: FastifyInstance, { host, port }: ApiServerOptions): Promise<Disposable> {
  try {
    const [first, ...others] = await addressesOf(host)
    await app.listen({ host: first!, port })
    return await alsoListen(app.server, others, (app.server.address() as { port: number }).port)
  } catch (error) {
    await app.close()
    throw listenError(error, host, port)
  }
}

async function close(app: FastifyInstance): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), stopPatienceMs)
  await app.close()
  clearTimeout(deadline)
}

function urlOf(app: FastifyInstance, { host, certificate }: ApiServerOptions): string {
  const { port } = app.server.address() as { port: number }
  const reachable = host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${certificate ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
