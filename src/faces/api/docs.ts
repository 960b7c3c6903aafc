/**
 * The pages at /docs: Swagger UI, from files of its package, with nothing
 * loaded from elsewhere. Its server is made when the first page is asked for,
 * so that starting costs nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TaskflowsError } from '../../kernel/errors.ts'
import { problemOf, problemType } from './problems.ts'

export type DocsHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Swagger UI styles elements in place and carries its icons as data. */
export const docsPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

export async function createDocs(document: object): Promise<DocsHandler> {
  const [{ default: Fastify }, { default: swagger }, { default: swaggerUi }] = await Promise.all([import('fastify'), import('@fastify/swagger'), import('@fastify/swagger-ui')])
  const pages = Fastify()
  await pages.register(swagger, { mode: 'static', specification: { document: document as never } })
  await pages.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list', displayRequestDuration: true }, theme: { title: 'taskflows API' } })
  pages.setNotFoundHandler((request, reply) => {
    const error = new TaskflowsError('request.not_found', `there is nothing at ${request.url}`)
    void reply.code(error.status).type(problemType).send(JSON.stringify(problemOf(error, request.url)))
  })
  await pages.ready()
  return pages.routing
}
