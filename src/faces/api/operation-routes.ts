/**
 * The operations of the contract as routes: who calls, with which input, and
 * the answer as JSON.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { contract } from '../../contract/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Answer } from '../../operations/execute.ts'
import type { Call } from '../../operations/context.ts'
import { type Admission, type Authenticator, noAdmission } from './authenticate.ts'
import { type ContractRoute, routerPath, routesOfContract } from './contract-routes.ts'
import { readInput } from './read-input.ts'

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission
  }
}

export type Execute = (call: Call, area: string, operation: string, input: unknown) => Promise<Answer>

const jsonType = 'application/json; charset=utf-8'

export function addOperationRoutes(app: FastifyInstance, { execute, authenticator }: { readonly execute: Execute; readonly authenticator: Authenticator }): void {
  app.decorateRequest('admission', null as never)
  // As bytes, because the signature covers the bytes; parsed once the caller is known.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  for (const route of routesOfContract(contract)) addRoute(app, route, execute, authenticator)
}

function addRoute(app: FastifyInstance, { area, name, operation, path }: ContractRoute, execute: Execute, authenticator: Authenticator): void {
  const isPublic = operation.permission === 'public'
  const carriesBody = operation.method !== 'GET' && operation.method !== 'DELETE'
  app.route({
    method: operation.method,
    url: routerPath(path),
    config: { endpoint: path },
    ...(operation.maxBodyBytes !== undefined && { bodyLimit: operation.maxBodyBytes }),
    onRequest: (request, _reply, done) => {
      request.admission = isPublic ? noAdmission : authenticator.admit(request.raw)
      done()
    },
    handler: async (request, reply) => {
      const body = request.body as Uint8Array | undefined
      const caller = await authenticator.identify(request.admission, request.raw, body ?? '')
      const input = readInput({ path: request.params as Record<string, string>, query: request.query as Record<string, unknown>, body, carriesBody })
      const { status, output } = await execute({ caller, ...callTrace(request) }, area, name, input)
      return sendJson(reply, status, output)
    },
  })
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
