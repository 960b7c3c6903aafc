/** One `tf` and three hosts: lines for all of them, a network that is cut and healed, certificates that are not the right ones. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectPlainly } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { selfSignedCertificate } from '../../src/access/self-signed-certificate.ts'
import { readSecurity } from '../../src/access/security-file.ts'
import { sha256Hex, signatureHeaders } from '../../src/kernel/hmac-signature.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { missingForNetwork } from '../testbed/network.ts'
import { missingForUserManager } from '../testbed/systemd/user-manager.ts'
import { type TfHost, startTfHost } from '../testbed/tf-hosts.ts'

const program = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const names = ['one', 'two', 'plain'] as const
/** What a host that is cut off may cost on a busy machine: a connection is given up after 10 s, a silent one after 20 s. */
const [cutCostsMs, silenceCostsMs] = [19_000, 40_000]

const missing = missingForNetwork() ?? missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: many hosts: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('many hosts', { timeout: 90_000 }, () => {
  const stack = new AsyncDisposableStack()
  let hosts: Record<(typeof names)[number], TfHost>
  let directory: string
  let home: string

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tf-many-'))
    home = join(directory, 'home')
    mkdirSync(home, { mode: 0o700 })
    stack.defer(() => rmSync(directory, { recursive: true, force: true }))
    const started: TfHost[] = []
    // One after the other: they look for free addresses.
    for (const name of names) started.push(stack.use(await startTfHost({ hostname: `host-${name}`, tls: name !== 'plain' })))
    hosts = Object.fromEntries(names.map((name, at) => [name, started[at]!])) as typeof hosts
    const token = (await hosts.one.tf('api', 'tokens', 'create', 'me', '--role', 'admin', '--quiet')).stdout
    writeFileSync(join(directory, 'token'), token)
    for (const name of ['two', 'plain'] as const) writeFileSync(join(directory, `secret-${name}`), readSecurity(hosts[name].home).hmac.secret)
    writeFileSync(join(directory, 'services.yaml'), [
      'services:',
      '  - { name: web, start_command: sleep 1000, enabled: true }',
      '  - { name: nightly, start_command: "true", start_schedule: daily 03:00 }',
      '  - { name: long, type: oneshot, start_command: sleep 8 }',
      '  - { name: talks, type: oneshot, start_command: [sh, -c, "for i in 1 2 3; do echo said $i; sleep 0.3; done"] }',
    ].join('\n'))
  }, 180_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  async function tf(...args: readonly string[]): Promise<{ code: number; out: string; err: string; ms: number }> {
    return (await start(...args)).ended
  }
  async function start(...args: readonly string[]) {
    const startedAt = Date.now()
    const child = begin(...args)
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]).then(([out, err, [code]]) => ({ code, out, err, ms: Date.now() - startedAt }))
    return { ended }
  }
  function begin(...args: readonly string[]) {
    return spawn(process.execPath, ['--conditions=source', program, ...args], { cwd: directory, env: { ...bareEnvironment, TASKFLOWS_HOME: home, TASKFLOWS_TLS_CA: ca ?? '', TASKFLOWS_SERVER_TIMEOUT_SECONDS: patience }, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  let ca: string | undefined
  let patience = ''
  const items = (out: string) => (JSON.parse(out) as { items: Record<string, unknown>[] }).items
  const rowsOf = (out: string) => out.trimEnd().split('\n').map((line) => line.split(/ {2,}/))

  test('are added with a token or a secret, and a certificate that is pinned', async () => {
    expect(await tf('servers', 'add', 'one', hosts.one.url, '--token-file', 'token', '--pin')).toMatchObject({ code: 0, out: expect.stringMatching(/SHA256:(?:[0-9A-F]{2}:){31}/) })
    const fingerprint = (await hosts.two.tf('api', 'security', 'certificate', '-o', 'name')).stdout.trim()
    expect(await tf('servers', 'add', 'two', hosts.two.url, '--secret-file', 'secret-two', '--fingerprint', fingerprint)).toMatchObject({ code: 0 })
    expect(await tf('servers', 'add', 'plain', hosts.plain.url, '--secret-file', 'secret-plain')).toMatchObject({ code: 0, err: expect.stringContaining('without TLS') })
    const listed = await tf('servers', 'list', '--check', '-o', 'json')
    expect(listed.code, listed.err).toBe(0)
    expect(items(listed.out)).toMatchObject([
      { name: 'one', status: 'ok', hostname: 'host-one', credential: 'token', fingerprint: expect.stringMatching(/^SHA256:/) },
      { name: 'two', status: 'ok', hostname: 'host-two', credential: 'secret', fingerprint },
      { name: 'plain', status: 'ok', hostname: 'host-plain', credential: 'secret', fingerprint: null },
    ])
    expect(listed.out + (await tf('servers', 'list', '-o', 'wide')).out).not.toContain(readFileSync(join(directory, 'secret-two'), 'utf8'))
  })

  test('get the same services with one line, and show them in one table', async () => {
    expect(await tf('plan', 'services.yaml', '-s', 'all')).toMatchObject({ code: 2, out: expect.stringMatching(/^one:\n[^]*^two:\n[^]*^plain:\n/m) })
    const created = await tf('create', 'services.yaml', '-s', 'all', '--yes')
    expect(created, created.err).toMatchObject({ code: 0, err: expect.stringContaining('plain: http://') })
    expect(await tf('plan', 'services.yaml', '-s', 'all')).toMatchObject({ code: 0 })
    const [header, ...rows] = rowsOf((await tf('list', '-s', 'plain', '-s', 'one', '--server', 'two')).out)
    expect(header!.slice(0, 3)).toEqual(['HOST', 'SERVICE', 'STATUS'])
    expect(rows.map(([host, service]) => `${host} ${service}`)).toEqual(['plain', 'one', 'two'].flatMap((host) => ['long', 'nightly', 'talks', 'web'].map((name) => `${host} ${name}`)))
    const { out } = await tf('list', 'web', '-s', 'all', '-o', 'json')
    expect(items(out)).toMatchObject(names.map((name) => ({ server: name, hostname: `host-${name}`, name: 'web', status: 'running' })))
  })

  test.each([['stop', 'STOPPED'], ['start', 'STARTED'], ['restart', 'RESTARTED'], ['disable', 'DISABLED'], ['enable', 'ENABLED']])('%s on all of them', async (verb, header) => {
    const { code, out, err } = await tf(verb, 'web', '-s', 'all')
    expect(code, err).toBe(0)
    expect(rowsOf(out)).toMatchObject([['HOST', header, 'SERVICE', 'RESULT'], ...names.map((name) => [name, 'taskflows-web.service', 'web', expect.anything()])])
  })

  test.each([['next', 'nightly'], ['show', 'web'], ['status', 'web'], ['rollback', 'web']])('%s on two of them', async (...line) => {
    const shown = await tf(...line, '-s', 'one', '-s', 'two', '-o', 'json')
    // There is but one version to go back to.
    if (line[0] === 'rollback') return expect(shown).toMatchObject({ code: 4, err: expect.stringMatching(/"code": "service.version_not_found"[^]*"server": "one"[^]*"server": "two"/) })
    expect(shown.code, shown.err).toBe(0)
    expect(new Set(items(shown.out).map(({ server, hostname }) => `${String(server)} ${String(hostname)}`))).toEqual(new Set(['one host-one', 'two host-two']))
    expect((await tf(...line, '-s', 'one', '-s', 'two')).out).toMatch(/one[^]*two/)
  })

  test('one that knows no such service is named, and the others do it', async () => {
    expect(await tf('remove', 'long', '-s', 'two')).toMatchObject({ code: 0 })
    const restarted = await tf('restart', 'long', '-s', 'all')
    expect(restarted).toMatchObject({ code: 7, err: expect.stringContaining('\n  two: There is no service long on this host\n') })
    expect(rowsOf(restarted.out).map(([host]) => host)).toEqual(['HOST', 'one', 'plain'])
    expect(await tf('restart', 'nobody', '-s', 'all')).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/^error: none of the 3 servers did it$/m) })
  })

  test.each([['jobs', 'list'], ['events', '--follow'], ['api', 'status']])('%s %s is for one of them', async (...line) => {
    expect(await tf(...line, '-s', 'one', '-s', 'two')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('one server') })
  })

  test('what takes longer than silence is borne is waited for, since they say that they are at it', async () => {
    writeFileSync(join(directory, 'slow.yaml'), 'services: [{ name: slow, start_command: sleep 1000, enabled: true, health_check: { command: [sleep, "13"], timeout: 25, within: 60 } }]')
    patience = '1'
    try {
      const created = await tf('create', 'slow.yaml', '-s', 'one', '-s', 'plain', '--yes')
      expect(created, created.err).toMatchObject({ code: 0, ms: expect.toSatisfy((ms: number) => ms > 10_000) })
      expect(await tf('remove', 'slow', '-s', 'one', '-s', 'plain', '--yes')).toMatchObject({ code: 0 })
    } finally {
      patience = ''
    }
  })

  describe('what their services wrote', () => {
    const said = ({ server, message, at }: Record<string, unknown>) => ({ server, message, at: Date.parse(String(at)) })
    const linesOf = (out: string) => out.trimEnd().split('\n').map((line) => said(JSON.parse(line) as Record<string, unknown>))
    const inOrder = (lines: readonly { readonly at: number }[]) => expect(lines).toEqual(lines.toSorted((one, other) => one.at - other.at))

    test('is one list by time, in which each line says of which server it is', async () => {
      expect(await tf('start', 'talks', '--wait', '-s', 'one', '-s', 'two')).toMatchObject({ code: 0 })
      // journald writes down what a program said a while after it has ended.
      const lines = await vi.waitFor(async () => {
        const shown = await tf('logs', 'talks', '-s', 'one', '-s', 'two', '--grep', '^said', '-o', 'json')
        expect(shown.code, shown.err).toBe(0)
        const found = items(shown.out).map(said)
        for (const name of ['one', 'two']) expect(found.filter(({ server }) => server === name).map(({ message }) => message)).toEqual(['said 1', 'said 2', 'said 3'])
        return found
      }, { timeout: 30_000, interval: 500 })
      inOrder(lines)
      const text = (await tf('logs', 'talks', '-s', 'one', '-s', 'plain', '--grep', '^said|^Finished')).out
      expect(text).toMatch(/^one    \d{4}-\d\d-\d\d .* said 3$/m)
      // More than a page is streamed.
      inOrder(linesOf((await tf('logs', 'talks', '-s', 'one', '-s', 'two', '-n', '5000', '--grep', '^said', '-o', 'jsonl')).out))
    })

    test('is followed on all of them, as it comes', async () => {
      const child = begin('logs', 'talks', '-f', '-n', '1', '-s', 'one', '-s', 'two', '-o', 'jsonl')
      const seen: ReturnType<typeof said>[] = []
      const followed = (async () => {
        for await (const line of createInterface(child.stdout)) {
          seen.push(said(JSON.parse(line) as Record<string, unknown>))
          if (['one', 'two'].every((name) => seen.filter(({ server, message }) => server === name && String(message).startsWith('Finished')).length === 2)) break
        }
      })()
      // The last line of before is the sign that both are followed.
      await vi.waitFor(() => expect(new Set(seen.map(({ server }) => server)).size).toBe(2), { timeout: 30_000 })
      await tf('start', 'talks', '--wait', '-s', 'one', '-s', 'two')
      await followed
      child.kill('SIGINT')
      expect(await once(child, 'close')).toEqual([130, null])
      for (const name of ['one', 'two']) expect(seen.filter(({ server, message }) => server === name && String(message).startsWith('said')).map(({ message }) => message)).toEqual(['said 1', 'said 2', 'said 3'])
    })

    test('is a mistake to ask for without services', async () => {
      expect(await tf('logs', '-s', 'all')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('one machine') })
    })
  })

  describe('one of them is cut off', () => {
    test('and what the others wrote is shown all the same', async () => {
      hosts.two.link.cut()
      try {
        const shown = await tf('logs', 'web', '-s', 'all', '-n', '3', '-o', 'json')
        expect(shown).toMatchObject({ code: 7, err: expect.stringContaining('servers.partial'), ms: expect.toSatisfy((ms: number) => ms < cutCostsMs) })
        expect(new Set(items(shown.out).map(({ server }) => server))).toEqual(new Set(['one', 'plain']))
        const child = begin('logs', 'web', '-f', '-n', '1', '-s', 'all')
        // The others are not kept waiting, and it is named before anybody ends the rest.
        await once(child.stdout.resume(), 'data')
        for await (const line of createInterface(child.stderr)) if (line.includes('warning: two: ')) break
        child.stderr.resume()
        child.kill('SIGINT')
        expect(await once(child, 'close')).toEqual([7, null])
      } finally {
        hosts.two.link.heal()
      }
    })

    test('and is a named error in time, beside what the others say', async () => {
      hosts.two.link.cut()
      try {
        const listed = await tf('list', '-s', 'all', '-o', 'json')
        expect(listed).toMatchObject({ code: 7, ms: expect.toSatisfy((ms: number) => ms < cutCostsMs) })
        expect(items(listed.out).map(({ server }) => server)).toEqual([...Array<string>(4).fill('one'), ...Array<string>(4).fill('plain')])
        expect(JSON.parse(listed.err.slice(listed.err.indexOf('{')))).toMatchObject({ code: 'servers.partial', details: { failures: [{ server: 'two', code: 'server.unreachable', detail: expect.stringContaining('no connection within 10 s') }] } })
        const [restarted, alone, tested] = await Promise.all([tf('restart', 'web', '-s', 'all'), tf('restart', 'web', '-s', 'two'), tf('servers', 'test')])
        expect(restarted).toMatchObject({ code: 7, out: expect.stringMatching(/^one .*\nplain /m), err: expect.stringContaining('two: no taskflows server answers'), ms: expect.toSatisfy((ms: number) => ms < cutCostsMs) })
        expect(alone).toMatchObject({ code: 3, out: '', ms: expect.toSatisfy((ms: number) => ms < cutCostsMs) })
        expect(tested).toMatchObject({ code: 7, out: expect.stringMatching(/two .*server\.unreachable/) })
      } finally {
        hosts.two.link.heal()
      }
      await vi.waitFor(async () => expect((await tf('list', '-s', 'all')).code).toBe(0), { timeout: 30_000 })
    })

    test('in the middle of something that takes long, and is not waited for until its end', async () => {
      await tf('create', 'services.yaml', '-s', 'two', '--yes')
      const { ended } = await start('start', 'long', '--wait', '-s', 'all')
      await vi.waitFor(async () => expect((await hosts.two.manager.exec('systemctl', '--user', 'show', '-P', 'ActiveState', 'taskflows-long.service')).stdout).toBe('activating\n'), { timeout: 20_000 })
      hosts.two.link.cut()
      const started = await ended.finally(() => hosts.two.link.heal())
      expect(started).toMatchObject({ code: 7, err: expect.stringContaining('two: no taskflows server answers'), ms: expect.toSatisfy((ms: number) => ms < silenceCostsMs) })
      expect(rowsOf(started.out).map(([host]) => host)).toEqual(['HOST', 'one', 'plain'])
    })
  })

  describe('a certificate that is not the right one', () => {
    const elsewhere = selfSignedCertificate({ names: ['127.0.0.1'], from: Date.now() - 60_000, until: Date.now() + 3_600_000 })

    /** Passes on what it can read. */
    async function inTheMiddle(target: URL): Promise<Disposable & { readonly port: number; readonly heard: Buffer[] }> {
      const heard: Buffer[] = []
      const server = createServer(elsewhere, (socket) => {
        const onwards = connectPlainly(Number(target.port), target.hostname)
        socket.on('data', (chunk) => heard.push(Buffer.from(chunk))).pipe(onwards).pipe(socket)
        for (const end of [socket, onwards]) end.on('error', () => {})
      }).on('tlsClientError', () => {}).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: (server.address() as { port: number }).port, heard, [Symbol.dispose]: () => void server.close() }
    }

    test('of a machine in the middle gets nothing to hear', async () => {
      using middle = await inTheMiddle(new URL(hosts.one.url))
      const { fingerprint } = items((await tf('servers', 'list', '-o', 'json')).out)[0] as { fingerprint: string }
      const url = `https://127.0.0.1:${middle.port}`
      expect(await tf('servers', 'add', 'middle', url, '--token-file', 'token', '--fingerprint', fingerprint)).toMatchObject({ code: 0 })
      expect(await tf('servers', 'add', 'other', url, '--token-file', 'token', '--fingerprint', fingerprint, '--pin')).toMatchObject({ code: 5 })
      for (const line of [['list', '-s', 'middle'], ['restart', 'web', '-s', 'middle'], ['servers', 'test', 'middle']]) {
        const refused = await tf(...line)
        expect(refused).toMatchObject({ code: 5, err: expect.stringContaining(fingerprint) })
        expect(refused.err.match(/SHA256:[0-9A-F:]+/g)).toHaveLength(2)
      }
      expect(await tf('list', '-s', url)).toMatchObject({ code: 5, err: expect.stringContaining('self-signed') })
      expect(middle.heard).toEqual([])
      await tf('servers', 'remove', 'middle')
    })

    test('is that of another host', async () => {
      const [, two] = items((await tf('servers', 'list', '-o', 'json')).out) as { fingerprint: string }[]
      expect(await tf('servers', 'add', 'swapped', hosts.one.url, '--token-file', 'token', '--fingerprint', two!.fingerprint)).toMatchObject({ code: 0 })
      expect(await tf('list', '-s', 'swapped', '-o', 'json')).toMatchObject({ code: 5, out: '', err: expect.stringContaining('"server.untrusted"') })
      await tf('servers', 'remove', 'swapped')
    })

    test('is none for an authority that signed it, under the names that it was made for', async () => {
      const cert = join(directory, 'authority.pem')
      copyFileSync(join(hosts.one.home, 'tls/cert.pem'), cert)
      ca = cert
      try {
        expect(await tf('servers', 'add', 'by-authority', hosts.one.url, '--token-file', 'token')).toMatchObject({ code: 0 })
        expect(await tf('servers', 'test', 'by-authority')).toMatchObject({ code: 0 })
        expect(await tf('servers', 'test', 'two')).toMatchObject({ code: 0 })
        expect(await tf('list', '-s', hosts.two.url)).toMatchObject({ code: 5 })
      } finally {
        ca = undefined
        await tf('servers', 'remove', 'by-authority')
      }
    })
  })

  test('a request that somebody recorded is refused when it is sent again', async () => {
    const secret = readFileSync(join(directory, 'secret-two'), 'utf8')
    const path = `/api/v1/services?match=${randomBytes(4).toString('hex')}`
    const headers = signatureHeaders(secret, { method: 'GET', path, contentSha256: sha256Hex() }, Date.now())
    const ask = () => new Promise<number>((resolve, reject) => {
      request(new URL(path, hosts.two.url), { headers, rejectUnauthorized: false, agent: false }, (answer) => resolve(answer.resume().statusCode!)).on('error', reject).end()
    })
    expect([await ask(), await ask()]).toEqual([200, 401])
  })

  test('a certificate is renewed under connections that go on, and has to be pinned again', async () => {
    const url = new URL('/health', hosts.two.url)
    const { Agent } = await import('node:https')
    using kept = Object.assign(new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false }), { [Symbol.dispose]() { kept.destroy() } })
    const ask = () => new Promise<boolean>((resolve, reject) => {
      const sent = request(url, { agent: kept }, (answer) => answer.resume().on('end', () => resolve(sent.reusedSocket))).on('error', reject).end()
    })
    expect(await ask()).toBe(false)
    await hosts.two.tf('api', 'security', 'certificate', '--replace')
    expect(await ask()).toBe(true)
    expect(await tf('list', '-s', 'two')).toMatchObject({ code: 5, err: expect.stringContaining('another certificate') })
    expect(await ask()).toBe(true)
    expect(await tf('servers', 'add', 'two', hosts.two.url, '--secret-file', 'secret-two', '--pin', '--replace')).toMatchObject({ code: 0 })
    expect(await tf('list', '-s', 'two')).toMatchObject({ code: 0 })
    // Its own tf believes the file that the server shows.
    expect(await hosts.two.tf('runs', 'list')).toBeDefined()
  })
})
