import { X509Certificate, createPrivateKey } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/testbed/temporary-folder.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'

const from = Date.parse('2026-01-02T03:04:05Z')
const until = Date.parse('2036-01-02T03:04:05Z')
const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`

describe('a certificate that signs itself', () => {
  const { cert, key } = selfSignedCertificate({ names: ['one.example.com', 'localhost', '10.1.2.3', '::1', 'fe80::a:0:b', '::ffff:1.2.3.4'], from, until })
  const read = new X509Certificate(cert)

  test('is read by Node as what was asked for', () => {
    expect(read).toMatchObject({ subject: 'CN=one.example.com', issuer: 'CN=one.example.com', ca: false, keyUsage: ['1.3.6.1.5.5.7.3.1'] })
    expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([from, until])
    expect(read.serialNumber).toMatch(/^[0-9A-F]{32}$/)
  })

  test('was signed by its own key, and serves TLS with it', () => {
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(() => createSecureContext({ cert, key })).not.toThrow()
  })

  test.each(['one.example.com', 'localhost'])('is good for the name %s', (name) => expect(read.checkHost(name)).toBe(name))
  test.each(['10.1.2.3', '::1', 'fe80::a:0:b', '::ffff:102:304'])('is good for the address %s', (address) => expect(read.checkIP(address)).toBeDefined())
  test('is good for no other', () => expect([read.checkHost('two.example.com'), read.checkIP('10.1.2.4')]).toEqual([undefined, undefined]))

  test.runIf(spawnSync('openssl', ['version']).status === 0)('is taken by openssl, also with long names and times beyond 2049', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'cert.pem')
    writeFileSync(file, selfSignedCertificate({ names: [long, ...Array.from({ length: 200 }, (_, at) => `host-${at}.example.com`)], from, until: Date.parse('2062-05-06T07:08:09Z') }).cert)
    expect(spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', file, file], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: `${file}: OK\n` })
    const text = spawnSync('openssl', ['x509', '-in', file, '-noout', '-text'], { encoding: 'utf8' }).stdout
    for (const part of ['Version: 3 (0x2)', 'ecdsa-with-SHA256', 'Not After : May  6 07:08:09 2062 GMT', 'CA:FALSE', 'Digital Signature', 'TLS Web Server Authentication', `DNS:${long}`, 'DNS:host-199.example.com']) expect(text).toContain(part)
  })
})
