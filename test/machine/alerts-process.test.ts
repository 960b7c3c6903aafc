/** Alerts of a real process, as people start it: they arrive before it ends, and it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { type HttpSink, startHttpSink } from '../testbed/http-sink.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'

// Each test starts processes, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 })

let sink: HttpSink
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => { [sink, folder] = await Promise.all([startHttpSink(), temporaryFolder()]) })
afterEach(() => Promise.all([sink[Symbol.asyncDispose](), folder[Symbol.asyncDispose]()]))

/** Runs a module that has `task`, `alerts` and the address of the sink. */
async function run(body: string, env: Readonly<Record<string, string>> = {}) {
  const file = join(folder.path, 'main.mjs')
  writeFileSync(file, `
    import { task } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
    import * as alerts from ${JSON.stringify(new URL('../../src/alerts.ts', import.meta.url).href)}
    const sink = ${JSON.stringify(sink.url)}
    ${body}
  `)
  const begun = performance.now()
  const child = spawn(process.execPath, ['--conditions=source', file], { env: { ...bareEnvironment, TASKFLOWS_HOME: join(folder.path, 'home'), TASKFLOWS_LOG_LEVEL: 'error', ...env } })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, out, err, ms: performance.now() - begun }
}

const subjects = () => sink.received.map(({ body }) => (JSON.parse(body.toString()) as { subject: string }).subject)

test('a process that ends waits for its alerts', async () => {
  const { code, out, ms } = await run(`
    const work = task(() => 'result', { name: 'work', alerts: new alerts.Webhook(sink) })
    console.log(await work())
  `)
  expect({ code, out }).toEqual({ code: 0, out: 'result\n' })
  expect(subjects()).toEqual(['Starting work', 'work succeeded'])
  expect(ms).toBeLessThan(9000)
})

test('a digest is sent at the end, long before its period is over', async () => {
  const { code } = await run(`
    const work = task(() => 'result', { name: 'work', alerts: new alerts.Webhook({ url: sink, digestEvery: '1h' }) })
    await work()
    await work()
  `)
  expect(code).toBe(0)
  expect(subjects()).toEqual(['4 messages: Starting work and others'])
})

test('destinations that never answer hold the process for ten seconds, and the five that a mail server has for its greeting', async () => {
  const silent = createServer((socket) => void socket.resume().on('error', () => {}))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const { code, out, err, ms } = await run(`
    const destinations = [
      new alerts.Webhook('http://127.0.0.1:${port}'),
      new alerts.Slack({ channel: 'a', token: 'xoxb-planted', apiUrl: 'http://127.0.0.1:${port}/api/' }),
      new alerts.Email({ addr: 'a@example.com', password: 'planted-password', receiverAddr: 'b@example.com', smtpServer: '127.0.0.1', smtpPort: ${port}, tls: 'implicit' }),
    ]
    console.log(await task(() => 'result', { name: 'work', alerts: { sendTo: destinations, sendOn: 'finish' } })())
  `)
  silent.close()
  expect({ code, out }).toEqual({ code: 0, out: 'result\n' })
  expect(err).toContain('the process ends before its alerts were sent')
  expect(err).not.toContain('planted')
  expect(ms).toBeGreaterThan(9000)
  expect(ms).toBeLessThan(20_000)
})

test('what is wrong with destinations is logged once for each, and the task is none the worse', async () => {
  const { code, out, err } = await run(`
    const sendTo = [new alerts.Slack('a'), new alerts.Email({ receiverAddr: 'b@example.com' }), new alerts.Discord('\${env:PLANTED}')]
    const work = task(() => 'result', { name: 'work', alerts: sendTo })
    console.log(await work(), await work())
  `, { PLANTED: 'planted-no-url' })
  expect({ code, out }).toEqual({ code: 0, out: 'result result\n' })
  const lines = err.trim().split('\n').map((line) => JSON.parse(line) as { event: string; context: { destination: string; error_message: string } })
  expect(lines.map(({ context }) => context.destination).sort()).toEqual(['discord', 'email to b@example.com', 'slack #a'])
  expect(err).toMatch(/SLACK_BOT_TOKEN.*TASKFLOWS_EMAIL_ADDR|TASKFLOWS_EMAIL_ADDR.*SLACK_BOT_TOKEN/s)
  expect(err).not.toContain('planted')
})

