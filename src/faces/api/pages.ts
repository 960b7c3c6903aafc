/**
 * What the server answers besides operations: what it is, the OpenAPI document
 * and its pages, and the metrics.
 */
import type { FastifyInstance } from 'fastify'
import { may } from '../../access/roles.ts'
import { contract } from '../../contract/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Metrics } from '../../kernel/observe/metrics.ts'
import { type Authenticator, noAdmission } from './authenticate.ts'
import { type DocsHandler, docsPolicy } from './docs.ts'
import { sendJson } from './operation-routes.ts'

export interface PageOptions {
  readonly version: string
  readonly metrics: Metrics
  readonly authenticator: Authenticator
}

/** The paths, for whoever must know which methods they answer. */
export const pagePaths = ['/', '/openapi.json', '/docs', '/metrics'] as const

export function addPages(app: FastifyInstance, options: PageOptions): void {
  addIndex(app, options)
  addDocs(app, options)
  addMetrics(app, options)
}

function addIndex(app: FastifyInstance, { version }: PageOptions): void {
  app.get('/', { config: { endpoint: '/' } }, (_request, reply) => sendJson(reply, 200, {
    name: 'taskflows', version, api: '/api/v1', docs: '/docs', openapi: '/openapi.json', health: '/health', metrics: '/metrics',
  }))
}

function addDocs(app: FastifyInstance, { version }: PageOptions): void {
  const document = once(async () => (await import('./openapi.ts')).openApiDocument(contract, version))
  const docs = once(async (): Promise<DocsHandler> => (await import('./docs.ts')).createDocs(await document()))
  app.get('/openapi.json', { config: { endpoint: '/openapi.json' } }, async (_request, reply) => sendJson(reply, 200, await document()))
  for (const url of ['/docs', '/docs/*']) {
    app.get(url, { config: { endpoint: '/docs' } }, async (request, reply) => {
      const answer = await docs()
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!)
      reply.raw.setHeader('content-security-policy', docsPolicy)
      answer(request.raw, reply.raw)
    })
  }
}

/** Prometheus on the same machine needs no credentials; anybody else needs the permission, and for what is told of every tenant to be bound to none. */
function addMetrics(app: FastifyInstance, { metrics, authenticator }: PageOptions): void {
  app.get('/metrics', {
    config: { endpoint: '/metrics' },
    onRequest: async (request) => {
      request.admission = authenticator.isLocal(request.raw) ? noAdmission : await authenticator.admit(request.raw)
    },
  }, async (request, reply) => {
    const { caller, confirmed } = await authenticator.identify(request.admission, request.raw, '')
    await confirmed
    if (request.admission !== noAdmission && !(may(caller, 'metrics:read') && caller.tenant === null)) {
      throw new TaskflowsError('access.denied', `${caller.name} may not read metrics${caller.tenant === null ? '' : ': they are of all tenants, and it is bound to one'}`, { details: { permission: 'metrics:read' } })
    }
    const { contentType, text } = await metrics.scrape()
    return reply.type(contentType).send(text)
  })
}

/** Makes a thing when it is first asked for; a failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make().catch((error: unknown) => {
    made = undefined
    throw error
  }))
}
