/** The configuration from outside: the real `tf`, with a config.yaml, variables and flags. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { setupSecurity } from '../../src/access/security-file.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { hasPgbouncer, startPgbouncer } from '../testbed/pgbouncer.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

let home: string
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database[Symbol.asyncDispose]())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-config-'))
  return () => rmSync(home, { recursive: true })
})

const write = (content: string, mode = 0o600) => {
  writeFileSync(join(home, 'config.yaml'), content)
  chmodSync(join(home, 'config.yaml'), mode)
}

async function tf(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [program, ...args], { cwd: home, env: { ...bareEnvironment, TASKFLOWS_HOME: home, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end()
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, out, err }
}

interface Shown {
  readonly setting: string
  readonly value: unknown
  readonly source: string
}

async function settingsOf(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<ReadonlyMap<string, Shown>> {
  const { out } = await tf(['doctor', '--env', '-o', 'json', ...args], env)
  return new Map((JSON.parse(out) as { items: Shown[] }).items.map((item) => [item.setting, item]))
}

const findingsOf = (out: string) => (JSON.parse(out) as { items: { check: string; status: string; found: string }[] }).items

describe('tf doctor --env', () => {
  test('shows each value and where it comes from, the strongest first', async () => {
    write('port: 8001\nserver: from-file:1\nlog_level: warn\n')
    const shown = await settingsOf(['-s', 'from-flag:1'], { TASKFLOWS_SERVER: 'from-env:1', TASKFLY_LISTEN_PORT: '8002' })
    expect(shown.get('server')).toMatchObject({ value: 'from-flag:1', source: 'flag' })
    expect(shown.get('port')).toMatchObject({ value: 8002, source: 'TASKFLY_LISTEN_PORT' })
    expect(shown.get('log_level')).toMatchObject({ value: 'warn', source: `${home}/config.yaml:3` })
    expect(shown.get('host')).toMatchObject({ value: '127.0.0.1', source: 'default' })
    expect(shown.get('enable_ui')).toMatchObject({ value: false, source: 'default', used: false })
  })

  test('shows no secret in any format', async () => {
    write('database_url: postgres://app:hunter2@db/app\ntoken: ${file:token}\n')
    writeFileSync(join(home, 'token'), 'hunter2\n')
    for (const format of ['table', 'wide', 'json', 'yaml', 'jsonl', 'name']) {
      const { code, out, err } = await tf(['doctor', '--env', '-o', format], { SLACK_BOT_TOKEN: 'hunter2', TF_ADMIN_PASSWORD: 'hunter2', SERVICES_SLACK_APP_TOKEN: 'hunter2' })
      expect(code).toBe(0)
      expect(out + err).not.toContain('hunter2')
    }
  })
})

describe('a configuration that is wrong', () => {
  test('stops every command that needs one, with place and hint, and starts and makes nothing', async () => {
    write('prot: 1\n')
    for (const args of [['serve'], ['worker', './jobs.ts'], ['jobs', 'list'], ['api', 'security', 'setup']]) {
      expect(await tf(args)).toEqual({ code: 2, out: '', err: `error: ${home}/config.yaml:1:1: "prot" is no setting\nhint: Did you mean port?\n` })
    }
    expect(readdirSync(home)).toEqual(['config.yaml'])
  })

  test('does not stop tf version, and tf doctor says what is wrong', async () => {
    write('prot: 1\nport: x\n')
    expect((await tf(['version'])).code).toBe(0)
    const { code, out } = await tf(['doctor', '-o', 'json'])
    expect(code).toBe(1)
    expect(findingsOf(out).filter(({ status }) => status === 'fail').map(({ found }) => found)).toEqual([expect.stringContaining('"prot" is no setting'), expect.stringContaining('port: expected a port')])
    expect(findingsOf(out)).toContainEqual(expect.objectContaining({ check: 'database', status: 'skipped' }))
    expect(readdirSync(home)).toEqual(['config.yaml'])
  })

  test('is one that holds a secret and that others can read', async () => {
    write('token: hunter2\n', 0o644)
    const { code, err } = await tf(['jobs', 'list'])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/holds token and can be read by others: its mode is 0644, expected 0600\nhint: chmod 600 /) })
  })
})

describe('tf doctor', () => {
  test('names doubtful variables', async () => {
    const { out } = await tf(['doctor', '-o', 'json'], { TASKFLOWS_DATABASE_URL: database.url, TASKFLOW_DATABASE_URL: 'postgres://other/db', TASKFLOWS_PROT: '1' })
    expect(findingsOf(out).filter(({ check }) => check === 'configuration').map(({ status, found }) => `${status} ${found}`)).toEqual([
      'warn TASKFLOWS_DATABASE_URL: TASKFLOW_DATABASE_URL says something else and is ignored', 'warn the variable TASKFLOWS_PROT is no setting',
    ])
    expect(findingsOf(out)).toContainEqual({ check: 'pooler', status: 'ok', found: 'none: connections are direct' })
  })

  test.skipIf(!hasPgbouncer())('names a transaction pooler', async () => {
    await using pooler = await startPgbouncer(database.url, 'transaction')
    const { out } = await tf(['doctor', '-o', 'json'], { TASKFLOWS_DATABASE_URL: pooler.url })
    expect(findingsOf(out)).toContainEqual(expect.objectContaining({ check: 'pooler', status: 'warn', found: expect.stringContaining('transaction pooler') }))
  })
})

describe('tf doctor --security', () => {
  test('fails when a file that should be private is open, and says how to close it', async () => {
    setupSecurity(home)
    writeFileSync(join(home, 'servers.json'), '[]', { mode: 0o600 })
    expect((await tf(['doctor', '--security'], { TASKFLOWS_DATABASE_URL: database.url })).code).toBe(0)
    chmodSync(join(home, 'servers.json'), 0o644)
    const { code, out } = await tf(['doctor', '--security'], { TASKFLOWS_DATABASE_URL: database.url })
    expect(code).toBe(1)
    expect(out).toContain(`fail  files: ${home}/servers.json can be read by others: its mode is 0644\n      chmod 600 ${home}/servers.json\n`)
  })

  test('judges the role of the database and says what it did not look at', async () => {
    const { out } = await tf(['doctor', '--security', '-o', 'json'], { TASKFLOWS_DATABASE_URL: database.url })
    expect(findingsOf(out)).toEqual(expect.arrayContaining([
      expect.objectContaining({ check: 'database role', status: 'warn', found: 'postgres is a superuser' }),
      expect.objectContaining({ check: 'database connection', status: 'ok', found: 'does not leave this machine' }),
      expect.objectContaining({ check: 'secrets in the environment', status: 'warn', found: 'TASKFLOWS_DATABASE_URL: as they are' }),
      expect.objectContaining({ check: 'containers', status: 'skipped' }),
    ]))
  })

  test('starts nothing in a home that has no database yet', async () => {
    mkdirSync(join(home, 'empty'), { mode: 0o700 })
    const { code, out } = await tf(['doctor', '--security'], { TASKFLOWS_HOME: join(home, 'empty') })
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('skip  database: not examined: there is none yet') })
    expect(readdirSync(join(home, 'empty'))).toEqual([])
  })
})

test('help loads no YAML parser, and nothing does where there is no file', async () => {
  mkdirSync(join(home, 'hooks'))
  const hook = join(home, 'hooks/tell.mjs')
  writeFileSync(hook, `import { registerHooks } from 'node:module'\nregisterHooks({ resolve(specifier, context, next) { if (specifier === 'yaml') console.error('YAML was loaded'); return next(specifier, context) } })\n`)
  const env = { NODE_OPTIONS: `--import ${hook}` }
  expect((await tf(['--help'], env)).err).toBe('')
  expect((await tf(['doctor', '--env'], env)).err).toBe('')
  write('port: 1\n')
  expect((await tf(['--help'], env)).err).toBe('')
  expect((await tf(['doctor', '--env'], env)).err).toContain('YAML was loaded')
})
