/** Webhooks and Discord over real connections. */
import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Discord, Webhook } from '../../src/alerts.ts'
import { Table, Text } from '../../src/kernel/alerts/components.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'
import { alertTools, failureOf, sendOnce } from '../testbed/alert-tools.ts'
import { type HttpSink, startHttpSink } from '../testbed/http-sink.ts'

const message: AlertMessage = { subject: 'Import failed', severity: 'error', content: [new Text('No @everyone *here*')], data: { event: 'task.finished', task_name: 'import' }, key: 'import failed', topic: 'import' }
const rows = Array.from({ length: 400 }, (_, id) => ({ id }))

let sink: HttpSink
beforeEach(async () => { sink = await startHttpSink() })
afterEach(() => sink[Symbol.asyncDispose]())

/** What Discord got: its JSON, and its files by name. */
async function discordPost(index: number) {
  const { body, headers } = sink.received[index]!
  const form = await new Response(body as Uint8Array<ArrayBuffer>, { headers: { 'content-type': headers['content-type']! } }).formData()
  const files = [...form.entries()].filter(([name]) => name !== 'payload_json').map(([name, value]) => ({ name, filename: (value as File).name, size: (value as File).size }))
  return { payload: JSON.parse(form.get('payload_json') as string) as { content: string; allowed_mentions: unknown; attachments: unknown }, files }
}

test('a webhook gets the message as JSON, with the data of the task and the text as Markdown', async () => {
  await sendOnce(new Webhook({ url: `${sink.url}/hook?x=1`, headers: { 'X-Team': 'ops' } }), message)
  const [{ method, path, headers, body }] = sink.received as [HttpSink['received'][number]]
  expect({ method, path, type: headers['content-type'], team: headers['x-team'], signature: headers['x-taskflows-signature'] }).toEqual({ method: 'POST', path: '/hook?x=1', type: 'application/json; charset=utf-8', team: 'ops', signature: undefined })
  expect(JSON.parse(body.toString())).toEqual({
    subject: 'Import failed', severity: 'error', key: 'import failed', topic: 'import', data: message.data, attachments: [], markdown: expect.stringContaining('Import failed'),
  })
})

test('with a secret the body is signed as GitHub signs', async () => {
  await sendOnce(new Webhook({ url: sink.url, secret: '${env:HOOK_SECRET}' }), { ...message, subject: 'Ü' }, alertTools({}, { HOOK_SECRET: 'planted-secret' }))
  const [{ headers, body }] = sink.received as [HttpSink['received'][number]]
  expect(headers['x-taskflows-signature']).toBe(`sha256=${createHmac('sha256', 'planted-secret').update(body).digest('hex')}`)
})

test('a long table is an attachment in base64', async () => {
  await sendOnce(new Webhook(sink.url), { ...message, content: [new Table(rows)] })
  const { attachments } = JSON.parse(sink.received[0]!.body.toString()) as { attachments: { filename: string; content_type: string; base64: string }[] }
  expect(attachments).toEqual([{ filename: expect.stringMatching(/\.csv$/), content_type: expect.stringContaining('text/csv'), base64: expect.any(String) }])
  expect(Buffer.from(attachments[0]!.base64, 'base64').toString()).toMatch(/^id\r\n0\r\n1\r\n/)
})

test('every try of one message has the same delivery, each message another', async () => {
  const channel = await new Webhook(sink.url).open(alertTools())
  sink.answers.push({ status: 500 })
  await expect(channel.send(message, AbortSignal.timeout(5000))).rejects.toMatchObject({ retryable: true })
  await channel.send(message, AbortSignal.timeout(5000))
  await sendOnce(new Webhook(sink.url), message)
  const [first, second, third] = sink.received.map(({ headers }) => headers['x-taskflows-delivery'])
  expect(first).toBe(second)
  expect(third).not.toBe(first)
})

test.each([
  [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, false, undefined, '302; redirects are not followed'],
  [{ status: 400, body: 'planted-answer' }, false, undefined, '400'],
  [{ status: 410 }, false, undefined, '410'],
  [{ status: 429, headers: { 'retry-after': '3' } }, true, 3000, '429'],
  [{ status: 503 }, true, undefined, '503'],
])('the answer %j means: worth another try: %s', async (answer, retryable, retryAfterMs, said) => {
  sink.answers.push(answer)
  expect(await failureOf(new Webhook(sink.url), message)).toEqual({ name: 'AlertNotSent', text: `webhook ${new URL(sink.url).host}: the answer was ${said}`, retryable, retryAfterMs })
  expect(sink.received.length).toBe(1)
})

