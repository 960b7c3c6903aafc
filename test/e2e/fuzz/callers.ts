/** Who sends the requests: every role, bound to a tenant and not, and strangers of all sorts. */
import { randomBytes } from 'node:crypto'
import { connectTo } from '../../../src/client/index.ts'
import { sha256Hex, signatureHeaders } from '../../../src/kernel/hmac-signature.ts'
import { roleNames } from '../../../src/kernel/permissions.ts'
import { pooled } from './pool.ts'
import type { Credentials, Header } from './request.ts'

export interface Callers {
  readonly names: readonly string[]
  /** Those whose credentials are always good. */
  readonly trusted: readonly string[]
  /** Those that nobody may let in. */
  readonly strangers: readonly string[]
  /** Whoever it is, as headers. */
  credentials(name: string): Credentials
}

const bearer = (token: string): Credentials => () => [['Authorization', `Bearer ${token}`]]

const signed = (secret: string, nowMs: () => number = Date.now): Credentials => ({ method, path, body }) =>
  Object.entries(signatureHeaders(secret, { method, path, contentSha256: sha256Hex(body) }, nowMs()))

/** The headers of a signature with one of them changed. */
const forged = (secret: string, change: (headers: readonly Header[]) => readonly Header[]): Credentials => (request) => change(signed(secret)(request))

/** @param secret of the host at `url` */
export async function createCallers(url: string, secret: string): Promise<Callers> {
  const { tokens } = connectTo({ url, secret })
  const known = new Map<string, Credentials>([['host', signed(secret)]])
  for (const tenant of [undefined, 'acme']) {
    for (const role of roleNames) {
      const { token } = await tokens.create({ name: `fuzz-${tenant ?? 'any'}-${role}`, role, rate_limit: 100_000, ...(tenant !== undefined && { tenant_id: tenant }) })
      known.set(`${role} of ${tenant ?? 'all'}`, bearer(token))
    }
  }
  const { id, token: revoked } = await tokens.create({ name: 'fuzz-revoked', role: 'admin' })
  await tokens.revoke({ id })
  const strange = strangers(secret, revoked)
  // It comes out of the pool, and may be revoked, expired or none at all by then.
  const minted = (number: number): Credentials => bearer(pooled('credential', number))
  return {
    names: [...known.keys(), 'minted 1', 'minted 2'],
    trusted: [...known.keys()],
    strangers: [...strange.keys()],
    credentials: (name) => known.get(name) ?? strange.get(name) ?? minted(Number(name.split(' ')[1])),
  }
}

function strangers(secret: string, revoked: string): ReadonlyMap<string, Credentials> {
  const nonce: Header = ['x-hmac-nonce', randomBytes(16).toString('hex')]
  const without = (name: string) => forged(secret, (headers) => headers.filter(([other]) => other !== name))
  const instead = (name: string, value: string) => forged(secret, (headers) => headers.map((header) => (header[0] === name ? [name, value] : header)))
  return new Map<string, Credentials>([
    ['nobody', () => []],
    ['with another secret', signed('another secret of the same sort of length')],
    ['from an hour ago', signed(secret, () => Date.now() - 3_600_000)],
    ['from tomorrow', signed(secret, () => Date.now() + 86_400_000)],
    ['without a nonce', without('x-hmac-nonce')],
    ['without a time', without('x-hmac-timestamp')],
    ['with a nonce that was not signed', forged(secret, (headers) => headers.map((header) => (header[0] === 'x-hmac-nonce' ? nonce : header)))],
    ['with an empty signature', instead('x-hmac-signature', '')],
    ['with a signature that is no hex', instead('x-hmac-signature', 'é'.repeat(64))],
    ['with the time NaN', instead('x-hmac-timestamp', 'NaN')],
    ['with a time beyond all', instead('x-hmac-timestamp', '9'.repeat(400))],
    ['with a hash of another body', forged(secret, (headers) => [...headers, ['x-hmac-content-sha256', sha256Hex('x')]])],
    ['with a revoked token', bearer(revoked)],
    ['with a token of the right form', bearer(`tfk_${'A'.repeat(43)}`)],
    ['with a token of any form', bearer("' or 1=1 --\u00ff")],
    ['with a token of 8 kB', bearer('tfk_'.padEnd(8_000, 'x'))],
    ['with an empty token', bearer('')],
    ['with Basic', () => [['Authorization', `Basic ${Buffer.from('admin:admin').toString('base64')}`]]],
    ['with a token twice', () => [['Authorization', 'Bearer tfk_a'], ['Authorization', 'Bearer tfk_b']]],
  ])
}
