import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { TaskflowsError } from '../kernel/errors.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'taskflows-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const path = () => join(home, 'config.yaml')
const write = (text: string | Uint8Array, mode = 0o600) => {
  writeFileSync(path(), text)
  chmodSync(path(), mode)
}
const configOf = (text: string | Uint8Array, mode?: number) => {
  write(text, mode)
  return readConfig({}, { TASKFLOWS_HOME: home })
}

function refusal(read: () => unknown): TaskflowsError {
  try {
    read()
  } catch (error) {
    if (error instanceof TaskflowsError && error.code === 'config.invalid') return error
    throw error
  }
  throw new Error('nothing was refused')
}

test.each([
  ['nothing', ''],
  ['comments', '# nothing yet\n'],
  ['a document without content', '---\n'],
  ['a byte order mark', '\uFEFFport: 7777\n'],
])('a file of %s changes nothing', (_what, text) => {
  expect(configOf(text)).toEqual(readConfig({}, { TASKFLOWS_HOME: home }))
})

test('values are read as they are written', () => {
  expect(configOf('port: 8080\nhost: "::1"\nlog_level: WARNING\ntoken: 0123456789012345678901\ndatabase_schema: \'jobs\' # ours\n'))
    .toMatchObject({ port: 8080, host: '::1', logLevel: 'warn', token: '0123456789012345678901', databaseSchema: 'jobs' })
})

test('relative paths start from the file', () => {
  expect(configOf('postgres_bin: pg/bin\n').postgresBin).toBe(join(home, 'pg/bin'))
})

describe('refused, with line and column', () => {
  test.each<[string, string, RegExp]>([
    ['an unknown name', 'port: 1\ndatabase_ulr: x\n', /:2:1: "database_ulr" is no setting/],
    ['a name of the code', 'databaseUrl: postgres://h/d\n', /:1:1: "databaseUrl" is no setting/],
    ['a name of JavaScript', '__proto__: 1\n', /:1:1: "__proto__" is no setting/],
    ['a merge key', '<<: 1\n', /:1:1: "<<" is no setting/],
    ['a wrong value', '\nport: eighty\n', /:2: port: expected a port from 0 \(any free one\) to 65535, got "eighty"/],
    ['a map', 'port:\n  number: 1\n', /:1:1: port: expected a port.*, got a map/],
    ['a list', 'port: [1]\n', /:1:1: port: expected a port.*, got a list/],
    ['yes where a text belongs', 'host: true\n', /:1:1: host: expected a host.*, got true/],
    ['no value', 'port:\n', /:1:1: port: expected a port.*, got nothing/],
    ['an alias', 'host: &a x\nlog_level: *a\n', /:2:1: log_level: expected one of.*, got an alias/],
    ['a value with a tag', 'host: !!binary aGFsbG8=\n', /:1:1: host: expected a host.*, got a value with a tag/],
    ['a name that comes twice', 'port: 1\nhost: h\nport: 1\n', /:3:1: port is set twice, first on line 1/],
    ['the home', 'home: /tmp\n', /:1:1: home cannot be set here/],
    ['a second document', 'port: 1\n---\nport: 2\n', /:2:1: expected one document/],
    ['a tab', 'port: 1\n\thost: x\n', /:\d:\d+: is not YAML/],
    ['a tag of another program', 'host: !!js/function x\n', /:1:7: is not YAML/],
    ['a list as the whole', '- port: 1\n', /:1:1: expected lines such as `port: 8080`/],
    ['a word as the whole', 'port\n', /:1:1: expected lines such as/],
    ['a name that is a list', '[port]: 1\n', /:1:1: expected the name of a setting/],
    ['an alias bomb', `a: &a [x, x]\n${[...'bcdefghijklmnop'].map((name, at) => `${name}: &${name} [*${'abcdefghijklmnop'[at]}, *${'abcdefghijklmnop'[at]}]`).join('\n')}\n`, /:1:1: "a" is no setting/],
    ['brackets without end', '['.repeat(60_000), /is not YAML/],
    ['a setting that nothing goes by yet, if it is wrong', 'display_timezone: Mars/Olympus\n', /:1: display_timezone: expected a time zone/],
    ['a reference of another kind', 'host: ${HOME}\n', /:1:1: host: expected \$\{env:NAME\}/],
  ])('%s', (_what, text, words) => {
    const { message } = refusal(() => configOf(text))
    expect(message).toMatch(words)
    expect(message.startsWith(path())).toBe(true)
  })

  test('with the name that was probably meant', () => {
    expect(refusal(() => configOf('prot: 1\n')).hint).toBe('Did you mean port?')
    expect(refusal(() => configOf('database-url: 1\n')).hint).toBe('Did you mean database_url?')
  })

  test.each<[string, () => void, RegExp]>([
    ['bytes that are no UTF-8', () => write(new Uint8Array([0x70, 0xff, 0xfe])), /is not UTF-8/],
    ['more than 64 KiB', () => write('# '.padEnd(64 * 1024 + 1, 'x')), /is larger than 64 KiB/],
    ['a directory', () => mkdirSync(path()), /is a directory/],
    ['a pipe that nobody writes to', () => execFileSync('mkfifo', [path()]), /is not a regular file/],
  ])('%s', (_what, make, words) => {
    make()
    expect(refusal(() => readConfig({}, { TASKFLOWS_HOME: home })).message).toMatch(words)
  })
})

