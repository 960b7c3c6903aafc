import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainConfig, fileKey, readConfig, serverVariables, settings, settingsToCome } from './config.ts'

let home: string
let file: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'taskflows-config-'))
  file = join(home, 'config.yaml')
  writeFileSync(file, '# ours\nport: 8001\nslack_app_allowed_users: [U1, U2]\n')
})
afterAll(() => rmSync(home, { recursive: true }))

const explained = (env: Readonly<Record<string, string>> = {}, flags = {}) => explainConfig(flags, { TASKFLOWS_HOME: home, ...env })

describe('a setting', () => {
  test.each<[string, Record<string, string>, Record<string, string>, number, string]>([
    ['a flag, before all else', { port: '8004' }, { TASKFLOWS_PORT: '8003', TASKFLY_LISTEN_PORT: '8002' }, 8004, 'flag'],
    ['its variable', {}, { TASKFLOWS_PORT: '8003', TASKFLY_LISTEN_PORT: '8002' }, 8003, 'TASKFLOWS_PORT'],
    ['an older name of its variable', {}, { TASKFLY_LISTEN_PORT: '8002' }, 8002, 'TASKFLY_LISTEN_PORT'],
    ['an older name, when the variable is empty', {}, { TASKFLOWS_PORT: '', TASKFLY_LISTEN_PORT: '8002' }, 8002, 'TASKFLY_LISTEN_PORT'],
    ['the file', {}, {}, 8001, 'FILE:2'],
  ])('comes from %s', (_what, flags, env, value, source) => {
    expect(explained(env, flags).settings.port).toMatchObject({ value, source: source.replace('FILE', file) })
  })

  test('comes from its default in the end', () => {
    expect(explained().settings.host).toMatchObject({ value: '127.0.0.1', source: 'default', remarks: [] })
  })

  test('that two variables contradict says which is ignored, and of an older name which is newer', () => {
    expect(explained({ TASKFLOWS_DATABASE_URL: 'postgres://a/b', TASKFLOW_DATABASE_URL: 'postgres://c/d' }).settings.databaseUrl)
      .toMatchObject({ value: 'postgres://a/b', remarks: ['TASKFLOW_DATABASE_URL says something else and is ignored'] })
    expect(explained({ TASKFLY_LISTEN_PORT: '1' }).settings.port.remarks).toEqual(['TASKFLY_LISTEN_PORT is an older name of TASKFLOWS_PORT'])
    expect(explained({ TASKFLOWS_PORT: '1', TASKFLY_LISTEN_PORT: '1' }).settings.port.remarks).toEqual([])
  })

  test('that is secret is not shown, and one that is a reference is shown as that', () => {
    writeFileSync(join(home, 'name'), 'elsewhere\n')
    const { settings: shown } = explained({ TASKFLOWS_TOKEN: 'tfk_1' })
    expect(shown.token).toMatchObject({ shown: '(set, not shown)', secretInPlain: true })
    expect(shown.databaseUrl).toMatchObject({ shown: null, secretInPlain: false })
  })
})

test('a wrong value is refused, naming its source, also where something stronger is set', () => {
  expect(() => readConfig({}, { TASKFLOWS_HOME: home, TASKFLY_LISTEN_PORT: 'x' })).toThrow('TASKFLY_LISTEN_PORT: expected a port from 0 (any free one) to 65535, got "x"')
  expect(() => readConfig({}, { TASKFLOWS_HOME: home, TASKFLOWS_DISPLAY_TIMEZONE: 'Mars/Olympus' })).toThrow('TASKFLOWS_DISPLAY_TIMEZONE: expected a time zone')
  expect(() => readConfig({}, { TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: 'mysql://hunter2' })).toThrow(/^TASKFLOWS_DATABASE_URL: expected .*, got the value$/)
})

