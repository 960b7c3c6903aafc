/**
 * API tokens: who holds one is a caller with a role, and perhaps a tenant.
 *
 * A token is `tfk_` and 256 random bits. Only its SHA-256 is kept, so whoever
 * reads the table cannot use what is in it.
 */
import type { Database } from '../kernel/database/database.ts'
import type { Role } from '../kernel/permissions.ts'
import type { Actor, Scope } from '../kernel/scope.ts'

/** Times are epoch milliseconds. */
export interface Token {
  readonly id: string
  readonly name: string
  readonly role: Role
  /** `null`: bound to none. */
  readonly tenant: string | null
  /** Requests per second, or `null` for what the server says. */
  readonly rateLimit: number | null
  readonly state: 'live' | 'expired' | 'revoked'
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
  readonly revokedBy: string | null
}

export interface NewToken {
  readonly name: string
  readonly role: Role
  readonly tenant: string | null
  readonly rateLimit: number | null
  readonly expiresInMs: number | null
}

/** A token of another tenant does not exist for a bound scope. */
export interface TokenStore {
  /** @throws `token.exists` */
  create(scope: Scope, token: NewToken, by: Actor): Promise<{ readonly token: Token; readonly credential: string }>
  /** Newest first. @throws `cursor.invalid` */
  list(scope: Scope, state: Token['state'] | 'all', page: { readonly limit: number; readonly cursor?: string }): Promise<{ readonly items: readonly Token[]; readonly nextCursor: string | null }>
  /** A revoked token stays revoked. @param idOrName a name means the live token of that name @throws `token.not_found` */
  revoke(scope: Scope, idOrName: string, by: Actor): Promise<Token>
  /** The live token with this credential, noting its use; `undefined` when there is none. */
  find(credential: string): Promise<Token | undefined>
}

export function createTokenStore(_database: Database): TokenStore {
  throw new Error('being written')
}
