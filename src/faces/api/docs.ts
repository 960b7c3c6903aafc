/**
 * The pages at /docs: Swagger UI, from files of its package, with nothing
 * loaded from elsewhere. Its server is made when the first page is asked for,
 * so that starting costs nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { TaskflowsError } from '../../kernel/errors.ts'
import { pathOf } from './hooks.ts'
import { asTaskflowsError, problemOf, problemType } from './problems.ts'

export type DocsHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Swagger UI styles elements in place and carries its icons as data. */
export const docsPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

export async function createDocs(document: object): Promise<DocsHandler> {
  const [{ default: Fastify }, { default: swagger }, { default: swaggerUi }] = await Promise.all([import('fastify'), import('@fastify/swagger'), import('@fastify/swagger-ui')])
  const pages = Fastify()
  await pages.register(swagger, { mode: 'static', specification: { document: document as never } })
  await pages.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list', displayRequestDuration: true }, theme: { title: 'taskflows API' } })
  pages.setNotFoundHandler((request, reply) => sendProblem(nothingAt(request), request, reply))
  // Whatever is wrong with the address of a file, there is nothing at it.
  pages.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => sendProblem((error.statusCode ?? 500) < 500 ? nothingAt(request) : asTaskflowsError(error), request, reply))
  await pages.ready()
  return pages.routing
}

function nothingAt(request: FastifyRequest): TaskflowsError {
  return new TaskflowsError('request.not_found', `there is nothing at ${pathOf(request)}`)
}

function sendProblem(error: TaskflowsError, request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(error.status).type(problemType).send(JSON.stringify(problemOf(error, pathOf(request))))
}