test('a value that other programs share and that is wrong for us is ignored, and that is said', () => {
  const { toCome, problems } = explained({ DEBUG: 'express:*', LOKI_PORT: '3200' })
  expect(problems).toEqual([])
  expect(toCome['debug']).toMatchObject({ value: false, source: 'default', remarks: [expect.stringMatching(/^ignored: DEBUG: expected yes or no/)] })
  expect(toCome['lokiPort']).toMatchObject({ value: 3200, source: 'LOKI_PORT' })
})

test('what stands behind an ignored value is taken instead', () => {
  expect(explained({ APP_NAME: 'a\nb', TASKFLOW_APP_NAME: 'shop' }).settings.appName).toMatchObject({ value: 'shop', source: 'TASKFLOW_APP_NAME' })
})

test('variables that look like ours are named, with what was probably meant', () => {
  expect(explained({ TASKFLOWS_DATABSE_URL: 'x', TASKFLOWS_XYZ: 'x', OTHER: 'x' }).unknown)
    .toEqual([{ name: 'TASKFLOWS_DATABSE_URL', meant: 'TASKFLOWS_DATABASE_URL' }, { name: 'TASKFLOWS_XYZ' }])
})

test.each<[string, string, unknown]>([
  ['TASKFLOWS_ENABLE_UI', 'On', true], ['TASKFLOWS_ENABLE_UI', '0', false], ['TASKFLOWS_JOURNALCTL_TIMEOUT_SECONDS', '1min 30s', 90],
  ['TASKFLOWS_DISPLAY_TIMEZONE', 'Europe/Berlin', 'Europe/Berlin'], ['TASKFLOWS_GRAFANA', 'grafana:3000', 'grafana:3000'], ['TASKFLOWS_FLUENT_BIT', 'fluent:24224', 'fluent:24224'],
  ['SERVICES_SLACK_DANGEROUS_COMMANDS', 'stop, remove,', ['stop', 'remove']], ['TASKFLOWS_SLACK_ALLOWED_CHANNELS', 'C1', ['C1']],
])('%s=%s is read', (variable, text, value) => {
  const { settings, toCome } = explained({ [variable]: text })
  const found = Object.values({ ...settings, ...toCome }).find(({ source }) => source === variable)
  expect(found?.value).toEqual(value)
})

test('a list may be a list of the file', () => {
  expect(explained().toCome['slackAppAllowedUsers']).toMatchObject({ value: ['U1', 'U2'], source: `${file}:3` })
})

describe('the table', () => {
  const rows = Object.entries({ ...settings, ...settingsToCome })

  test('has each name once', () => {
    const variables = rows.flatMap(([, { env, ...rest }]) => [env, ...('older' in rest ? rest.older as string[] : [])])
    expect(variables.filter((name, at) => variables.indexOf(name) !== at)).toEqual([])
    expect(Object.keys(settings).filter((name) => name in settingsToCome)).toEqual([])
  })

  test('has the names that the file uses', () => {
    expect(fileKey('loginRateLimitWindowSeconds')).toBe('login_rate_limit_window_seconds')
  })
})

test('a server that is started elsewhere gets the variables that it goes by, with paths that hold there', () => {
  expect(serverVariables({
    TASKFLOWS_PORT: '8003', TASKFLY_LISTEN_IP: '::1', TASKFLOWS_FILE_DIR: 'logs', TASKFLOWS_ENABLE_UI: '1', SLACK_BOT_TOKEN: 'x', TASKFLOWS_DATABASE_URL: '',
    // Of this process, of whoever calls a server, of others.
    TASKFLOWS_HOME: '/h', TASKFLOWS_SERVER: 'a:1', TASKFLOWS_TOKEN: 't', TASKFLOWS_METRICS_PORT: '1', JOURNAL_STREAM: '8:1', HOSTNAME: 'h', DEBUG: '1', PATH: '/bin', TASKFLOWS_PROT: '1',
  })).toEqual({ TASKFLOWS_PORT: '8003', TASKFLY_LISTEN_IP: '::1', TASKFLOWS_FILE_DIR: `${process.cwd()}/logs`, TASKFLOWS_ENABLE_UI: '1', SLACK_BOT_TOKEN: 'x' })
})
