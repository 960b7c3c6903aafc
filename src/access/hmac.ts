/**
 * Verifies signed requests (the form is described in kernel/hmac-signature.ts).
 *
 * Pure: the time and the secret are passed in. In two steps, because the
 * headers arrive before the body: `readSignature` refuses what can be refused
 * without reading the body, `verifySignature` does the rest. That a nonce was
 * not seen before is for `nonces.ts`.
 */
import { timingSafeEqual } from 'node:crypto'
import { formatDuration } from '../kernel/duration.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { hmacHeaders, hmacHex, sha256Hex, signedText } from '../kernel/hmac-signature.ts'

/** How far a timestamp may lie in the past or the future. */
export const signatureWindowMs = 300_000

export interface Signature {
  readonly timestamp: string
  readonly nonce: string
  readonly signature: string
  /** What the caller says the body's SHA-256 is, when it says so. */
  readonly contentSha256: string | undefined
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

const signingHint = 'Sign these five lines, joined by \\n, with HMAC-SHA256: timestamp, nonce, METHOD, path with query as sent, hex SHA-256 of the body (docs/reference/rest.md).'

/**
 * The signature in the headers, its form and its time checked.
 * @throws `access.unauthenticated` when there is none, or one of the older form `timestamp + body`
 * @throws `access.bad_signature` when it is malformed, or outside the window
 */
export function readSignature(headers: Headers, nowMs: number): Signature {
  const signature = one(headers, hmacHeaders.signature)
  if (signature === undefined) throw new TaskflowsError('access.unauthenticated', 'the request shows neither a token (Authorization: Bearer) nor a signature (X-HMAC-Signature)')
  refuseOlderForm(headers)
  const timestamp = shaped(headers, hmacHeaders.timestamp, /^\d{1,12}$/, 'Unix seconds')
  const nonce = shaped(headers, hmacHeaders.nonce, /^[0-9a-f]{32,128}$/i, '32 to 128 hexadecimal digits')
  const contentSha256 = one(headers, hmacHeaders.contentSha256)
  refuseSkew(Number(timestamp) * 1000 - nowMs, timestamp)
  return { timestamp, nonce, signature, contentSha256 }
}

/**
 * Checks the signature against the request as it arrived.
 * @throws `access.bad_signature` naming the text that the server expects to be signed
 */
export function verifySignature(given: Signature, request: { readonly method: string; readonly path: string; readonly body: Uint8Array | string }, secret: string): void {
  const contentSha256 = sha256Hex(request.body)
  if (given.contentSha256 !== undefined && given.contentSha256 !== contentSha256) {
    throw new TaskflowsError('access.bad_signature', `X-HMAC-Content-SHA256 says ${JSON.stringify(given.contentSha256.slice(0, 64))}, the SHA-256 of the body is ${contentSha256}`)
  }
  const text = signedText(given.timestamp, given.nonce, { method: request.method, path: request.path, contentSha256 })
  if (!sameText(given.signature, hmacHex(secret, text))) {
    // The text holds nothing the caller did not send, and shows at once what was signed differently.
    throw new TaskflowsError('access.bad_signature', 'X-HMAC-Signature does not match: another secret, or another text was signed', { details: { signed_text: text }, hint: signingHint })
  }
}

/** `timestamp + body` without a nonce could be replayed, so it is not accepted any more. */
function refuseOlderForm(headers: Headers): void {
  if (one(headers, hmacHeaders.nonce) !== undefined) return
  throw new TaskflowsError('access.unauthenticated', 'X-HMAC-Nonce is missing: a signature of the older form, timestamp + body, is not accepted', { hint: signingHint })
}

function refuseSkew(skewMs: number, timestamp: string): void {
  if (Math.abs(skewMs) <= signatureWindowMs) return
  const skew = `${formatDuration(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead of'}`
  throw new TaskflowsError('access.bad_signature', `X-HMAC-Timestamp ${timestamp} is ${skew} the clock of the server; at most ${formatDuration(signatureWindowMs)} are accepted`, {
    details: { skew_seconds: Math.round(skewMs / 1000), window_seconds: signatureWindowMs / 1000 },
    hint: 'Correct the clock of the caller, and sign right before sending.',
  })
}

function shaped(headers: Headers, name: string, form: RegExp, expected: string): string {
  const value = one(headers, name) ?? ''
  if (form.test(value)) return value
  throw new TaskflowsError('access.bad_signature', `${shownNames[name]} ${value === '' ? 'is missing' : `is ${JSON.stringify(value.slice(0, 64))}`}: expected ${expected}`, { hint: signingHint })
}

const shownNames: Readonly<Record<string, string>> = { [hmacHeaders.timestamp]: 'X-HMAC-Timestamp', [hmacHeaders.nonce]: 'X-HMAC-Nonce' }

function one(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Takes the same time wherever the texts differ. The expected length is no secret. */
function sameText(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)]
  return left.length === right.length && timingSafeEqual(left, right)
}
