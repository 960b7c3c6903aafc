import { expect, test } from 'vitest'
import { createLogKeys } from './log-keys.ts'

const keyOf = createLogKeys(['ssn', 'Birth-Date'])

test.each([
  'password', 'PASSWORD', 'dbPassword', 'db_passwd', 'secret', 'client_secret', 'clientSecrets', 'token', 'accessToken', 'refresh-token', 'Authorization',
  'Proxy-Authorization', 'cookie', 'Set-Cookie', 'api_key', 'apiKey', 'X-Api-Key', 'APIKEY', 'privateKey', 'private_key_pem', 'credential', 'credentials', 'aws_secret_access_key',
  'ssn', 'SSN', 'birth_date', 'birthDate',
])('%s is a secret', (name) => {
  expect(keyOf(name).hides('x')).toBe(true)
})

test.each(['user', 'key', 'author', 'monkey', 'passenger', 'assn', 'keyboard', '__proto__', 'constructor', ''])('%j is none', (name) => {
  expect(keyOf(name).hides('x')).toBe(false)
})

test('a number of tokens is none, a number that is the token is one', () => {
  expect(keyOf('token_count').hides(3)).toBe(false)
  expect(keyOf('token_count').hides('tfk_1')).toBe(true)
  expect(keyOf('max_tokens').hides(512)).toBe(false)
  expect(keyOf('token').hides(123456)).toBe(true)
})

test('what is not there is not hidden', () => {
  expect(keyOf('password').hides(undefined)).toBe(false)
})

test('names from data do not fill the memory, and long ones are cut', () => {
  for (let n = 0; n < 5_000; n += 1) keyOf(`name ${n}`)
  expect(keyOf('x'.repeat(100_000)).json.length).toBeLessThan(300)
})
