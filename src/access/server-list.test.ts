import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TaskflowsError } from '../kernel/errors.ts'
import { serverUrl } from '../kernel/server-address.ts'
import { type ListedServer, addServer, adoptOlderList, isServerName, listServers, removeServers, serverListPath } from './server-list.ts'

const fingerprint = `SHA256:${Array<string>(32).fill('AB').join(':')}` as const
const one: ListedServer = { name: 'one', url: 'https://10.0.0.1:7777', token: 'tfk_1', fingerprint }
const two: ListedServer = { name: 'two', url: 'http://two.example.com:7777', secret: 'a secret with blanks, of 32 characters' }

let home: string
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'tf-servers-')) })
afterEach(() => rmSync(home, { recursive: true, force: true }))

const write = (text: string, mode = 0o600) => {
  writeFileSync(serverListPath(home), text)
  chmodSync(serverListPath(home), mode)
}

describe('the list of servers', () => {
  test('is empty before there is one', () => expect(listServers(home)).toEqual([]))

  test('keeps what was added, in its order, closed to others, and leaves nothing beside it', () => {
    addServer(home, one)
    addServer(home, two)
    expect(listServers(home)).toEqual([one, two])
    expect(statSync(serverListPath(home)).mode & 0o777).toBe(0o600)
    expect(readdirSync(home).sort()).toEqual(['servers.json', 'servers.json.lock'])
  })

  test('has each name once, and replaces it in its place', () => {
    addServer(home, one)
    addServer(home, two)
    expect(() => addServer(home, { ...one, url: 'https://other:1' })).toThrow(expect.objectContaining({ code: 'servers.exists', message: expect.stringContaining(one.url) }))
    addServer(home, { name: 'one', url: 'https://other:1' }, { replace: true })
    expect(listServers(home)).toEqual([{ name: 'one', url: 'https://other:1' }, two])
  })

  test('loses all of the names or none', () => {
    addServer(home, one)
    addServer(home, two)
    expect(() => removeServers(home, ['one', 'tow'])).toThrow(expect.objectContaining({ code: 'servers.not_found', hint: 'Did you mean two?' }))
    expect(listServers(home)).toHaveLength(2)
    removeServers(home, ['two', 'one'])
    expect(listServers(home)).toEqual([])
  })

  test('loses nothing when several processes add at once', async () => {
    const script = `import { addServer } from ${JSON.stringify(new URL('./server-list.ts', import.meta.url).href)}; for (let at = 0; at < 10; at += 1) addServer(${JSON.stringify(home)}, { name: process.argv[1] + at, url: 'http://h:1' })`
    const children = ['a', 'b', 'c'].map((name) => spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', script, name], { stdio: 'inherit' }))
    expect(await Promise.all(children.map((child) => once(child, 'exit')))).toEqual([[0, null], [0, null], [0, null]])
    expect(listServers(home)).toHaveLength(30)
  }, 30_000)
})

describe('a file that is not what it should be', () => {
  test('is refused while others can read it', () => {
    addServer(home, one)
    chmodSync(serverListPath(home), 0o640)
    expect(() => listServers(home)).toThrow(expect.objectContaining({ code: 'servers.invalid', message: expect.stringContaining('mode is 0640'), hint: expect.stringContaining('chmod 600') }))
  })

  test.each([
    ['not JSON', '{"servers": [{"token": "planted-1"', 'is not JSON'],
    ['no list', '{}', '{ "servers": [...] }'],
    ['a name', JSON.stringify({ servers: [{ ...one, name: 'all' }] }), 'servers[0].name'],
    ['a URL', JSON.stringify({ servers: [one, { ...two, url: 'ftp://x' }] }), 'servers[1].url'],
    ['a token', JSON.stringify({ servers: [{ ...one, token: 'planted-1\nX: y' }] }), 'servers[0].token'],
    ['a secret', JSON.stringify({ servers: [{ ...two, secret: 'planted-1\u0000' }] }), 'servers[0].secret'],
    ['a fingerprint', JSON.stringify({ servers: [{ ...one, fingerprint: 'SHA256:12' }] }), 'servers[0].fingerprint'],
    ['a field', JSON.stringify({ servers: [{ ...one, tokne: 'planted-1' }] }), 'servers[0].tokne'],
    ['a twin', JSON.stringify({ servers: [one, one] }), 'twice'],
  ])('is refused with its fault and without its secrets: %s', (_what, content, expected) => {
    write(content)
    expect(() => listServers(home)).toThrow(expect.objectContaining({ code: 'servers.invalid', message: expect.stringContaining(expected) }))
    expect(() => listServers(home)).not.toThrow(/planted/)
    expect(() => addServer(home, two)).toThrow(expect.objectContaining({ code: 'servers.invalid' }))
    expect(readFileSync(serverListPath(home), 'utf8')).toBe(content)
  })

  test('whatever is in it, is read or refused with its name', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string(), fc.record({ servers: fc.array(fc.record({ name: fc.string(), url: fc.string(), token: fc.string() }, { requiredKeys: [] })) }).map((value) => JSON.stringify(value))), (content) => {
      write(content)
      try {
        for (const { name, url } of listServers(home)) expect([isServerName(name), serverUrl(url)]).toEqual([true, url])
      } catch (error) {
        expect(error).toMatchObject({ code: 'servers.invalid', message: expect.stringContaining(home) })
      }
    }), { numRuns: 300 })
  })
})

