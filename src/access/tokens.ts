/**
 * API tokens: who holds one is a caller with a role, and perhaps a tenant.
 *
 * A credential is `tfk_` and 256 random bits. Only its SHA-256 is kept, so
 * whoever reads the table cannot use what is in it; and with that many bits
 * neither salt nor a slow hash would add anything. `token-store.ts` keeps them.
 */
import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../kernel/hmac-signature.ts'
import type { Role } from '../kernel/permissions.ts'
import type { Actor, Scope } from '../kernel/scope.ts'
import type { Caller } from './roles.ts'

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
  /** To the minute. */
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
  readonly revokedBy: string | null
}

export interface NewToken {
  readonly name: string
  readonly role: Role
  readonly tenant: string | null
  readonly rateLimit: number | null
  /** `null`: it never expires. */
  readonly expiresInMs: number | null
}

/** A token of another tenant does not exist for a bound scope. */
export interface TokenStore {
  /** @throws `token.exists` */
  create(scope: Scope, token: NewToken, by: Actor): Promise<{ readonly token: Token; readonly credential: string }>
  /** Newest first. @throws `cursor.invalid` */
  list(scope: Scope, state: Token['state'] | 'all', page: { readonly limit: number; readonly cursor?: string }): Promise<{ readonly items: readonly Token[]; readonly nextCursor: string | null }>
  /**
   * A revoked token stays revoked, by whom and when it was first.
   * @param idOrName a name means the live token of that name, `TENANT/NAME` the one bound to that tenant
   * @throws `token.not_found`, `token.ambiguous`
   */
  revoke(scope: Scope, idOrName: string, by: Actor): Promise<Token>
  /** The live token with this credential, noting its use; `undefined` when there is none. Never answers from memory. */
  find(credential: string): Promise<Token | undefined>
}

export function newCredential(): string {
  return `tfk_${randomBytes(32).toString('base64url')}`
}

/** Whether a text can be a credential of ours; only then is it worth looking for. */
export function isCredential(text: string): boolean {
  return /^tfk_[\w-]{43}$/.test(text)
}

/** What is kept of a credential, in hexadecimal. */
export function hashOf(credential: string): string {
  return sha256Hex(credential)
}

/** Who shows this token. Names hold no `/`, so `token:acme/ci` is one caller and no other. */
export function callerOf({ name, role, tenant }: Token): Caller {
  return { name: `token:${tenant === null ? '' : `${tenant}/`}${name}`, role, tenant }
}
