import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { disableSecurity, securityPath, setSecret, setupSecurity } from '../access/security-file.ts'
import { explainConfig } from '../config.ts'
import { auditTokens } from './audit-database.ts'
import { auditEnvFiles } from './audit-env-files.ts'
import { auditExposure } from './audit-exposure.ts'
import { auditSecrets, bitsOf } from './audit-secrets.ts'
import type { Finding } from './finding.ts'
import { allPrivateFiles, checkPrivateFiles, faultOf } from './private-files.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'taskflows-audit-'))
  return () => rmSync(place, { recursive: true })
})

async function found(findings: Iterable<Finding> | AsyncIterable<Finding>): Promise<string[]> {
  const lines: string[] = []
  for await (const { check, status, found: what } of findings) lines.push(`${status} ${check}: ${what}`)
  return lines
}
const day = 86_400_000

describe('secrets', () => {
  const audited = (env: Readonly<Record<string, string>> = {}) => found(auditSecrets(explainConfig({}, { TASKFLOWS_HOME: place, ...env }), place, Date.now()))

  test('a home without a secret has nothing to say of it', async () => {
    expect(await audited()).toEqual([expect.stringMatching(/^skipped signatures/), 'ok secrets in the environment: none'])
  })

  test('a new secret is strong and young', async () => {
    setupSecurity(place)
    expect(await audited()).toEqual(['ok signatures: requests must be signed', expect.stringMatching(/^ok secret strength: about 1\d\d bits|^ok secret strength: about 2\d\d bits/), 'ok secret age: 0 days', 'ok secrets in the environment: none'])
  })

  test('a secret of few characters is weak, one that is 91 days old is due, and without signatures all fails', async () => {
    setSecret(place, 'abababababababababababababababababab')
    utimesSync(securityPath(place), new Date(), new Date(Date.now() - 91 * day))
    expect(await audited()).toEqual(expect.arrayContaining([expect.stringMatching(/^warn secret strength: about 36 bits/), expect.stringMatching(/^warn secret age: 91 days/)]))
    disableSecurity(place)
    expect(await audited()).toContainEqual(expect.stringMatching(/^fail signatures: disabled/))
  })

  test('secrets in variables are named, not shown, and short passwords fail', async () => {
    const said = await audited({ TASKFLOWS_TOKEN: 'tfk_hunter2', TF_ADMIN_PASSWORD: 'hunter2', TASKFLOWS_DATABASE_URL: 'postgres://app@db/app' })
    expect(said).toContain('warn secrets in the environment: TASKFLOWS_TOKEN, TF_ADMIN_PASSWORD: as they are')
    expect(said).toContain('fail passwords: TF_ADMIN_PASSWORD has 7 characters, expected 12 or more')
    expect(said.join()).not.toContain('hunter2')
  })

  test('bits go by how often each character comes', () => {
    expect(bitsOf('a'.repeat(40))).toBe(0)
    expect(bitsOf('abcdefgh')).toBe(24)
  })
})

describe('files', () => {
  const file = (mode: number, uid = 7) => ({ mode, uid, isDirectory: () => false })

  test.each<[number, 'all' | 'write', string | undefined]>([
    [0o600, 'all', undefined], [0o400, 'all', undefined], [0o644, 'write', undefined],
    [0o640, 'all', 'can be read by others: its mode is 0640'], [0o604, 'all', 'can be read by others: its mode is 0604'],
    [0o620, 'all', 'can be changed by others: its mode is 0620'], [0o666, 'write', 'can be changed by others: its mode is 0666'],
  ])('mode %o where others may do nothing of %s', (mode, forbidden, fault) => {
    expect(faultOf(file(mode), forbidden, [7]).fault).toBe(fault)
  })

  test('one that belongs to another account fails', () => {
    expect(faultOf(file(0o600, 8), 'all', [7, 0]).fault).toBe('belongs to the account 8')
  })

  test('each open file is a finding with its mend, and the password of PostgreSQL is among them', () => {
    mkdirSync(join(place, 'postgres/18'), { recursive: true })
    writeFileSync(join(place, 'postgres/18/password'), '', { mode: 0o600 })
    writeFileSync(securityPath(place), '', { mode: 0o600 })
    chmodSync(join(place, 'postgres/18/password'), 0o644)
    const findings = [...checkPrivateFiles(allPrivateFiles({ home: place, configHoldsSecrets: false }), [process.geteuid!()])]
    expect(findings).toEqual([{ check: 'files', status: 'fail', found: `${join(place, 'postgres/18/password')} can be read by others: its mode is 0644`, mend: `chmod 600 ${join(place, 'postgres/18/password')}` }])
  })
})

