import { expect, test } from 'vitest'
import { hmacHex, sha256Hex, signatureHeaders, signedText } from './hmac-signature.ts'

const timestamp = '1767225600'
const nonce = '00112233445566778899aabbccddeeff'

// Made with: printf 'TEXT' | openssl dgst -sha256 -hmac 's3cret-...'
test('a request without a body is signed as openssl signs it', () => {
  const text = signedText(timestamp, nonce, { method: 'GET', path: '/api/v1/jobs', contentSha256: sha256Hex() })
  expect(hmacHex('s3cret-s3cret-s3cret-s3cret-s3cret', text)).toBe('6bb09addd91d8ead92c3f6395fbcae499fa472ccedd94c9f59e85807a270cb0f')
})

// Made with Python: hmac.new('s3cret-...ä t'.encode(), text.encode(), hashlib.sha256).hexdigest()
test('a body, a query and a secret beyond ASCII are signed as Python signs them', () => {
  const body = Buffer.from('{"name":"resize","payload":{"file":"ä.png"}}')
  expect(sha256Hex(body)).toBe('3bc9bd4e1fedc47ca1e6596ffa7f3b0223b9604117eda59a5b17c4d673914e7a')
  const text = signedText(timestamp, nonce, { method: 'POST', path: '/api/v1/jobs?x=1&y=%20', contentSha256: sha256Hex(body) })
  expect(hmacHex('s3cret-s3cret-s3cret-s3cret-s3crät', text)).toBe('92c61136ff0555dbc4b92d627ae124095f7b067dcd083e372f32bf11dd850171')
})

test('each signature has a nonce of its own', () => {
  const request = { method: 'GET', path: '/', contentSha256: sha256Hex() }
  const sign = () => signatureHeaders('secret', request, 0)['x-hmac-nonce']
  expect(sign()).toMatch(/^[0-9a-f]{32}$/)
  expect(sign()).not.toBe(sign())
})