describe('names and addresses', () => {
  test.each(['a', 'web1', 'web-1.example_x', 'A'.repeat(64)])('%s is a name', (name) => expect(isServerName(name)).toBe(true))
  test.each(['', 'all', 'ALL', '-s', '.hidden', 'web.', 'web 1', 'web:7777', 'http://web', '../web', 'wéb', 'web\n', 'A'.repeat(65)])('%j is none', (name) => expect(isServerName(name)).toBe(false))

  test('what is added is read back as it was, or refused before it is written', () => {
    const address = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.domain(), fc.ipV4(), fc.ipV6(), fc.tuple(fc.oneof(fc.domain(), fc.ipV4()), fc.integer({ min: 0, max: 70_000 })).map((parts) => parts.join(':')), fc.string())
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9._-]{1,66}$/)), address, (name, text) => {
      let url: string
      try {
        url = serverUrl(text)
      } catch (error) {
        return void expect(error).toMatchObject({ code: 'cli.usage', message: expect.stringContaining(JSON.stringify(text)) } satisfies Partial<TaskflowsError>)
      }
      if (!isServerName(name)) return
      rmSync(serverListPath(home), { force: true })
      addServer(home, { name, url })
      expect(listServers(home)).toEqual([{ name, url }])
    }), { numRuns: 200 })
  }, 30_000)
})

describe('the list of an earlier version', () => {
  const older = () => join(home, 'data/servers.json')
  beforeEach(() => mkdirSync(join(home, 'data')))

  test.each([
    ['hosts with their addresses', { alpha: { public_ipv4: '192.0.2.1', last_updated: 'x' }, beta: { public_ipv4: null } }, [{ name: 'alpha', url: 'http://192.0.2.1:7777' }, { name: 'beta', url: 'http://beta:7777' }]],
    ['addresses with their hosts', [{ address: '192.0.2.1:8000', hostname: 'alpha' }, { address: 7, hostname: 'x' }], [{ name: 'alpha', url: 'http://192.0.2.1:8000' }]],
  ])('is taken over once, and moved: %s', (_what, old, expected) => {
    writeFileSync(older(), JSON.stringify(old))
    adoptOlderList(home, [join(home, 'nowhere.json'), older()])
    expect(listServers(home)).toEqual(expected)
    expect(existsSync(older())).toBe(false)
    writeFileSync(older(), JSON.stringify({ gamma: {} }))
    adoptOlderList(home, [older()])
    expect(listServers(home)).toEqual(expected)
    expect(existsSync(older())).toBe(true)
  })

  test('is left alone when it cannot be read', () => {
    for (const content of ['nonsense', '[null]', '{"a/b":{}}', '[]', 'null']) {
      writeFileSync(older(), content)
      adoptOlderList(home, [older()])
      expect([existsSync(serverListPath(home)), existsSync(older())]).toEqual([false, true])
    }
  })
})
