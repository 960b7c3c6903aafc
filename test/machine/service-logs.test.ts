/** What services write, on a real journal: `tf logs` of this host and of a server, pages, streams, and a million lines. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { signatureHeaders } from '../../src/kernel/hmac-signature.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { ask } from '../e2e/api-suite.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))
/** How many lines the test of many has; the whole claim is 1,000,000. */
const many = Number(process.env['TASKFLOWS_TEST_LOG_LINES'] ?? 30_000)

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: logs of services on a systemd user manager: ${missing}`)

interface Line { readonly cursor: string; readonly message: string; readonly service: string; readonly unit: string; readonly invocation_id: string | null; readonly level: string }

describe.skipIf(missing !== undefined && !process.env['CI'])('logs of services', { timeout: 120_000 + many / 2 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let home: string
  let subject: { readonly url: string; readonly secret: string }
  let server: ChildProcess
  let client: Client<TaskflowsContract>

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager({ as: 'root' }))
    home = join(manager.home, '.taskflows')
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', program, 'serve', '--port', '0')
    server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: database.url, TASKFLOWS_LOG_LEVEL: 'silent' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void server.kill('SIGKILL'))
    for await (const line of createInterface(server.stderr!)) if (/listens on (http:\S+)/.test(line)) break
    const { url } = JSON.parse(readFileSync(join(home, 'run/server.json'), 'utf8')) as { url: string }
    subject = { url, secret: readSecurity(home).hmac.secret }
    client = connectTo(subject)
    const sh = (script: string) => ['sh', '-c', script] as const
    await client.services.apply({
      services: [
        { name: 'web', start_command: sh('echo one; echo "<4>two is a warning"; echo three; sleep 1000') },
        { name: 'worker@', instances: ['1', '2'], start_command: sh('echo at work; sleep 1000') },
        { name: 'short', type: 'oneshot', start_command: sh('echo begins; sleep 0.2; echo ends') },
        { name: 'odd', type: 'oneshot', start_command: sh(String.raw`printf 'red \033[31m\n'; printf 'bad \377 bytes\n'; printf 'before\000behind\n'; printf '%010000d\n' 0; printf '%s\n' '--user-unit=evil'`) },
        { name: 'seq', type: 'oneshot', start_command: sh('seq -f "line %.0f" 1 25') },
        { name: 'many', type: 'oneshot', start_command: sh(`seq -f "line %.0f of many, as long as lines of programs are when they have something to say" 1 ${many}`) },
        { name: 'ticks', start_command: sh('i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.05; done') },
      ],
    })
    for (const name of ['web', 'worker@', 'odd', 'seq']) await client.services.start({ name })
    for (const name of ['web', 'worker@1', 'worker@2']) await linesOf(name, /three|at work/)
    await linesOf('odd', /Finished/)
    await linesOf('seq', /^line 25$/)
  })
  afterAll(() => stack.disposeAsync())

  const synced = () => manager.exec('journalctl', '--sync').catch(() => {})

  /** Lines of a service, the oldest first, once there is one like this. */
  async function linesOf(name: string, wanted: RegExp): Promise<readonly Line[]> {
    const signal = AbortSignal.timeout(30_000)
    const lines: Line[] = []
    for await (const { item } of client.services.followLogs({ name, since: '1h' }, { signal })) {
      lines.push(item as Line)
      if (wanted.test(item.message)) return lines
    }
    throw new Error(`no line of ${name} is like ${String(wanted)}: ${lines.map(({ message }) => message).join(' | ')}`)
  }

  function tfLine(args: readonly string[], extra: readonly string[] = []): [string, string[]] {
    const [command, ...rest] = manager.command('env', `TASKFLOWS_HOME=${home}`, `HOME=${manager.home}`, process.execPath, '--conditions=source', ...extra, program, ...args)
    return [command, rest]
  }
  async function tf(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    await synced()
    const [command, rest] = tfLine(args)
    const child = spawn(command, rest, { env: manager.env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>])
    return { code, out, err }
  }
  const messages = (out: string) => out.trim().split('\n').filter(Boolean).map((line) => (JSON.parse(line) as Line).message)
  /** Without what systemd said. */
  const own = (lines: readonly { readonly message: string }[]) => lines.map(({ message }) => message).filter((message) => !/^(Starting|Started|Finished) /.test(message))
  /** Children of journalctl that run within. */
  const journalctls = async () => (await manager.exec('sh', '-c', 'grep -l ^journalctl /proc/[0-9]*/comm 2>/dev/null | wc -l')).stdout.trim()

  test('are shown by name, by pattern, by instance and several together', async () => {
    expect(messages((await tf('logs', 'web', '-o', 'jsonl')).out)).toEqual(expect.arrayContaining(['one', 'two is a warning', 'three']))
    expect((await tf('logs', 'worker@1')).out).toMatch(/ at work\n/)
    expect((await tf('logs', 'worker@1')).out).not.toContain('worker@2')
    expect((await tf('logs', 'worker@')).out).toMatch(/ worker@1 at work\n[^]* worker@2 at work\n|worker@2 at work\n[^]* worker@1 at work\n/)
    const both = await tf('logs', 'web', 'worker@2', '-o', 'jsonl')
    expect(new Set(both.out.trim().split('\n').map((line) => (JSON.parse(line) as Line).service))).toEqual(new Set(['web', 'worker@2']))
    expect(await tf('logs', 'web', 'no-such')).toMatchObject({ code: 4, out: '', err: expect.stringContaining('no-such') })
    expect(await tf('logs', 'no-such')).toMatchObject({ code: 4, err: expect.stringContaining('tf list has the names of services') })
    expect(await tf('logs', 'wbe')).toMatchObject({ code: 4, err: expect.stringMatching(/no service, and no run .* "wbe"\nhint: Did you mean web\?/) })
    expect(await tf('logs', 'web', '--run', 'xyz')).toMatchObject({ code: 2, err: expect.stringContaining('tf history -m web') })
  })

  test('are limited after they are filtered', async () => {
    expect(messages((await tf('logs', 'seq', '-n', '2', '--grep', '^line .$', '-o', 'jsonl')).out)).toEqual(['line 8', 'line 9'])
    expect(messages((await tf('logs', 'web', '-n', '1', '--level', 'warn', '-o', 'jsonl')).out)).toEqual(['two is a warning'])
    expect(messages((await tf('logs', 'seq', '-n', '1500', '--grep', '^line .$', '-o', 'jsonl')).out)).toHaveLength(9)
    expect(await tf('logs', 'web', '--grep', 'a(b')).toMatchObject({ code: 2, out: '' })
    expect(await tf('logs', 'web', '--grep', 'nothing like that')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No lines match.') })
  })

  test('until a moment have what was written in it, and since it too', async () => {
    const { items } = await client.services.logs({ name: 'seq', grep: '^line 12$' })
    const [line] = items
    const upTo = await client.services.logs({ name: 'seq', until: line!.at, grep: '^line' })
    expect(upTo.items[0]!.at).toBe(line!.at)
    expect(upTo.items.map(({ message }) => message)).toContain('line 12')
    expect(upTo.items.every(({ at }) => at <= line!.at)).toBe(true)
    expect((await client.services.logs({ name: 'seq', since: line!.at, grep: '^line', limit: 1000 })).items.map(({ message }) => message)).toContain('line 12')
  })

  test('are told apart by run, also where journald knows none', async () => {
    const ids: string[] = []
    for (let round = 0; round < 3; round += 1) {
      await client.services.start({ name: 'short', wait: true })
      await synced()
      const { items } = await client.services.logs({ name: 'short', grep: '^Finished', limit: 1 })
      ids.push(items[0]!.invocation_id!)
    }
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) {
      expect(own((await client.services.logs({ name: 'short', run: id, order: 'asc' })).items)).toEqual(['begins', 'ends'])
    }
    const uuid = ids[1]!.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    for (const args of [['short', '--run', ids[1]!], [ids[1]!], ['--run', uuid], [uuid]]) expect(own(messages((await tf('logs', ...args, '-o', 'jsonl')).out).map((message) => ({ message })))).toEqual(['begins', 'ends'])
    expect(await tf('logs', 'short', '--run', '0'.repeat(32))).toMatchObject({ code: 4 })
  })

  test('of a run that is over end by themselves, here and from a server, and those of one that goes on with it', async () => {
    await client.services.start({ name: 'short', wait: true })
    await synced()
    const { items } = await client.services.logs({ name: 'short', grep: '^Finished', limit: 1 })
    const id = items[0]!.invocation_id!
    for (const server of [[], ['--server', subject.url]]) {
      const shown = await tf(...server, 'logs', 'short', '-f', '--run', id, '-o', 'jsonl')
      expect([shown.code, own(messages(shown.out).map((message) => ({ message })))], shown.err).toEqual([0, ['begins', 'ends']])
      expect(await tf(...server, 'logs', 'short', '-f', '--run', '0'.repeat(32))).toMatchObject({ code: 4 })
    }
    await client.services.restart({ name: 'worker@1' })
    const running = (await client.services.get({ name: 'worker@1' })).units.find(({ unit }) => unit === 'taskflows-worker@1.service')!
    const seen: string[] = []
    for await (const { item } of client.services.followLogs({ name: 'worker@', run: running.invocation_id!, since: '1h' })) {
      seen.push(item.message)
      if (item.message === 'at work') await client.services.stop({ name: 'worker@1' })
    }
    expect(seen.at(-1)).toMatch(/^Stopped|Consumed/)
  })

  test('until a time end when it has passed, followed or not', async () => {
    const { items } = await client.services.logs({ name: 'seq', grep: '^line 12$' })
    const past = await tf('logs', 'seq', '-f', '--until', items[0]!.at, '--grep', '^line', '-o', 'jsonl')
    expect(past).toMatchObject({ code: 0 })
    expect(messages(past.out)).toContain('line 12')
    const seen: string[] = []
    for await (const { item } of client.services.followLogs({ name: 'seq', lines: 1, until: new Date(Date.now() + 2000).toISOString() })) seen.push(item.message)
    expect(seen).toEqual([expect.stringMatching(/^Finished/)])
  })

  test('of a service that was removed are there still, and somebody says that it was', async () => {
    await client.services.apply({ services: [{ name: 'gone', type: 'oneshot', start_command: ['echo', 'was here'] }] })
    await client.services.start({ name: 'gone', wait: true })
    await linesOf('gone', /^Finished/)
    await client.services.remove({ name: 'gone' })
    for (const server of [[], ['--server', subject.url]]) {
      const shown = await tf(...server, 'logs', 'gone')
      expect(shown).toMatchObject({ code: 0, out: expect.stringContaining(' was here\n'), err: expect.stringMatching(/^gone is not on this host any more/m) })
    }
    expect(await client.services.logs({ name: 'gon*' })).toMatchObject({ notes: [expect.stringContaining('any more')], items: expect.arrayContaining([expect.objectContaining({ message: 'was here', service: 'gone' })]) })
    await expect(client.services.logs({ name: 'gone', scope: 'system' })).rejects.toMatchObject({ code: 'service.not_found' })
    await expect(client.services.logs({ name: 'never-was' })).rejects.toMatchObject({ code: 'service.not_found' })
  })

  test('that a terminal would obey are shown, not obeyed, and are whole otherwise', async () => {
    const shown = (await tf('logs', 'odd')).out
    expect(shown).toContain('red \\x1b[31m')
    expect(shown).not.toContain('\u001b')
    expect(shown).toContain('bad \ufffd bytes')
    expect(/0{9,}/.exec(shown)?.[0].length).toBe(10_000)
    expect(shown).toContain('--user-unit=evil')
    const { items } = await client.services.logs({ name: 'odd' })
    expect(items.map(({ message }) => message)).toContain('red \u001b[31m')
  })

  test('come in pages either way, without a gap and without a line twice', async () => {
    for (const order of ['desc', 'asc'] as const) {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await client.services.logs({ name: 'seq', grep: '^line', order, limit: 4, ...(cursor !== undefined && { cursor }) })
        found.push(...page.items.map(({ message }) => message))
        cursor = page.next_cursor ?? undefined
      } while (cursor !== undefined)
      const all = Array.from({ length: 25 }, (_, at) => `line ${at + 1}`)
      expect(found).toEqual(order === 'asc' ? all : all.toReversed())
    }
  })

  test('are at the documented paths too', async () => {
    for (const path of ['/services/seq/logs?n_lines=3', '/logs/seq?n_lines=3', '/api/v1/services/seq/logs?limit=3']) {
      const { status, json } = await ask(subject, 'GET', path)
      expect([status, (json['items'] as unknown[]).length]).toEqual([200, 3])
    }
  })

  test('of another host come through its server', async () => {
    const [command, rest] = tfLine(['--server', subject.url, 'logs', 'seq', '-n', '2', '--grep', '^line', '-o', 'jsonl'])
    const child = spawn(command, rest, { env: { ...manager.env, PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] })
    expect(messages(await text(child.stdout))).toEqual(['line 24', 'line 25'])
  })

  test('go on as they are written, and behind the last one after a break', async () => {
    await client.services.start({ name: 'ticks' })
    const first: string[] = []
    let cursor = ''
    for await (const { item, cursor: at } of client.services.followLogs({ name: 'ticks', since: '1h', grep: '^tick' })) {
      first.push(item.message)
      cursor = at
      if (first.length === 5) break
    }
    const second: string[] = []
    for await (const { item } of client.services.followLogs({ name: 'ticks', cursor, grep: '^tick' })) {
      second.push(item.message)
      if (second.length === 5) break
    }
    await client.services.stop({ name: 'ticks' })
    expect([...first, ...second]).toEqual(Array.from({ length: 10 }, (_, at) => `tick ${at + 1}`))
  })

  test('are followed by tf from the last ones on, until Ctrl-C', async () => {
    await client.services.restart({ name: 'ticks' })
    const [command, rest] = tfLine(['logs', 'ticks', '-f', '-n', '1', '--grep', '^tick', '-o', 'jsonl'])
    const child = spawn(command, rest, { env: manager.env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    onTestFinished(() => void child.kill('SIGKILL'))
    const seen: number[] = []
    for await (const line of createInterface(child.stdout)) if (seen.push(Number((JSON.parse(line) as Line).message.slice(5))) === 5) break
    expect(seen).toEqual(Array.from({ length: 5 }, (_, at) => seen[0]! + at))
    const ended = once(child, 'close')
    process.kill(-child.pid!, 'SIGINT')
    await ended
    await client.services.stop({ name: 'ticks' })
  })

  test('of a reader who takes nothing wait in the journal, and end with the reader', async () => {
    await client.services.start({ name: 'many', wait: true })
    await linesOf('many', /^Finished/)
    const before = rss(server)
    const path = '/api/v1/services/many/logs?since=1h'
    const request = get(`${subject.url}${path}`, { headers: { ...signatureHeaders(subject.secret, { method: 'GET', path, contentSha256: emptySha256 }, Date.now()), accept: 'text/event-stream' } })
    const [response] = await once(request, 'response') as [import('node:http').IncomingMessage]
    expect(response.statusCode).toBe(200)
    response.pause()
    // Whoever does read meanwhile gets all of it.
    await linesOf('many', /^Finished/)
    expect(rss(server) - before).toBeLessThan(60)
    await expect.poll(journalctls, { timeout: 10_000 }).toBe('1')
    request.destroy()
    await expect.poll(journalctls, { timeout: 10_000 }).toBe('0')
  })

  test('many of them take no more memory than few', async () => {
    await client.services.start({ name: 'many', wait: true })
    await synced()
    const memory = async (count: number) => {
      const [command, rest] = tfLine(['logs', 'many', '-n', String(count)], ['--import', reporter])
      const child = spawn(command, rest, { env: manager.env, stdio: ['ignore', 'pipe', 'pipe'] })
      let lines = 0
      const [, err] = await Promise.all([(async () => { for await (const _ of createInterface(child.stdout)) lines += 1 })(), text(child.stderr)])
      return { lines, ...JSON.parse(/\{.*\}/.exec(err)![0]) as { rssMb: number; firstMs: number; totalMs: number } }
    }
    const reporter = join(manager.home, 'report.mjs')
    writeFileSync(reporter, `let first; const write = process.stdout.write; process.stdout.write = function (...given) { first ??= performance.now(); return write.apply(this, given) }
