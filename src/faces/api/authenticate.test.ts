import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Token, newCredential } from '../../access/tokens.ts'
import { sha256Hex, signatureHeaders } from '../../kernel/hmac-signature.ts'
import { type Log, silentLog } from '../../kernel/observe/log.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { createAuthenticator } from './authenticate.ts'

const secret = 'the-secret-of-this-host-for-tests-only'

/** An authenticator with one live token, and everything it asked and said. */
function subject({ rateLimit = null, token: more = {} }: { rateLimit?: number | null; token?: Partial<Token> } = {}) {
  const clock = new FakeClock()
  const credential = newCredential()
  const token: Token = { id: 'id', name: 'ci', role: 'operator', tenant: null, rateLimit: null, state: 'live', createdAt: 0, createdBy: 'ada', expiresAt: null, lastUsedAt: null, revokedAt: null, revokedBy: null, ...more }
  const seen = { enabled: true, secret, lookups: 0, live: true, warnings: [] as string[] }
  const nonces = new Set<string>()
  const log: Log = { ...silentLog, warn: (_fields, message) => seen.warnings.push(message) }
  const authenticator = createAuthenticator({
    security: () => ({ hmac: { enabled: seen.enabled, secret: seen.secret } }),
    nonces: { remember: async (nonce) => nonces.size !== nonces.add(nonce).size },
    tokens: { find: async (shown) => { seen.lookups += 1; return seen.live && shown === credential ? token : undefined } },
    rateLimit, clock, log,
  })
  const request = (headers: IncomingHttpHeaders, remoteAddress = '127.0.0.1') => ({ method: 'GET', url: '/api/v1/jobs', headers: { host: 'localhost', ...headers }, socket: { remoteAddress } }) as unknown as IncomingMessage
  const call = async (headers: IncomingHttpHeaders, remoteAddress?: string) => {
    const asked = request(headers, remoteAddress)
    const { caller, confirmed } = await authenticator.identify(await authenticator.admit(asked), asked, '')
    await confirmed
    return caller
  }
  const bearer = (shown = credential) => ({ authorization: `Bearer ${shown}` })
  const signature = (key = seen.secret) => signatureHeaders(key, { method: 'GET', path: '/api/v1/jobs', contentSha256: sha256Hex('') }, clock.now())
  return { authenticator, clock, seen, request, call, bearer, signature }
}

const refused = (code: string, words = /./) => expect.objectContaining({ code, message: expect.stringMatching(words) })

test('whoever shows a token is its caller, and whoever signs is the host', async () => {
  const { call, bearer, signature } = subject({ token: { tenant: 'acme' } })
  expect(await call(bearer())).toEqual({ name: 'token:acme/ci', role: 'operator', tenant: 'acme' })
  expect(await call(signature())).toMatchObject({ name: 'host', role: 'admin' })
})

test('an unknown, revoked or expired token is refused in words, and so is a request that shows both', async () => {
  const { call, bearer, signature } = subject()
  await expect(call(bearer(newCredential()))).rejects.toEqual(refused('access.unauthenticated', /unknown, revoked or expired/))
  await expect(call({ ...bearer(), ...signature() })).rejects.toEqual(refused('access.unauthenticated', /both a token and a signature/))
  await expect(call({})).rejects.toEqual(refused('access.unauthenticated', /neither a token .* nor a signature/))
})

test('with security disabled a token that is shown counts, good or bad', async () => {
  const { call, bearer, seen } = subject()
  seen.enabled = false
  expect(await call({})).toMatchObject({ name: 'local', role: 'admin' })
  expect(await call(bearer())).toMatchObject({ name: 'token:ci', role: 'operator' })
  await expect(call(bearer(newCredential()))).rejects.toEqual(refused('access.unauthenticated'))
})

test('a caller that asks more often than its rate is told how long to wait', async () => {
  const { call, bearer, clock } = subject({ rateLimit: 1, token: { rateLimit: 5 } })
  for (let asked = 0; asked < 10; asked += 1) await call(bearer())
  await expect(call(bearer())).rejects.toMatchObject({ code: 'access.rate_limited', status: 429, details: { limit_per_second: 5, retry_after_seconds: 1 } })
  await clock.advance(200)
  await call(bearer())
  await expect(call(bearer())).rejects.toMatchObject({ code: 'access.rate_limited' })
})

test('unless the server says otherwise tokens have a rate of 1,000 and the host has none', async () => {
  const { call, bearer, signature } = subject()
  for (let asked = 0; asked < 2_000; asked += 1) await call(bearer())
  await expect(call(bearer())).rejects.toMatchObject({ details: { limit_per_second: 1_000 } })
  for (let asked = 0; asked < 3_000; asked += 1) await call(signature())
})

test('a rate of the server holds for the host and for local callers as well', async () => {
  const { call, signature, seen } = subject({ rateLimit: 2 })
  for (let asked = 0; asked < 4; asked += 1) await call(signature())
  await expect(call(signature())).rejects.toEqual(refused('access.rate_limited', /host asks more often than 2 times/))
  seen.enabled = false
  for (let asked = 0; asked < 4; asked += 1) await call({})
  await expect(call({})).rejects.toEqual(refused('access.rate_limited', /local asks/))
})

