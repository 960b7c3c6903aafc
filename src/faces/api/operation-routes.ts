/**
 * The operations of the contract as routes: who calls, with which input, and
 * the answer as JSON.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { type StreamBatch, contract } from '../../contract/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Answer } from '../../operations/execute.ts'
import type { Call } from '../../operations/context.ts'
import { type Admission, type Authenticator, noAdmission } from './authenticate.ts'
import { answerHeaders, readConditions } from './conditions.ts'
import { type ContractRoute, isStream, partition, routerPath, routesOfContract } from './contract-routes.ts'
import { type EventStreams, acceptsStream, lastEventId } from './event-stream.ts'
import { readInput } from './read-input.ts'
import { tellingThatItGoesOn } from './still-at-it.ts'

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission
  }
}

export type Execute = (call: Call, area: string, operation: string, input: unknown) => Promise<Answer>

const jsonType = 'application/json; charset=utf-8'

export interface OperationRouteOptions {
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly streams: EventStreams
}

export function addOperationRoutes(app: FastifyInstance, options: OperationRouteOptions): void {
  app.decorateRequest('admission', null as never)
  // As bytes, because the signature covers the bytes; parsed once the caller is known.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const [streams, others] = partition(routesOfContract(contract), isStream)
  for (const route of others) addRoute(app, route, streams.find(({ operation, path }) => path === route.path && operation.method === route.operation.method), options)
}

/** @param stream what answers at the same place those who want a stream */
function addRoute(app: FastifyInstance, { area, name, operation, path }: ContractRoute, stream: ContractRoute | undefined, { execute, authenticator, streams }: OperationRouteOptions): void {
  const isPublic = operation.permission === 'public'
  const carriesBody = operation.method !== 'GET' && operation.method !== 'DELETE'
  app.route({
    method: operation.method,
    url: routerPath(path),
    config: { endpoint: path },
    ...(operation.maxBodyBytes !== undefined && { bodyLimit: operation.maxBodyBytes }),
    onRequest: async (request) => {
      request.admission = isPublic ? noAdmission : await authenticator.admit(request.raw)
    },
    handler: async (request, reply) => {
      const body = request.body as Uint8Array | undefined
      const { caller, confirmed } = await authenticator.identify(request.admission, request.raw, body ?? '')
      // A read costs the time of the store twice if it waits for the nonce to be written.
      if (carriesBody || operation.method === 'DELETE' || stream !== undefined) await confirmed
      const input = readInput({ path: request.params as Record<string, string>, query: request.query as Record<string, unknown>, body, carriesBody })
      if (stream !== undefined && request.method === stream.operation.method && acceptsStream(request.headers)) {
        const cursor = lastEventId(request.headers)
        const start = async (signal: AbortSignal) =>
          (await execute({ caller, signal, ...callTrace(request) }, stream.area, stream.name, cursor === undefined ? input : { ...(input as object), cursor })).output as AsyncIterable<StreamBatch<unknown>>
        return streams.answer(request, reply, start, () => authenticator.isStillGood(request.admission))
      }
      using _ = operation.slow ? tellingThatItGoesOn(request.raw, reply.raw) : undefined
      const answer = await onceConfirmed(confirmed, execute({ caller, ...callTrace(request), ...readConditions(operation, request.headers) }, area, name, input))
      return sendJson(reply.headers(answerHeaders(operation, answer)), answer.status, answer.output)
    },
  })
}

/** A replay hears nothing of the answer, nor why there would have been none. */
async function onceConfirmed<T>(confirmed: Promise<void>, answer: Promise<T>): Promise<T> {
  answer.catch(() => {})
  await confirmed
  return answer
}

function callTrace({ trace: { correlationId, traceparent } }: FastifyRequest): Pick<Call, 'correlationId' | 'traceparent'> {
  return { ...(correlationId !== undefined && { correlationId }), ...(traceparent !== undefined && { traceparent }) }
}

export function sendJson(reply: FastifyReply, status: number, output: unknown): FastifyReply {
  return reply.code(status).type(jsonType).send(JSON.stringify(output))
}

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Answers the methods that a known path does not take: OPTIONS with what it does, others with a 405. */
export function addMethodRoutes(app: FastifyInstance, paths: ReadonlyMap<string, readonly string[]>): void {
  for (const [path, answered] of paths) {
    const allowed = [...new Set(answered.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))), 'OPTIONS']
    const allow = allowed.join(', ')
    const config = { endpoint: path }
    app.route({ method: 'OPTIONS', url: routerPath(path), config, handler: (_request, reply) => reply.code(204).header('allow', allow).send() })
    app.route({
      method: methods.filter((method) => !allowed.includes(method)) as HTTPMethods[],
      url: routerPath(path),
      config,
      // Before the body, which might be anything.
      onRequest: (request, reply, done) => {
        reply.header('allow', allow)
        done(new TaskflowsError('request.method_not_allowed', `${path} does not answer ${request.method}; it answers ${allow}`, { details: { allow: allowed } }))
      },
      handler: () => undefined,
    })
  }
}
