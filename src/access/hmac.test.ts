import { expect, test } from 'vitest'
import { sha256Hex, signatureHeaders } from '../kernel/hmac-signature.ts'
import { readSignature, signatureWindowMs, verifySignature } from './hmac.ts'

const secret = 'a-secret-of-more-than-32-characters'
const now = Date.UTC(2030, 0, 1)
const request = { method: 'POST', path: '/api/v1/jobs?x=1', body: '{"name":"resize"}' }

function signed(overrides: Partial<typeof request> = {}, at = now): Record<string, string | undefined> {
  const { method, path, body } = { ...request, ...overrides }
  return signatureHeaders(secret, { method, path, contentSha256: sha256Hex(body) }, at)
}

function verify(headers: Record<string, string | undefined>, received = request, withSecret = secret): void {
  verifySignature(readSignature(headers, now), received, withSecret)
}

test('what was signed is accepted', () => {
  expect(() => verify(signed())).not.toThrow()
  expect(() => verify({ ...signed(), 'x-hmac-content-sha256': sha256Hex(request.body) })).not.toThrow()
})

test.each([
  ['the method', { ...request, method: 'PUT' }],
  ['the path', { ...request, path: '/api/v1/job?x=1' }],
  ['the query', { ...request, path: '/api/v1/jobs?x=2' }],
  ['the body', { ...request, body: '{"name":"resizf"}' }],
])('changing %s breaks the signature', (_part, received) => {
  expect(() => verify(signed(), received)).toThrow(expect.objectContaining({ code: 'access.bad_signature' }))
})

test.each(['x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-signature'])('changing %s breaks the signature', (name) => {
  const headers = signed()
  const changed = headers[name]!.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  expect(() => verify({ ...headers, [name]: changed })).toThrow(expect.objectContaining({ code: 'access.bad_signature' }))
})

test('another secret does not match, and the error shows the text that should be signed', () => {
  expect(() => verify(signed(), request, `${secret}x`)).toThrow(expect.objectContaining({
    code: 'access.bad_signature', details: { signed_text: expect.stringContaining(`POST\n/api/v1/jobs?x=1\n${sha256Hex(request.body)}`) },
  }))
})

test('a content hash that is not that of the body is refused', () => {
  expect(() => verify({ ...signed(), 'x-hmac-content-sha256': sha256Hex('else') })).toThrow(/X-HMAC-Content-SHA256 says/)
})

test('a timestamp is accepted up to the edge of the window, on either side', () => {
  for (const at of [now - signatureWindowMs, now + signatureWindowMs]) expect(() => verify(signed({}, at))).not.toThrow()
})

test('a timestamp outside the window is refused with the skew in the message', () => {
  expect(() => verify(signed({}, now - signatureWindowMs - 1000))).toThrow(/5 min 1 s behind the clock/)
  expect(() => verify(signed({}, now + signatureWindowMs + 60_000))).toThrow(/6 min ahead of the clock/)
})

test('a request without a signature is not authenticated', () => {
  expect(() => verify({})).toThrow(expect.objectContaining({ code: 'access.unauthenticated' }))
})

test('the older form without a nonce is refused by name', () => {
  const { 'x-hmac-nonce': _nonce, ...older } = signed()
  expect(() => verify(older)).toThrow(/older form, timestamp \+ body/)
  expect(() => verify({ 'x-hmac-signature': 'x', 'x-timestamp': '1' })).toThrow(/older form/)
})

test.each([
  ['x-hmac-timestamp', '2030-01-01T00:00:00Z', /X-HMAC-Timestamp is "2030-01-01T00:00:00Z": expected Unix seconds/],
  ['x-hmac-timestamp', '-1', /expected Unix seconds/],
  ['x-hmac-timestamp', undefined, /X-HMAC-Timestamp is missing/],
  ['x-hmac-nonce', 'short', /X-HMAC-Nonce is "short": expected 32 to 128 hexadecimal digits/],
])('a malformed %s %s is named', (name, value, message) => {
  expect(() => verify({ ...signed(), [name]: value })).toThrow(message)
})