test('a webhook that does not answer is left at the signal, one that is not there is named', async () => {
  sink.answers.push('hang')
  const channel = await new Webhook(sink.url).open(alertTools())
  await expect(channel.send(message, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'AlertNotSent', retryable: true })
  expect(await failureOf(new Webhook('http://127.0.0.1:1/planted-path'), message)).toMatchObject({ retryable: true, text: expect.stringMatching(/^webhook 127\.0\.0\.1:1: no answer \(.*ECONNREFUSED/) })
})

test('what must stay secret is in nothing that is printed, named or thrown', async () => {
  const webhook = new Webhook({ url: 'http://user:planted-password@127.0.0.1:1/planted-path?planted-query', secret: 'planted-secret', headers: { authorization: 'planted-header' } })
  const discord = new Discord('http://127.0.0.1:1/api/webhooks/1/planted-token')
  for (const destination of [webhook, discord]) {
    const failure = await destination.open(alertTools()).send(message, AbortSignal.timeout(1000)).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    expect([inspect(destination, { showHidden: true, depth: 9 }), JSON.stringify(destination), destination.name, destination.address, inspect(failure, { showHidden: true, depth: 9 })].join()).not.toContain('planted')
  }
})

test('Discord gets the text in parts, the files with the last, and nobody is called', async () => {
  const long = Array.from({ length: 30 }, (_, n) => new Text(`paragraph ${n} `.repeat(20)))
  await sendOnce(new Discord(`${sink.url}/api/webhooks/1/x`), { ...message, content: [...message.content, ...long, new Table(rows)] })
  expect(sink.received.length).toBeGreaterThan(1)
  expect(sink.received[0]!.path).toBe('/api/webhooks/1/x?wait=true')
  const posts = await Promise.all(sink.received.map((_, index) => discordPost(index)))
  for (const { payload } of posts) {
    expect(payload.content.length).toBeLessThanOrEqual(2000)
    expect(payload.allowed_mentions).toEqual({ parse: [] })
  }
  expect(posts[0]!.payload.content).toContain('Import failed')
  expect(posts.slice(0, -1).flatMap(({ files }) => files)).toEqual([])
  expect(posts.at(-1)!.files).toEqual([{ name: 'files[0]', filename: expect.stringMatching(/\.csv$/), size: expect.any(Number) }])
})

test('a part that Discord took is not posted again', async () => {
  const channel = new Discord(sink.url).open(alertTools())
  const long = { ...message, content: Array.from({ length: 30 }, (_, n) => new Text(`paragraph ${n} `.repeat(20))) }
  sink.answers.push({ status: 200 }, { status: 429, body: '{"message":"You are being rate limited.","retry_after":1.25,"global":false}' })
  await expect(channel.send(long, AbortSignal.timeout(5000))).rejects.toMatchObject({ retryable: true, retryAfterMs: 1250 })
  await channel.send(long, AbortSignal.timeout(5000))
  const contents = await Promise.all(sink.received.map(async (_, index) => (await discordPost(index)).payload.content))
  expect(contents[1]).toBe(contents[2])
  expect(new Set(contents).size).toBe(contents.length - 1)
})

test.each([
  [{ status: 404, body: '{"message":"Unknown Webhook","code":10015}' }, 'discord: there is no such webhook (404): it was removed, or DISCORD_WEBHOOK_URL is wrong'],
  [{ status: 400, body: '{"message":"Cannot send an empty message"}' }, 'discord: the answer was 400 (Cannot send an empty message)'],
])('Discord answers %j, for good', async (answer, text) => {
  sink.answers.push(answer)
  expect(await failureOf(new Discord(sink.url), message)).toMatchObject({ retryable: false, text })
})

test('the webhook of Discord comes from the settings or a reference', async () => {
  await sendOnce(new Discord(), message, alertTools({ discordWebhookUrl: sink.url }))
  await sendOnce(new Discord('${env:HOOK}'), message, alertTools({}, { HOOK: sink.url }))
  expect(sink.received.length).toBe(2)
  expect((await failureOf(new Discord(), message))?.text).toBe('discord: there is no `webhookUrl`: give it, or set DISCORD_WEBHOOK_URL')
})

test.each([
  [() => new Webhook({} as never), /`url` of Webhook to be a text/], [() => new Webhook('nonsense'), /`url` of Webhook to be a URL/], [() => new Webhook('http://example.com/hook'), /`url` of Webhook to be a URL with https/],
  [() => new Webhook('ftp://example.com'), /`url`/], [() => new Webhook({ url: 'https://a.b', headers: { 'a b': 'x' } }), /`headers`.*`a b`/], [() => new Webhook({ url: 'https://a.b', headers: { a: 'x\r\ny' } }), /`headers`/],
  [() => new Webhook({ url: 'https://a.b', secret: 5 as never }), /`secret` of Webhook.*got number/], [() => new Webhook({ url: 'https://a.b', secrt: 'x' } as never), /did you mean `secret`/],
  [() => new Discord('nonsense'), /`webhookUrl` of Discord to be a URL/], [() => new Discord({ webhookUrl: 'http://discord.com/x' }), /with https/], [() => new Discord({ webhookUrl: null as never }), /`webhookUrl`.*got null/],
])('%s is refused, naming the option', (make, expected) => {
  expect(make).toThrow(expected)
})

test('http to other machines is allowed where it is asked for', () => {
  expect(new Webhook({ url: 'http://example.com/hook', insecure: true }).name).toBe('webhook example.com')
})
