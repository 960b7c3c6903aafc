/** `taskflows/logging` in programs of their own: what arrives on stderr, in files and at Loki, however they end. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { type LokiDouble, startLokiDouble } from '../testbed/loki.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskflows-logging-'))
afterAll(() => rmSync(directory, { recursive: true }))

type Line = Record<string, unknown> & { event: string; context: Record<string, unknown> }

/** A module that has everything of `taskflows/logging` in scope. */
function start(code: string, { env = {}, ...options }: SpawnOptions = {}): ChildProcess {
  const module = `import { configureLogging, configureLokiLogging, getLogger, getStructLogger, setRequestContext, clearRequestContext, withRequestContext, generateRequestId, flushLogging } from 'taskflows/logging'\n${code}`
  return spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', module], {
    cwd: join(import.meta.dirname, '../..'), env: { ...bareEnvironment, TASKFLOWS_HOME: join(directory, 'home'), HOME: directory, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...options,
  })
}

async function run(code: string, options?: SpawnOptions): Promise<{ readonly out: string; readonly err: string; readonly code: number | null; readonly lines: Line[] }> {
  const child = start(code, options)
  const [out, err, [exit]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close') as Promise<[number | null]>])
  return { out, err, code: exit, lines: linesOf(err) }
}

function linesOf(err: string): Line[] {
  return err.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line)
}

describe('what is configured', () => {
  test('a logger works before it is, with the variables, and follows it afterwards', async () => {
    const { lines, out } = await run(`
      const logger = getLogger('checkout')
      logger.info('early')
      configureLogging({ appName: 'shop', environment: 'staging', level: 'DEBUG', extraLabels: { team: 'blue' } })
      logger.debug('late', { user_id: 123 })
    `, { env: { APP_NAME: 'fromenv', ENVIRONMENT: 'test', HOSTNAME: 'box' } })
    expect(out).toBe('')
    expect(lines).toMatchObject([
      { app: 'fromenv', environment: 'test', hostname: 'box', severity: 'INFO', level_name: 'info', level: 30, logger: 'checkout', event: 'early' },
      { app: 'shop', environment: 'staging', hostname: 'box', team: 'blue', severity: 'DEBUG', event: 'late', context: { user_id: 123 } },
    ])
  })

  test('the older names mean the same', async () => {
    const { lines } = await run(`configureLokiLogging({ appName: 'shop', logLevel: 'warning', includeHostname: false, includeProcessInfo: true }); getStructLogger('m').info('no'); getStructLogger('m').warn('yes')`)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ app: 'shop', event: 'yes', process_id: expect.any(Number) as number, process_name: expect.any(String) as string, thread_id: 0 })
    expect(lines[0]).not.toHaveProperty('hostname')
  })

  test('lines go to another destination, and pretty ones when asked', async () => {
    const { out, err } = await run(`
      configureLogging({ destination: process.stdout }); getLogger('m').info('one', { a: 1 })
      configureLogging({ destination: process.stdout, enableConsoleRenderer: true }); getLogger('m').info('two', { a: 1 })
      configureLogging({ destination: { write() { throw new Error('full') } } }); getLogger('m').info('three')
    `)
    expect(err).toBe('')
    expect(out).toMatch(/^\{.*"event":"one".*\}\n\d\d:\d\d:\d\d INFO {2}m two a=1\n$/)
  })

  test('a configuration that is wrong says so at once, and changes nothing', async () => {
    const { lines, out } = await run(`
      configureLogging({ appName: 'before' })
      try { configureLogging({ appName: 'after', loki: { url: 'nonsense://x' } }) } catch (error) { console.log(error.name, error.message) }
      getLogger('m').info('one')
    `)
    expect(out).toContain('TypeError Expected `loki.url` to be an address')
    expect(lines).toMatchObject([{ app: 'before' }])
  })

  test('two copies of the package are one log', async () => {
    const { lines } = await run(`
      const other = await import(new URL('./src/logging.ts?copy', 'file://' + process.cwd() + '/').href)
      configureLogging({ appName: 'shop' })
      other.getLogger('m').info('one')
      other.withRequestContext({ requestId: 'r-1' }, () => getLogger('m').info('two'))
    `)
    expect(lines).toMatchObject([{ app: 'shop', event: 'one' }, { app: 'shop', event: 'two', request_id: 'r-1' }])
  })
})

