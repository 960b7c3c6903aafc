/** Slack's own client, as the product uses it, against the double of its Web API. */
import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Slack, sendSlackMessage } from '../../src/alerts.ts'
import { CodeBlock, Table, Text } from '../../src/kernel/alerts/components.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'
import { alertTools, failureOf, sendOnce } from '../testbed/alert-tools.ts'
import { type SlackDouble, startSlackDouble } from '../testbed/slack-api.ts'

const token = 'xoxb-full-secret-token'
const poorToken = 'xoxb-poor-secret-token'

let slack: SlackDouble
beforeEach(async () => {
  slack = await startSlackDouble({
    tokens: { [token]: ['chat:write', 'chat:write.public', 'files:write'], [poorToken]: ['chat:write'], 'xoxb-none-secret-token': ['users:read'] },
    channels: [{ id: 'C0000001', name: 'alerts' }, { id: 'C0000002', name: 'old', archived: true }, { id: 'C0000003', name: 'private', private: true }, { id: 'C0000004', name: 'home', member: true }],
  })
})
afterEach(() => slack[Symbol.asyncDispose]())

const to = (channel: string, given = token) => new Slack({ channel, token: given, apiUrl: slack.url })
const message: AlertMessage = { subject: 'Disk is full', severity: 'error', content: [new Text('Only <1 %> left & *no* <!channel>')] }
const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `row ${id}` }))

test('a message arrives as blocks that Slack takes, with a text for notifications', async () => {
  await sendOnce(to('alerts'), message)
  expect(slack.calls).toEqual(['chat.postMessage'])
  expect(slack.messages[0]).toMatchObject({ channel: 'C0000001', threadTs: undefined, text: expect.stringContaining('Disk is full') })
  expect(JSON.stringify(slack.messages[0]!.blocks)).toContain('Only <1 %> left & *no* <!channel>')
  expect(slack.messages[0]!.text).not.toContain('<!channel>')
})

test.each(['alerts', '#alerts', 'C0000001'])('the channel may be written %s', async (channel) => {
  await sendOnce(to(channel), message)
  expect(slack.messages[0]!.channel).toBe('C0000001')
})

test('a table with more rows than configured becomes a file below the message', async () => {
  await sendOnce(to('#alerts'), { ...message, content: [new Table(rows)] })
  expect(slack.calls).toEqual(['chat.postMessage', 'files.getUploadURLExternal', 'upload', 'files.completeUploadExternal'])
  const [file] = slack.files
  expect(file).toMatchObject({ channel: 'C0000001', threadTs: slack.messages[0]!.ts, filename: expect.stringMatching(/\.csv$/) })
  expect(file!.content.toString()).toMatch(/^id,name\r\n0,row 0\r\n/)
})

test('what does not fit into one message goes on below the first', async () => {
  await sendOnce(to('alerts'), { ...message, content: Array.from({ length: 30 }, (_, n) => [new Text(`paragraph ${n} `.repeat(200)), new CodeBlock('x')]).flat() })
  expect(slack.messages.length).toBeGreaterThan(1)
  expect(new Set(slack.messages.slice(1).map(({ threadTs }) => threadTs))).toEqual(new Set([slack.messages[0]!.ts]))
})

test('blocks that Slack refuses all the same are sent as plain text', async () => {
  slack.refusals.push({ error: 'invalid_blocks' })
  await sendOnce(to('alerts'), message)
  expect(slack.messages).toEqual([expect.objectContaining({ blocks: [], text: expect.stringContaining('Disk is full') })])
})