describe('.env files', () => {
  const git = (...args: string[]) => execFileSync('git', ['-c', 'init.defaultBranch=main', ...args], { cwd: place, stdio: 'ignore' })
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(place, name)), { recursive: true })
    writeFileSync(join(place, name), text, { mode: 0o600 })
  }
  const audited = () => found(auditEnvFiles(place))

  test('outside of a repository git is not asked, and it is said', async () => {
    expect(await audited()).toEqual([expect.stringMatching(/^skipped \.env files: not examined: .* is in no git repository$/)])
  })

  test('one with a secret that git would commit fails, at any depth, and one that it ignores does not', async () => {
    git('init')
    write('.env', 'API_KEY=secret123\n')
    write('app/.env.production', 'DATABASE_URL=postgres://app:hunter2@db/app\n')
    write('.env.example', 'API_KEY=secret123\n')
    write('docs/.env', 'LEVEL=info\nTOKEN=$TOKEN\n')
    expect(await audited()).toEqual([`fail .env files: git commits, or would commit, ${join(place, '.env')}, ${join(place, 'app/.env.production')}`])
    write('.gitignore', '.env\n.env.*\n')
    expect(await audited()).toEqual([`ok .env files: git would commit none with secrets in or below ${place}`])
  })

  test('one that is tracked fails although it is ignored by now', async () => {
    git('init')
    write('.env', 'API_KEY=secret123\n')
    git('add', '.env')
    write('.gitignore', '.env\n')
    expect(await audited()).toEqual([expect.stringMatching(/^fail/)])
  })

  test('looking runs no program that the repository names', async () => {
    git('init')
    git('config', 'core.fsmonitor', `touch ${join(place, 'ran')} #`)
    write('.env', 'A=1\n')
    await audited()
    expect(execFileSync('ls', ['-A', place], { encoding: 'utf8' })).not.toContain('ran')
  })

  test('one that others can read is told of', async () => {
    write('.env', 'API_KEY=secret123\n')
    chmodSync(join(place, '.env'), 0o644)
    expect(await audited()).toContain(`warn .env files: ${join(place, '.env')} holds secrets and can be read by others`)
  })
})

test('an address beyond loopback, and a server without TLS, are doubtful', async () => {
  const { settings: { home: _home, ...rest } } = explainConfig({}, { TASKFLOWS_HOME: place })
  const config = { ...Object.fromEntries(Object.entries(rest).map(([name, { value }]) => [name, value])), home: place, host: '0.0.0.0', server: 'ci.example.com:7777', token: 'x' } as never
  expect(await found(auditExposure(config))).toEqual(expect.arrayContaining([expect.stringMatching(/^warn address: 0\.0\.0\.0/), expect.stringMatching(/^warn remote server: ci\.example\.com:7777 is asked over HTTP, and the token/)]))
})

test('tokens without an end, a use, a tenant or with all rights are named', async () => {
  const now = 200 * day
  const good = { name: 'good', role: 'operator', tenant: 'acme', createdAt: now - day, expiresAt: now + day, lastUsedAt: null } as const
  expect(await found(auditTokens([good], now))).toEqual(['ok tokens: 1 live, each bound, expiring, in use and not admin'])
  const tokens = [good, { ...good, name: 'eternal', expiresAt: null }, { ...good, name: 'idle', createdAt: 0, lastUsedAt: now - 91 * day }, { ...good, name: 'mighty', role: 'admin' as const }, { ...good, name: 'free', tenant: null }]
  expect(await found(auditTokens(tokens, now))).toEqual([
    'warn tokens: eternal never expire', 'warn tokens: idle were not used for 90 days', 'warn tokens: mighty are admin', 'warn tokens: free are bound to no tenant',
  ])
})