test('the context of a request is in its lines, and in no others', async () => {
  const { lines, out } = await run(`
    import { setTimeout as pause } from 'node:timers/promises'
    const log = getLogger('m')
    async function serve(n) {
      setRequestContext({ requestId: 'r-' + n, traceId: 't-' + n, user: 'u' + n })
      await pause(5 - n)
      log.info('served', { n })
      clearRequestContext()
      log.info('after', { n })
    }
    // As a server does: each request comes by itself.
    await Promise.all([1, 2, 3].map((n) => new Promise((resolve) => setImmediate(() => serve(n).then(resolve)))))
    await withRequestContext({ requestId: 'inner' }, async () => { await pause(1); log.info('within') })
    log.info('outside')
    console.log(generateRequestId())
  `)
  const served = lines.filter(({ event }) => event === 'served')
  expect(served).toHaveLength(3)
  for (const { context, ...line } of served) expect(line).toMatchObject({ request_id: `r-${context['n']}`, trace_id: `t-${context['n']}` })
  for (const { context } of served) expect(context['user']).toBe(`u${context['n']}`)
  for (const line of lines.filter(({ event }) => event === 'after' || event === 'outside')) expect(line).not.toHaveProperty('request_id')
  expect(lines.find(({ event }) => event === 'within')).toMatchObject({ request_id: 'inner' })
  expect(out.trim()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

describe('nothing is lost', () => {
  const many = `const log = getLogger('m'); for (let n = 0; n < 50_000; n += 1) log.info('line', { n });`

  test.each([
    ['at the end', many, 0],
    ['at process.exit', `${many} process.exit(3)`, 3],
    ['after an uncaught exception', `${many} throw new Error('boom')`, 1],
    ['when it ends in a later turn', `setTimeout(() => { ${many} process.exit(4) }, 1)`, 4],
  ])('%s', async (_, code, exit) => {
    const result = await run(code)
    expect(result.code).toBe(exit)
    const lines = result.lines.filter(({ event }) => event === 'line')
    expect(lines.map(({ context }) => context['n'])).toEqual(Array.from({ length: 50_000 }, (_, n) => n))
    expect(lines.every(({ timestamp_ns }, at) => at === 0 || Number(timestamp_ns) > Number(lines[at - 1]!['timestamp_ns']))).toBe(true)
  })

  test('when the reader of a pipe is slow, also one that does not block', async () => {
    // Using process.stderr makes the pipe one that says EAGAIN.
    const child = start(`process.stderr.write('');${many}console.log(process.memoryUsage.rss() < 250e6)`)
    child.stderr!.pause()
    await pause(300)
    const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)])
    expect(linesOf(err)).toHaveLength(50_000)
    expect(out).toBe('true\n')
  })

  test('nobody reads: the program goes on', async () => {
    const child = start(`setTimeout(() => { ${many} console.log('done') }, 100)`)
    child.stderr!.destroy()
    expect(await text(child.stdout!)).toBe('done\n')
  })

  test('errors are out before a process kills itself', async () => {
    const { lines } = await run(`getLogger('m').error('last words'); process.kill(process.pid, 'SIGKILL')`)
    expect(lines).toMatchObject([{ event: 'last words' }])
  })

  test('a function that never yields shows what it does', async () => {
    const child = start(`const log = getLogger('m'); for (let n = 0; ; n += 1) { log.info('busy', { n }); const until = Date.now() + 20; while (Date.now() < until); }`)
    const [first] = await once(child.stderr!, 'data') as [Buffer]
    child.kill('SIGKILL')
    const lines = linesOf(first.toString())
    expect(lines[0]).toMatchObject({ event: 'busy' })
    expect(lines.length).toBeLessThan(30)
  })
})

describe('with files', () => {
  const filesIn = (name: string) => globSync('*', { cwd: join(directory, name) }).sort()
  const linesIn = (name: string, file: string) => linesOf(readFileSync(join(directory, name, file), 'utf8'))

  test('each logger has its own, and stderr keeps its lines', async () => {
    const { lines } = await run(`getLogger('shop.checkout').info('one'); getLogger('../../etc/passwd').info('two')`, { env: { TASKFLOWS_FILE_DIR: join(directory, 'each') } })
    expect(filesIn('each')).toEqual(['__.._etc_passwd.log', 'shop.checkout.log'])
    expect(linesIn('each', 'shop.checkout.log')).toMatchObject([{ event: 'one' }])
    expect(lines).toHaveLength(2)
  })

  test('or all loggers one, and stderr none', async () => {
    const { err } = await run(`getLogger('a').info('one'); getLogger('b').info('two')`, { env: { TASKFLOWS_FILE_DIR: join(directory, 'one'), TASKFLOWS_SINGLE_FILE: '1', TASKFLOWS_NO_TERMINAL: '1', APP_NAME: 'shop' } })
    expect(err).toBe('')
    expect(linesIn('one', 'shop.log')).toMatchObject([{ event: 'one' }, { event: 'two' }])
  })

  test('they are rotated by size, between lines, also when two processes write', async () => {
    const env = { TASKFLOWS_FILE_DIR: join(directory, 'rotated'), TASKFLOWS_FILE_NAME: 'all', TASKFLOWS_FILE_MAX_BYTES: '100000', TASKFLOWS_MAX_ROTATIONS: '3', TASKFLOWS_NO_TERMINAL: '1' }
    const code = `const log = getLogger('m'); for (let n = 0; n < 2_000; n += 1) { log.info('line', { n }); if (n % 50 === 0) await new Promise(setImmediate) }`
    await Promise.all([run(code, { env }), run(code, { env })])
    expect(filesIn('rotated')).toEqual(['all.log', 'all.log.1', 'all.log.2', 'all.log.3'])
    for (const file of filesIn('rotated')) {
      expect(statSync(join(directory, 'rotated', file)).size).toBeLessThan(150_000)
      expect(readFileSync(join(directory, 'rotated', file), 'utf8').split('\n').filter(Boolean).every((line) => (JSON.parse(line) as Line).event === 'line')).toBe(true)
    }
  })

  test('one that was moved away is begun anew', async () => {
    const path = join(directory, 'moved', 'm.log')
    await run(`
      import { renameSync } from 'node:fs'
      const log = getLogger('m')
      log.error('one')
      renameSync('${path}', '${path}.old')
      log.error('two')
    `, { env: { TASKFLOWS_FILE_DIR: join(directory, 'moved') } })
    expect([linesIn('moved', 'm.log.old'), linesIn('moved', 'm.log')]).toMatchObject([[{ event: 'one' }], [{ event: 'two' }]])
  })

  test('a directory that cannot be written is said once, and the program goes on', async () => {
    const { err, code } = await run(`const log = getLogger('m'); log.error('one'); log.error('two')`, { env: { TASKFLOWS_FILE_DIR: '/proc/none' } })
    expect(code).toBe(0)
    expect(err.match(/cannot be written/g)).toHaveLength(1)
    expect(linesOf(err)).toHaveLength(2)
  })
})