test('a try again does not repeat what was posted', async () => {
  const channel = await to('alerts').open(alertTools())
  const send = () => channel.send({ ...message, content: [new Table(rows)] }, AbortSignal.timeout(5000))
  slack.refusals.push({ retryAfterSeconds: 7 })
  await expect(send()).rejects.toMatchObject({ retryable: true, retryAfterMs: 7000 })
  slack.refusals.push('reset')
  await expect(send()).rejects.toMatchObject({ retryable: true, message: expect.stringMatching(/^slack #alerts: no answer/) })
  slack.refusals.push('none', { status: 503 })
  await expect(send()).rejects.toMatchObject({ retryable: true, message: 'slack #alerts: sent without its files: the answer was 503' })
  await send()
  expect(slack.messages.length).toBe(1)
  expect(slack.files.length).toBe(1)
})

test.each([
  ['nowhere', token, 'slack #nowhere: there is no such channel, or the bot cannot see it: check the name, and /invite the bot when the channel is private (channel_not_found)'],
  ['private', token, expect.stringContaining('(channel_not_found)')],
  ['old', token, 'slack #old: the channel is archived (is_archived)'],
  ['alerts', poorToken, 'slack #alerts: the bot is not in the channel: /invite it, or give its app the scope chat:write.public (not_in_channel)'],
  ['alerts', 'xoxb-none-secret-token', 'slack #alerts: the token lacks the scope chat:write: add it to the app (OAuth & Permissions), and install the app again (missing_scope)'],
  ['alerts', 'xoxb-wrong-secret-token', expect.stringContaining('Slack does not know the token')],
])('posting to %s with %s fails for good and says the way out', async (channel, given, text) => {
  expect(await failureOf(to(channel, given), message)).toEqual({ name: 'AlertNotSent', text, retryable: false, retryAfterMs: undefined })
})

test('without the scope for files the message arrives, and it is said that the files did not', async () => {
  const failure = await failureOf(to('home', poorToken), { ...message, content: [new Table(rows)] })
  expect(failure?.text).toBe('slack #home: sent without its files: the token lacks the scope files:write: add it to the app (OAuth & Permissions), and install the app again (missing_scope)')
  expect(slack.messages.length).toBe(1)
})

test('Slack that does not answer is left at the signal', async () => {
  slack.refusals.push('hang')
  const channel = await to('alerts').open(alertTools())
  await expect(channel.send(message, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'AlertNotSent', retryable: true })
})

test('the token may be a reference, and comes from the settings when none is given', async () => {
  await using folder = await temporaryFolder()
  writeFileSync(`${folder.path}/token`, `${token}\n`)
  await sendOnce(new Slack({ channel: 'alerts', token: `\${file:${folder.path}/token}`, apiUrl: slack.url }), message)
  await sendOnce(new Slack({ channel: 'alerts', token: '${env:MY_TOKEN}' }), message, alertTools({ slackApiUrl: slack.url }, { MY_TOKEN: token }))
  await sendOnce(new Slack('alerts'), message, alertTools({ slackApiUrl: slack.url, slackBotToken: token }))
  expect(slack.messages.length).toBe(3)
  expect((await failureOf(new Slack('alerts'), message, alertTools({ slackApiUrl: 'http://example.com/api/', slackBotToken: token })))?.text).toMatch(/SLACK_API_URL to be a URL with https/)
  expect((await failureOf(new Slack('alerts'), message))?.text).toBe('slack #alerts: there is no `token`: give it, or set SLACK_BOT_TOKEN')
  expect((await failureOf(new Slack({ channel: 'alerts', token: '${env:NOT_THERE}' }), message))?.text).toBe('slack #alerts: ${env:NOT_THERE}: the variable NOT_THERE is not set')
})

test('the function of the documents posts, and rejects with what went wrong', async () => {
  await sendSlackMessage({ channel: 'alerts', content: [new Text('Processing finished successfully')], subject: 'Task complete', token, apiUrl: slack.url })
  await sendSlackMessage('alerts', 'no subject', { token, apiUrl: slack.url })
  expect(slack.messages.length).toBe(2)
  await expect(sendSlackMessage({ channel: 'nowhere', content: 'x', token, apiUrl: slack.url })).rejects.toMatchObject({ code: 'alerts.not_sent', message: expect.stringContaining('there is no such channel'), details: { sent: 0 } })
  slack.refusals.push({ error: 'internal_error' })
  await sendSlackMessage({ channel: 'alerts', content: 'second try', retries: 1, token, apiUrl: slack.url })
  expect(slack.messages.length).toBe(3)
})

test('the token is in nothing that is printed or turned into JSON', async () => {
  const destination = to('alerts', 'xoxb-wrong-secret-token')
  const failure = await failureOf(destination, message)
  expect([inspect(destination, { depth: 9, showHidden: true }), JSON.stringify(destination), destination.name, destination.address, inspect(failure)].join()).not.toContain('secret-token')
})

test.each([
  [{}, /`channel` of Slack/], [{ channel: '' }, /`channel`/], [{ channel: 'two words' }, /`channel`.*"two words"/], [{ channel: 7 }, /`channel`.*got 7/], [null, /options of `Slack`/],
  [{ channel: 'a', token: '' }, /`token` of Slack to be a text/], [{ channel: 'a', token: '${ENV:X}' }, /`token` of Slack to be \$\{env:NAME\}/], [{ channel: 'a', tokn: 'x' }, /got `tokn`; did you mean `token`/],
  [{ channel: 'a', apiUrl: 'http://example.com/api' }, /`apiUrl` of Slack to be a URL with https/],
])('new Slack(%j) is refused, naming the option', (options, expected) => {
  expect(() => new Slack(options as never)).toThrow(expected)
})
