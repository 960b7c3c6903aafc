/** The operations on API tokens. */
import { z } from 'zod'
import { TenantId } from '../engines/jobs/vocabulary.ts'
import { roleNames } from '../kernel/permissions.ts'
import { Duration, Instant, freeText, operation, pageInput, pageOf } from './operation.ts'

const Role = z.enum(roleNames).describe('viewer reads; operator also adds, cancels and retries; admin also manages tokens')
const RateLimit = z.int().min(1).max(100_000)

export const Token = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  tenant_id: z.string().nullable().describe('The only tenant it can see and act for; null for all'),
  rate_limit: z.int().nullable().describe('Requests per second; null for what the server says'),
  state: z.enum(['live', 'expired', 'revoked']),
  created_at: Instant,
  created_by: z.string(),
  expires_at: Instant.nullable(),
  last_used_at: Instant.nullable().describe('To the minute'),
  revoked_at: Instant.nullable(),
  revoked_by: z.string().nullable(),
}).meta({ id: 'Token' })
export type Token = z.output<typeof Token>

export const tokens = {
  create: operation({
    method: 'POST', path: '/tokens', permission: 'tokens:write', success: 201, secret: 'token',
    summary: 'Create an API token; it is shown this once',
    input: z.strictObject({
      name: z.string().max(64).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, dots, dashes and underscores').describe('What it is called in lists and in the event log'),
      role: Role.default('viewer'),
      tenant_id: TenantId.optional().describe('Bind it to this tenant: it sees and acts for no other'),
      expires_in: Duration.optional().describe('How long it is good for, such as 90d; default for ever'),
      rate_limit: RateLimit.optional().describe('Requests per second that it may make; default what the server says'),
    }),
    output: Token.extend({ token: z.string().describe('The credential: Authorization: Bearer tfk_...') }),
    errors: ['request.invalid', 'tenant.not_found', 'token.exists'],
    cli: {
      command: 'api tokens create', args: ['name'], flags: { tenant_id: '--tenant <id>', expires_in: '--expires <duration>' },
      examples: ['tf api tokens create ci --role operator --expires 90d', 'tf api tokens create acme --role operator --tenant acme -o name'],
    },
  }),
  list: operation({
    method: 'GET', path: '/tokens', permission: 'tokens:read',
    summary: 'List API tokens, newest first, without the credentials',
    input: z.strictObject({
      state: z.enum(['live', 'expired', 'revoked', 'all']).default('live').describe('Only tokens in this state'),
      ...pageInput,
    }),
    output: pageOf(Token),
    errors: ['request.invalid', 'cursor.invalid'],
    cli: { command: 'api tokens list', examples: ['tf api tokens list', 'tf api tokens list --state all -o wide'] },
  }),
  revoke: operation({
    method: 'POST', path: '/tokens/{id}/revoke', permission: 'tokens:write',
    summary: 'Revoke an API token: it is refused from now on',
    input: z.strictObject({ id: freeText(255).min(1).describe('The id of the token, its name, or TENANT/NAME') }),
    output: Token,
    errors: ['token.not_found', 'token.ambiguous'],
    cli: { command: 'api tokens revoke', args: ['id...'], examples: ['tf api tokens revoke ci'] },
  }),
}