test('a rate of 0 is none', async () => {
  const { call, bearer } = subject({ rateLimit: 0 })
  for (let asked = 0; asked < 3_000; asked += 1) await call(bearer())
})

test('guesses are refused by where they come from, before the store is asked', async () => {
  const { call, bearer, seen, clock } = subject()
  const guess = () => call(bearer(newCredential()), '203.0.113.7')
  for (let guesses = 0; guesses < 50; guesses += 1) await expect(guess()).rejects.toEqual(refused('access.unauthenticated'))
  await expect(guess()).rejects.toMatchObject({ code: 'access.rate_limited', details: { limit_per_second: 10, retry_after_seconds: 1 } })
  expect(seen.lookups).toBe(50)
  await expect(call(bearer(newCredential()), '203.0.113.8')).rejects.toEqual(refused('access.unauthenticated'))
  await clock.advance(100)
  await expect(guess()).rejects.toEqual(refused('access.unauthenticated'))
  await expect(guess()).rejects.toEqual(refused('access.rate_limited'))
})

test('guesses that arrive at once are waited for afterwards', async () => {
  const { call, bearer, clock } = subject()
  await Promise.allSettled(Array.from({ length: 200 }, () => call(bearer(newCredential()))))
  await clock.advance(14_900)
  await expect(call(bearer(newCredential()))).rejects.toEqual(refused('access.rate_limited'))
  await clock.advance(200)
  await expect(call(bearer(newCredential()))).rejects.toEqual(refused('access.unauthenticated'))
})

test('guesses lock out neither the host, nor a token that was good before, nor the message to those who show nothing', async () => {
  const { call, bearer, signature, seen } = subject()
  await call(bearer())
  for (let guesses = 0; guesses < 60; guesses += 1) await call(bearer(newCredential())).catch(() => {})
  expect(await call(signature())).toMatchObject({ name: 'host' })
  expect(await call(bearer())).toMatchObject({ name: 'token:ci' })
  await expect(call({})).rejects.toEqual(refused('access.unauthenticated'))
  seen.live = false
  await expect(call(bearer())).rejects.toEqual(refused('access.unauthenticated'))
  await expect(call(bearer())).rejects.toEqual(refused('access.rate_limited'))
})

test('signatures are guessed no faster', async () => {
  const { call, signature } = subject()
  for (let guesses = 0; guesses < 50; guesses += 1) await expect(call(signature('another-secret'))).rejects.toEqual(refused('access.bad_signature'))
  await expect(call(signature())).rejects.toEqual(refused('access.rate_limited', /127\.0\.0\.1 by signature/))
})

test('credentials that are good no longer end what goes on for long', async () => {
  const { authenticator, seen, request, bearer, signature } = subject()
  const [byToken, bySignature] = [await authenticator.admit(request(bearer())), await authenticator.admit(request(signature()))]
  expect(await Promise.all([byToken, bySignature].map(authenticator.isStillGood))).toEqual([true, true])
  seen.live = false
  seen.secret = 'another-secret-of-this-host-for-tests'
  expect(await Promise.all([byToken, bySignature].map(authenticator.isStillGood))).toEqual([false, false])
  seen.enabled = false
  const byNothing = await authenticator.admit(request({}))
  expect(await authenticator.isStillGood(byNothing)).toBe(true)
  seen.enabled = true
  expect(await authenticator.isStillGood(byNothing)).toBe(false)
})

test('a token that comes over plain HTTP from another machine is warned of once', async () => {
  const { call, bearer, seen } = subject()
  await call(bearer(), '127.0.0.1')
  await call({ ...bearer(), 'x-forwarded-proto': 'https' }, '10.0.0.9')
  expect(seen.warnings).toEqual([])
  await call(bearer(), '10.0.0.9')
  await call(bearer(), '10.0.0.9')
  expect(seen.warnings).toEqual([expect.stringMatching(/plain HTTP/)])
})

test('no Authorization header whatever is let in or breaks anything', async () => {
  const { call, seen } = subject()
  const credential = fc.oneof(fc.string(), fc.base64String(), fc.constant(0).map(newCredential), fc.string({ unit: 'binary' }), fc.webUrl())
  const header = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.tuple(fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', 'Bearer tfk_', 'HMAC-SHA256', 'Bearer  '), fc.constantFrom(' ', '', '\t', '  '), credential).map((parts) => parts.join('')))
  let from = 0
  await fc.assert(fc.asyncProperty(header, async (authorization) => {
    // Each from another machine, so that none is refused unread.
    from += 1
    await expect(call({ authorization }, `10.${from >> 16}.${(from >> 8) & 255}.${from & 255}`)).rejects.toEqual(refused('access.unauthenticated'))
  }), { numRuns: 10_000 })
  expect(seen.lookups).toBeGreaterThan(100)
}, 60_000)
