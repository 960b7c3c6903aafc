/**
 * How a request is signed, so that any language can do it. Pure.
 *
 *   X-HMAC-Timestamp  Unix seconds
 *   X-HMAC-Nonce      16 or more random bytes, hexadecimal, new for each request
 *   X-HMAC-Signature  lower-case hex of HMAC-SHA256(secret as UTF-8, signed text)
 *
 * The signed text is five lines joined by `\n`: timestamp, nonce, METHOD, path
 * with query exactly as sent, hex SHA-256 of the body's bytes. A client that
 * streams its body sends that hash in X-HMAC-Content-SHA256, so that the
 * signature can be checked before the body is there.
 *
 * The client signs with this, `access/hmac.ts` verifies with it.
 */
import { createHmac, hash, randomBytes } from 'node:crypto'

export const hmacHeaders = {
  timestamp: 'x-hmac-timestamp',
  nonce: 'x-hmac-nonce',
  signature: 'x-hmac-signature',
  contentSha256: 'x-hmac-content-sha256',
} as const

export interface SignableRequest {
  /** In upper case. */
  readonly method: string
  /** With query, exactly as sent. */
  readonly path: string
  /** Hex SHA-256 of the body's bytes: `sha256Hex(body)`. */
  readonly contentSha256: string
}

export function sha256Hex(body: string | Uint8Array = ''): string {
  return body.length === 0 ? sha256OfNothing : hash('sha256', body, 'hex')
}

const sha256OfNothing = hash('sha256', '', 'hex')

/** The text that is signed. */
export function signedText(timestamp: string, nonce: string, { method, path, contentSha256 }: SignableRequest): string {
  return [timestamp, nonce, method, path, contentSha256].join('\n')
}

/** Lower-case hex of HMAC-SHA256. */
export function hmacHex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex')
}

/** The headers that sign one request. Each call makes a new nonce: a request that is sent again is signed again. */
export function signatureHeaders(secret: string, request: SignableRequest, nowMs: number): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const nonce = randomBytes(16).toString('hex')
  return {
    [hmacHeaders.timestamp]: timestamp,
    [hmacHeaders.nonce]: nonce,
    [hmacHeaders.signature]: hmacHex(secret, signedText(timestamp, nonce, request)),
  }
}
