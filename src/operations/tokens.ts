/** The operations on API tokens. */
import { tokens } from '../contract/tokens.ts'
import { actorOf, scopeOf } from './context.ts'
import { implement } from './implement.ts'
import { readTenant, readTimeSpan } from './read.ts'
import { showPage, showToken } from './show.ts'

export const tokenOperations = implement(tokens, {
  create: async ({ name, role, tenant_id, expires_in, rate_limit }, context) => {
    const { token, credential } = await context.tokens.create(scopeOf(context), {
      name, role,
      tenant: readTenant(tenant_id, context.caller) ?? context.caller.tenant,
      rateLimit: rate_limit ?? null,
      expiresInMs: expires_in === undefined ? null : readTimeSpan('expires_in', expires_in),
    }, actorOf(context))
    return { ...showToken(token), token: credential }
  },
  list: async ({ state, limit, cursor }, context) =>
    showPage(await context.tokens.list(scopeOf(context), state, { limit, ...(cursor !== undefined && { cursor }) }), showToken),
  revoke: async ({ id }, context) => showToken(await context.tokens.revoke(scopeOf(context), id, actorOf(context))),
})
