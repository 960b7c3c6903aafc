/**
 * The token in the headers of a request (RFC 6750 §2.1), if there is one. Pure.
 * Whether it is one of ours is for `token-store.ts`.
 */
import { TaskflowsError } from '../kernel/errors.ts'
import { hmacHeaders } from '../kernel/hmac-signature.ts'
import { isCredential } from './tokens.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * The credential of `Authorization: Bearer`; `undefined` when that is not what the header holds.
 * @throws `access.unauthenticated` when it cannot be one of ours, or when the request is signed as well: nobody
 * should have to guess which of two identities counts. Never repeats what was sent, which may be a secret of another system.
 */
export function readBearer(headers: Headers): string | undefined {
  const credential = textOf(headers)
  if (credential === undefined) return undefined
  if (headers[hmacHeaders.signature] !== undefined) {
    throw new TaskflowsError('access.unauthenticated', 'the request shows both a token and a signature', { hint: 'Send either Authorization: Bearer or the X-HMAC headers.' })
  }
  if (isCredential(credential)) return credential
  const found = credential.startsWith('tfk_') ? `tfk_ and ${credential.length - 4}` : 'something else'
  throw new TaskflowsError('access.unauthenticated', `Authorization: Bearer does not hold a token of taskflows: expected tfk_ and 43 characters, got ${found}`)
}

/** Whether there is a token to look at, of whatever form. */
export function showsBearer(headers: Headers): boolean {
  return textOf(headers) !== undefined
}

/** Names of schemes are case-insensitive (RFC 9110 §11.1). */
function textOf({ authorization }: Headers): string | undefined {
  return typeof authorization === 'string' ? /^bearer(?: +|$)(.*)$/is.exec(authorization)?.[1] : undefined
}
