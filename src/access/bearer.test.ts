import { expect, test } from 'vitest'
import { readBearer, showsBearer } from './bearer.ts'
import { newCredential } from './tokens.ts'

const credential = newCredential()
const refused = (message: RegExp) => expect.objectContaining({ code: 'access.unauthenticated', message: expect.stringMatching(message) })

test.each([`Bearer ${credential}`, `bearer ${credential}`, `BEARER   ${credential}`])('the scheme may be written in any case: %s', (authorization) => {
  expect(readBearer({ authorization })).toBe(credential)
})

test.each([{}, { authorization: '' }, { authorization: 'Basic dTpw' }, { authorization: `Bearertfk ${credential}` }, { authorization: credential }])('%j shows no token', (headers) => {
  expect(readBearer(headers)).toBeUndefined()
  expect(showsBearer(headers)).toBe(false)
})

test.each([
  ['Bearer', /got something else/],
  ['Bearer ', /got something else/],
  ['Bearer eyJhbGciOiJIUzI1NiJ9.e30.secret', /got something else/],
  [`Bearer ${credential.slice(0, -3)}`, /got tfk_ and 40/],
  [`Bearer ${credential} ${credential}`, /got tfk_ and 91/],
  [`Bearer ${credential}\n`, /got tfk_ and 44/],
])('what cannot be a token of ours is refused, and not repeated: %j', (authorization, words) => {
  expect(() => readBearer({ authorization })).toThrow(refused(words))
  expect(() => readBearer({ authorization })).not.toThrow(/secret|eyJ/)
  expect(showsBearer({ authorization })).toBe(true)
})

test('a token and a signature together are refused, whichever would be good', () => {
  expect(() => readBearer({ 'authorization': `Bearer ${credential}`, 'x-hmac-signature': 'ab' })).toThrow(refused(/both a token and a signature/))
  expect(readBearer({ 'authorization': 'Basic dTpw', 'x-hmac-signature': 'ab' })).toBeUndefined()
})
