import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { selfSignedCertificate } from '../access/self-signed-certificate.ts'
import { checkCertificate } from './certificate.ts'

const directory = mkdtempSync(join(tmpdir(), 'tf-certificate-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const at = (name: string, content: string): string => {
  writeFileSync(join(directory, name), content)
  return join(directory, name)
}

const [from, until] = [Date.parse('2026-03-01'), Date.parse('2026-06-01')]
const made = selfSignedCertificate({ names: ['a'], from, until })
const files = { tlsCert: at('cert.pem', made.cert), tlsKey: at('key.pem', made.key) }
const look = (given: { tlsCert: string | null; tlsKey: string | null }, now: string) => [...checkCertificate(given, Date.parse(now))]

test('none is nothing to look at', () => expect(look({ tlsCert: null, tlsKey: null }, '2026-04-01')).toEqual([]))

test.each([
  ['2026-04-01', 'ok', 'until 2026-06-01, SHA256:'],
  ['2026-05-10', 'warn', '22 days are left'],
  ['2026-06-01', 'fail', 'has expired'],
  ['2026-02-01', 'fail', 'not valid before 2026-03-01'],
])('at %s it is %s', (now, status, found) => expect(look(files, now)).toMatchObject([{ check: 'certificate', status, found: expect.stringContaining(found) }]))

test('a pair that is none is found', () => {
  const other = at('other.pem', selfSignedCertificate({ names: ['b'], from, until }).key)
  expect(look({ ...files, tlsKey: other }, '2026-04-01')).toMatchObject([{ status: 'fail', found: expect.stringContaining('is not the private key of') }])
  expect(look({ ...files, tlsKey: null }, '2026-04-01')).toMatchObject([{ status: 'fail', found: expect.stringContaining('only TASKFLOWS_TLS_CERT') }])
  expect(look({ ...files, tlsCert: at('empty.pem', '') }, '2026-04-01')).toMatchObject([{ status: 'fail' }])
  expect(look({ ...files, tlsCert: join(directory, 'nowhere') }, '2026-04-01')).toMatchObject([{ status: 'fail', found: expect.stringContaining('ENOENT') }])
})
