/** `tf alerts test` as people call it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { type HttpSink, startHttpSink } from '../testbed/http-sink.ts'
import { startSlackDouble } from '../testbed/slack-api.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'

vi.setConfig({ testTimeout: 60_000 })

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

let sink: HttpSink
let home: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => { [sink, home] = await Promise.all([startHttpSink(), temporaryFolder()]) })
afterEach(() => Promise.all([sink[Symbol.asyncDispose](), home[Symbol.asyncDispose]()]))

async function tf(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--conditions=source', program, 'alerts', 'test', ...args], { env: { ...bareEnvironment, TASKFLOWS_HOME: home.path, ...env } })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, out, err }
}

test('a webhook gets a sample', async () => {
  expect(await tf([`webhook:${sink.url}/hook`])).toEqual({ code: 0, out: `Sent a sample to webhook ${new URL(sink.url).host}\n`, err: '' })
  expect(JSON.parse(sink.received[0]!.body.toString())).toMatchObject({ subject: 'A sample from taskflows', data: { event: 'alerts.test' }, markdown: expect.stringContaining('customers') })
})

test('a channel of Slack gets a sample that Slack takes, and -o json says so', async () => {
  await using slack = await startSlackDouble({ tokens: { 'xoxb-planted': ['chat:write', 'chat:write.public', 'files:write'] }, channels: [{ id: 'C0000001', name: 'ops' }] })
  const env = { SLACK_BOT_TOKEN: 'xoxb-planted', SLACK_API_URL: slack.url }
  const { code, out, err } = await tf(['slack:#ops', '-o', 'json'], env)
  expect({ code, err, answer: JSON.parse(out) as unknown }).toEqual({ code: 0, err: '', answer: { destination: 'slack #ops', sent: true } })
  expect(slack.messages.length).toBe(1)
  const nowhere = await tf(['slack', '--to', 'nowhere'], env)
  expect({ code: nowhere.code, out: nowhere.out }).toEqual({ code: 1, out: '' })
  expect(nowhere.err).toMatch(/^error: slack #nowhere: there is no such channel.*\(channel_not_found\)\n$/)
})

test.each([
  [['slack:#ops'], 1, 'set SLACK_BOT_TOKEN'],
  [['email:ops@example.com'], 1, 'set TASKFLOWS_EMAIL_ADDR'],
  [['email', '--to', 'a@example.com', 'b@example.com', '--from', 'c@example.com', '--smtp-server', 'localhost', '--smtp-port', '1'], 1, /email to a@example\.com and 1 more: localhost:1: no answer \(.*ECONNREFUSED/],
  [['discord'], 1, 'set DISCORD_WEBHOOK_URL'],
  [['webhook:http://127.0.0.1:1/planted'], 1, 'no answer'],
  [['webhook:${env:NOT_SET}'], 1, 'the variable NOT_SET is not set'],
  [['slack'], 2, 'expected one channel'],
  [['email:nonsense'], 2, 'Expected `receiverAddr` of Email to be an address'],
  [['email'], 2, '`receiverAddr`'],
  [['webhook:http://example.com/planted'], 2, 'a URL with https'],
  [['pager:5'], 2, 'expected slack:#CHANNEL, email:ADDRESS, discord or webhook:URL'],
  [[], 2, 'DESTINATION'],
] as const)('%j ends with %i and says why', async (args, code, said) => {
  const ended = await tf(args)
  expect({ code: ended.code, out: ended.out }).toEqual({ code, out: '' })
  expect(ended.err).toMatch(typeof said === 'string' ? new RegExp(said.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) : said)
  expect(ended.err).not.toContain('planted')
})
