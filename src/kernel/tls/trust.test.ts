import { expect, test } from 'vitest'
import { readFingerprint } from './fingerprint.ts'
import { refusalOf } from './trust.ts'

const hex = '0123456789abcdef'.repeat(4)
const [own, other] = [readFingerprint(hex)!, readFingerprint(hex.replaceAll('0', 'f'))!]

test.each([
  hex, hex.toUpperCase(), own, own.toLowerCase(), own.slice(7), ` ${own}\n`, `sha256 Fingerprint=${own.slice(7)}`, `SHA-256:${hex}`,
])('%s is read as the fingerprint that it is', (text) => expect(readFingerprint(text)).toBe(`SHA256:01:23:45:67:89:AB:CD:EF${':01:23:45:67:89:AB:CD:EF'.repeat(3)}`))

test.each(['', 'SHA256:', hex.slice(1), `${hex}0`, `SHA1:${hex.slice(0, 40)}`, hex.replace('0', 'g'), `SHA256:${Buffer.from(hex, 'hex').toString('base64')}`])('%j is none', (text) => expect(readFingerprint(text)).toBeUndefined())

test('a pinned certificate is believed whatever else is wrong with it', () => {
  expect(refusalOf('https://a', { fingerprint: own }, { fingerprint: own, problem: 'CERT_HAS_EXPIRED' })).toBeUndefined()
})

test('another one is not, though an authority signed it, and both are named', () => {
  expect(refusalOf('https://a', { fingerprint: own }, { fingerprint: other, problem: undefined })).toMatchObject({ code: 'server.untrusted', exitCode: 5, details: { expected: own, presented: other }, message: expect.stringMatching(`https://a .*${own}.*${other}`) })
})

test('without a pin it is what Node says', () => {
  expect(refusalOf('https://a', {}, { fingerprint: own, problem: undefined })).toBeUndefined()
  expect(refusalOf('https://a', {}, { fingerprint: own, problem: 'DEPTH_ZERO_SELF_SIGNED_CERT' })).toMatchObject({ code: 'server.untrusted', message: expect.stringContaining('it is self-signed'), hint: expect.stringContaining('--fingerprint') })
  expect(refusalOf('https://a', {}, { fingerprint: own, problem: 'SOMETHING_NEW' })).toMatchObject({ message: expect.stringContaining('SOMETHING_NEW') })
})