describe('with Loki', () => {
  const withLoki = async (use: (loki: LokiDouble) => Promise<void>) => {
    await using loki = await startLokiDouble()
    await use(loki)
  }

  test('a program that ends by itself has given it all lines, with their labels', () => withLoki(async (loki) => {
    const { lines, code } = await run(`
      configureLogging({ appName: 'shop', environment: 'test', extraLabels: { team: 'blue' }, loki: { url: '${loki.url}', labels: { service_name: 'checkout' } } })
      withRequestContext({ requestId: 'r-1' }, () => getLogger('m').warn('one', { password: 'x', duration_ms: 5 }))
      for (let n = 0; n < 5_000; n += 1) getLogger('m').info('line', { n })
    `)
    expect(code).toBe(0)
    expect(lines).toHaveLength(5_001)
    expect(loki.lines).toHaveLength(5_001)
    const first = loki.lines.find(({ metadata }) => 'request_id' in metadata)
    expect(first).toMatchObject({ stream: { app: 'shop', environment: 'test', service_name: 'checkout', team: 'blue', severity: 'WARN', hostname: expect.any(String) as string }, metadata: { request_id: 'r-1' } })
    expect(JSON.parse(first!.line)).toMatchObject({ event: 'one', context: { password: '[redacted]', duration_ms: 5 } })
  }))

  test('settings are enough, and credentials are not shown', () => withLoki(async (loki) => {
    const { err } = await run(`getLogger('m').info('one')`, { env: { TASKFLOWS_LOKI_PUSH: '1', TASKFLOWS_LOKI_URL: loki.url, LOKI_USER: 'ada', LOKI_PASSWORD: 'hunter2' } })
    expect(loki.lines.map(({ line }) => (JSON.parse(line) as Line).event)).toEqual(['one'])
    expect(loki.requests[0]?.headers['authorization']).toMatch(/^Basic /)
    expect(err).not.toContain('hunter2')
  }))

  test('what is configured later takes the place of what was', () => withLoki(async (loki) => {
    await run(`
      configureLogging({ loki: { url: '${loki.url}' } }); getLogger('m').info('one')
      configureLogging({ appName: 'quiet' }); getLogger('m').info('two')
    `)
    expect(loki.lines.map(({ line }) => (JSON.parse(line) as Line).event)).toEqual(['one'])
  }))

  test('process.exit is fine after flushLogging', () => withLoki(async (loki) => {
    const { code } = await run(`configureLogging({ loki: { url: '${loki.url}' } }); getLogger('m').info('one'); process.exit(await flushLogging() ? 5 : 6)`)
    expect(code).toBe(5)
    expect(loki.lines).toHaveLength(1)
  }))

  test('one that is away neither holds the program for long nor is spoken of more than once', async () => {
    const started = performance.now()
    const { lines, code } = await run(`configureLogging({ loki: { url: 'http://127.0.0.1:1' } }); for (let n = 0; n < 10; n += 1) getLogger('m').info('line')`)
    expect(code).toBe(0)
    expect(performance.now() - started).toBeLessThan(9_000)
    expect(lines.filter(({ logger }) => logger === 'taskflows.logging')).toMatchObject([{ severity: 'WARN', event: expect.stringContaining('log lines wait for Loki') as string }])
  })
})
