import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { disableSecurity, ensureSecurity, followSecurity, readSecurity, securityPath, securityStatus, setSecret, setupSecurity } from './security-file.ts'

let home: string
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'taskflows-')) })
afterEach(() => rmSync(home, { recursive: true }))

const invalid = (message: RegExp) => expect.objectContaining({ code: 'security.invalid', message: expect.stringMatching(message) })

test('the first start makes a secret that only this account can read; the second keeps it', () => {
  const first = ensureSecurity(home)
  expect(first.hmac.enabled).toBe(true)
  expect(Buffer.from(first.hmac.secret, 'base64url')).toHaveLength(32)
  expect(statSync(securityPath(home)).mode & 0o777).toBe(0o600)
  expect(ensureSecurity(home)).toEqual(first)
  expect(readdirSync(home)).toEqual(['security.json'])
})

test('a home that does not exist yet is made', () => {
  ensureSecurity(join(home, 'new', 'home'))
  expect(statSync(join(home, 'new', 'home')).mode & 0o777).toBe(0o700)
})

test('setup keeps the secret, regenerate replaces it', () => {
  expect(securityStatus(home)).toBeUndefined()
  const { hmac: { secret } } = setupSecurity(home)
  expect(setupSecurity(home).hmac.secret).toBe(secret)
  expect(setupSecurity(home, { regenerate: true }).hmac.secret).not.toBe(secret)
})

test('disable keeps the secret for the next setup', () => {
  const { hmac: { secret } } = ensureSecurity(home)
  expect(disableSecurity(home)).toEqual({ hmac: { enabled: false, secret } })
  expect(setupSecurity(home)).toEqual({ hmac: { enabled: true, secret } })
})

test('a secret of one\'s own needs 32 characters and no control characters', () => {
  const secret = 'a passphrase of more than 32 characters'
  expect(setSecret(home, secret).hmac.secret).toBe(secret)
  expect(() => setSecret(home, 'x'.repeat(31))).toThrow(invalid(/at least 32 characters, not 31/))
  expect(() => setSecret(home, `${'x'.repeat(40)}\n`)).toThrow(invalid(/control characters/))
  expect(readSecurity(home).hmac.secret).toBe(secret)
})

test('a file that others can read is refused by name and mode', () => {
  ensureSecurity(home)
  chmodSync(securityPath(home), 0o644)
  expect(() => readSecurity(home)).toThrow(invalid(/security\.json can be read by others: its mode is 0644, expected 0600/))
})

test.each([
  ['{"hmac": {"secret": "do-not-show', /security\.json is not JSON$/],
  ['null', /hmac\.enabled must be true or false/],
  ['{"hmac": {"enabled": true}}', /hmac\.secret must be text/],
  ['{"hmac": {"enabled": true, "secret": "short"}}', /hmac\.secret must have at least 32/],
])('a broken file is refused by name, without its content: %s', (text, message) => {
  writeFileSync(securityPath(home), text, { mode: 0o600 })
  expect(() => readSecurity(home)).toThrow(invalid(message))
  expect(setupSecurity(home, { regenerate: true }).hmac.enabled).toBe(true)
})

test('who follows the settings sees each change at once, and nothing stale when the file is gone', () => {
  const first = ensureSecurity(home)
  const current = followSecurity(home)
  expect(current()).toEqual(first)
  expect(current()).toBe(current())
  const second = setupSecurity(home, { regenerate: true })
  expect(current()).toEqual(second)
  disableSecurity(home)
  expect(current().hmac.enabled).toBe(false)
  rmSync(securityPath(home))
  expect(current).toThrow(invalid(/is missing/))
})

test('the file of an earlier version is taken over once and removed', () => {
  const legacyPath = join(home, 'old.json')
  const secret = 'the-secret-of-the-earlier-version-here'
  writeFileSync(legacyPath, JSON.stringify({ enable_hmac: true, hmac_secret: secret }))
  expect(ensureSecurity(home, { legacyPath }).hmac.secret).toBe(secret)
  expect(existsSync(legacyPath)).toBe(false)
})

test('an earlier file without a usable secret is left alone', () => {
  const legacyPath = join(home, 'old.json')
  writeFileSync(legacyPath, 'nonsense')
  ensureSecurity(home, { legacyPath })
  expect(readFileSync(legacyPath, 'utf8')).toBe('nonsense')
})