process.on('exit', () => console.error(JSON.stringify({ rssMb: Math.round(process.resourceUsage().maxRSS / 1024), firstMs: Math.round(first), totalMs: Math.round(performance.now()) })))`)
    const [few, all] = [await memory(10_000), await memory(many)]
    console.log(`${few.lines} lines: ${JSON.stringify(few)}; ${all.lines} lines: ${JSON.stringify(all)}`)
    expect([few.lines, all.lines]).toEqual([10_000, many])
    expect(all.rssMb - few.rssMb).toBeLessThan(30)
  })

  test('behind a cursor that is gone are refused as gone, and one that is none as invalid', async () => {
    const { items: [line] } = await client.services.logs({ name: 'seq', limit: 1 })
    const elsewhere = line!.cursor.replace(/x=[0-9a-f]+$/, 'x=1').replace(/t=[0-9a-f]+/, 't=5d0f1a2b3c4d5')
    await expect(client.services.logs({ name: 'seq', cursor: elsewhere })).rejects.toMatchObject({ code: 'cursor.gone' })
    const first = async () => { for await (const _ of client.services.followLogs({ name: 'seq', cursor: elsewhere })) return }
    await expect(first()).rejects.toMatchObject({ code: 'cursor.gone' })
    await expect(client.services.logs({ name: 'seq', cursor: 'nonsense' })).rejects.toMatchObject({ code: 'cursor.invalid' })
    expect((await ask(subject, 'GET', '/api/v1/services/seq/logs', { headers: { accept: 'text/event-stream', 'last-event-id': '--boot' } })).json).toMatchObject({ code: 'cursor.invalid' })
  })

  test('are asked for by nothing that journalctl or a shell would take for something else', async () => {
    const odd = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('--boot', '-b', '--file=/etc/passwd', '$(id)', '`id`', 'web;id', '../web', 'web\n', 'web\0', '_UID=0', '+', '@', '*,', ',', 'a'.repeat(3000)))
    await fc.assert(fc.asyncProperty(odd, odd, fc.constantFrom('name', 'cursor', 'run', 'since', 'until', 'level', 'order'), async (name, value, field) => {
      const target = field === 'name' ? `/api/v1/services/${encodeURIComponent(name)}/logs` : `/api/v1/services/seq/logs?${field}=${encodeURIComponent(value)}`
      const { status, json } = await ask(subject, 'GET', target)
      expect([200, 400, 404, 410, 422], `${target}: ${JSON.stringify(json)}`).toContain(status)
      if (status === 200) for (const { unit } of json['items'] as Line[]) expect(unit).toMatch(/^taskflows-/)
    }), { numRuns: 60 })
  })

  test('are for whoever may read services, and for nobody bound to a tenant', async () => {
    const callerOf = async (tenant?: string) => {
      const { token } = await client.tokens.create({ name: `viewer-${crypto.randomUUID()}`, role: 'viewer', ...(tenant !== undefined && { tenant_id: tenant }) })
      return connectTo({ url: subject.url, token })
    }
    expect((await (await callerOf()).services.logs({ name: 'seq' })).items.length).toBeGreaterThan(0)
    await expect((await callerOf('acme')).services.logs({ name: 'seq' })).rejects.toMatchObject({ code: 'service.not_found' })
  })

  test('that journald removed meanwhile leave a cursor that is gone', async () => {
    const { items: [line] } = await client.services.logs({ name: 'seq', limit: 1 })
    await manager.exec('sh', '-c', 'journalctl --rotate; journalctl --vacuum-time=1us; journalctl --rotate; journalctl --vacuum-size=1')
    await expect(client.services.logs({ name: 'seq', cursor: line!.cursor })).rejects.toMatchObject({ code: 'cursor.gone' })
    expect((await client.services.logs({ name: 'seq' })).items).toEqual([])
  })
})

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Of the server itself, which `exec` of the test bed becomes. In MB. */
function rss(child: ChildProcess): number {
  const of = (pid: string) => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const family = (pid: string): string[] => [pid, ...readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean)).flatMap(family)]
  return Math.max(...family(String(child.pid)).map((pid) => Number(of(pid) ?? 0))) / 1024
}