test('sending without a task is waited for, and says why it failed', async () => {
  const { code, out } = await run(`
    sink && await alerts.sendAlert(new alerts.Webhook(sink), { subject: 'Hello', content: 'there' })
    const failure = await alerts.sendAlert(new alerts.Webhook('http://127.0.0.1:1'), 'x', { retries: 0 }).catch((error) => error)
    console.log(failure.code, failure.message)
  `)
  expect(code).toBe(0)
  expect(out).toMatch(/^alerts\.not_sent webhook 127\.0\.0\.1:1: no answer \(.*ECONNREFUSED/)
  expect(subjects()).toEqual(['Hello'])
})

test('drainAlerts is there for programs that end with process.exit', async () => {
  const { code } = await run(`
    await task(() => 'result', { name: 'work', alerts: new alerts.Webhook(sink) })()
    await alerts.drainAlerts()
    process.exit(3)
  `)
  expect(code).toBe(3)
  expect(subjects()).toEqual(['Starting work', 'work succeeded'])
})

test('recoveries and repetitions are known from one process to the next', async () => {
  const start = (fails: boolean) => run(`
    const sendTo = new alerts.Webhook({ url: sink + '/planted-path', recovery: true, dedupeFor: '1h' })
    await task(() => { if (${fails}) throw new Error('no') }, { name: 'work', alerts: { sendTo, sendOn: 'finish' } })()
  `)
  for (const fails of [false, true, true, false, false]) await start(fails)
  expect(subjects()).toEqual(['work failed', 'Recovered: work succeeded'])
  const directory = join(folder.path, 'home', 'alerts')
  const files = readdirSync(directory)
  expect(files.length).toBe(1)
  expect(statSync(join(directory, files[0]!)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(directory, files[0]!), 'utf8')).not.toContain('planted')
})

test('a home that cannot be written and a memory that is nonsense cost no alert', async () => {
  const send = `await task(() => { throw new Error('no') }, { name: 'work', alerts: { sendTo: new alerts.Webhook({ url: sink, dedupeFor: '1h' }), sendOn: 'finish' } })()`
  const { code, err } = await run(send, { TASKFLOWS_HOME: '/proc/nowhere', TASKFLOWS_LOG_LEVEL: 'warn' })
  expect(code).toBe(0)
  expect(err).toContain('what alerts were sent cannot be remembered')
  expect(existsSync('/proc/nowhere')).toBe(false)
  await run(send)
  const directory = join(folder.path, 'home', 'alerts')
  writeFileSync(join(directory, readdirSync(directory)[0]!), '{"failing":')
  await run(send)
  expect(subjects()).toEqual(['work failed', 'work failed', 'work failed'])
})

test('a broken configuration costs no alert', async () => {
  const { code } = await run(`await task(() => 1, { name: 'work', alerts: new alerts.Webhook(sink) })()`, { TASKFLOWS_PORT: 'nonsense' })
  expect(code).toBe(0)
  expect(subjects()).toEqual(['Starting work', 'work succeeded'])
})

test('files may go as one archive', async () => {
  writeFileSync(join(folder.path, 'a.txt'), 'first')
  const { code, err } = await run(`
    const files = { content: 'see below', attachmentFiles: [${JSON.stringify(join(folder.path, 'a.txt'))}], attachments: [{ filename: 'b.txt', contentType: 'text/plain', content: 'second' }] }
    await alerts.sendAlert(new alerts.Webhook(sink), { ...files, zipAttachmentFiles: true })
    await alerts.sendAlert(new alerts.Webhook(sink), files)
    await alerts.sendAlert(new alerts.Webhook(sink), { content: 'x', attachmentFiles: ['/not/there'] }).catch((error) => console.error(error.message))
  `)
  const names = sink.received.map(({ body }) => (JSON.parse(body.toString()) as { attachments: { filename: string }[] }).attachments.map(({ filename }) => filename))
  expect({ code, names }).toEqual({ code: 0, names: [['attachments.zip'], ['b.txt', 'a.txt']] })
  expect(err).toMatch(/Expected `attachmentFiles` to name files that can be read: ENOENT/)
})
