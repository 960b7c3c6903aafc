/**
 * The name of a certificate by which people compare it: the SHA-256 of its DER,
 * as `openssl x509 -fingerprint -sha256` has it. Pure.
 */

/** `SHA256:` and 32 bytes in upper-case hex with colons between. */
export type Fingerprint = `SHA256:${string}`

/** Reads what people copy: with or without `SHA256:` (or openssl's `sha256 Fingerprint=`) and colons, in either case. */
export function readFingerprint(text: string): Fingerprint | undefined {
  const digits = text.trim().replace(/^sha-?256(?:\s*fingerprint\s*=|:)\s*/i, '').replaceAll(':', '')
  return /^[0-9a-f]{64}$/i.test(digits) ? `SHA256:${digits.toUpperCase().match(/../g)!.join(':')}` : undefined
}

/** Of a certificate that Node has read: `X509Certificate` has it as `fingerprint256`. */
export function fingerprintOf({ fingerprint256 }: { readonly fingerprint256: string }): Fingerprint {
  return `SHA256:${fingerprint256}`
}