describe('secrets', () => {
  const secret = 'database_url: postgres://app:hunter2@db/app\n'

  test.each([0o640, 0o604, 0o660])('a file that holds one and has mode %o is refused, and not quoted', (mode) => {
    const error = refusal(() => configOf(secret, mode))
    expect(error.message).toMatch(new RegExp(`holds database_url .* its mode is 0${mode.toString(8)}, expected 0600`))
    expect(error.hint).toBe(`chmod 600 ${path()}`)
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('hunter2')
  })

  test('a secret beside a reference is one', () => {
    expect(refusal(() => configOf('database_url: postgres://app:hunter2@${env:HOST}/app\n', 0o644)).message).toMatch(/holds database_url/)
  })

  test.each(['port: 1\n', 'database_url: postgres://app@db/app\n', 'database_url: ${file:url}\n', 'database_url: postgres://app:${file:url}@db/app\n'])('a file without one may be read by others: %s', (text) => {
    writeFileSync(join(home, 'url'), text.includes('@') ? 'hunter2' : 'postgres://app:hunter2@db/app\n')
    expect(() => configOf(text, 0o644)).not.toThrow()
  })

  test('a wrong one is not quoted, nor is the line of broken YAML', () => {
    expect(refusal(() => configOf('database_url: mysql://hunter2\n')).message).toMatch(/expected a URL such as postgres.*, got the value$/)
    expect(refusal(() => configOf('token: "hunter2\n')).message).not.toContain('hunter2')
  })
})

describe('references', () => {
  const read = (text: string, env: Readonly<Record<string, string>> = {}) => {
    write(text, 0o644)
    return readConfig({}, { TASKFLOWS_HOME: home, ...env })
  }

  test('to variables and files stand alone or within a value', () => {
    writeFileSync(join(home, 'password'), 'hunter2\n')
    expect(read('database_url: postgres://${env:WHO}:${file:password}@db/app\ntoken: ${env:TOKEN}\n', { WHO: 'app', TOKEN: '${env:WHO}' }))
      .toMatchObject({ databaseUrl: 'postgres://app:hunter2@db/app', token: '${env:WHO}' })
  })

  test.each<[string, RegExp]>([
    ['token: ${env:NOT_SET}\n', /:1: token: \$\{env:NOT_SET\}: the variable NOT_SET is not set/],
    ['token: ${file:nowhere}\n', /:1: token: \$\{file:nowhere\}: there is no file .*nowhere/],
    ['token: ${file:.}\n', /is a directory/],
    ['token: ${file:/dev/zero}\n', /is not a regular file/],
  ])('that lead nowhere are refused: %s', (text, words) => {
    expect(refusal(() => read(text)).message).toMatch(words)
  })

  test('are not looked up where something stronger is set', () => {
    expect(read('token: ${env:NOT_SET}\n', { TASKFLOWS_TOKEN: 'tfk_1' }).token).toBe('tfk_1')
  })

  test('what they stand for is not quoted', () => {
    expect(refusal(() => read('port: ${env:PORT}\n', { PORT: 'hunter2' })).message).toMatch(/expected a port.*, got the value$/)
  })
})

test('whatever the text is, it is a configuration or refused', () => {
  const word = fc.constantFrom('port', 'host', 'log_level', 'database_url', 'home', ':', ': ', '\n', '\n  ', '- ', '---\n', '...', '&a ', '*a', '!!str ', '{', '}', '[', ']', '"', "'", '|', '>', '#', '? ', '%YAML 1.1\n', '\t', '8080', 'true', 'null', '<<', '${env:', '}', '@', '`', '\u0000', '\u2028')
  const yaml = fc.array(fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) }), { maxLength: 40 }).map((parts) => parts.join(''))
  fc.assert(fc.property(yaml, (text) => {
    write(text)
    try {
      expect(Number.isInteger(readConfig({}, { TASKFLOWS_HOME: home }).port)).toBe(true)
    } catch (error) {
      expect(error).toMatchObject({ code: 'config.invalid', message: expect.stringContaining(path()) })
    }
  }), { numRuns: 2_000 })
}, 60_000)
