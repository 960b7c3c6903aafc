/**
 * A double of Slack's Web API on loopback, as far as posting goes: tokens and their scopes, channels and who is in them,
 * forms and JSON as the real one takes them, rate limits, blocks, and files in three steps
 * (https://docs.slack.dev/reference/methods). It answers errors as Slack does: mostly 200 with `ok: false`.
 */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { checkBlocks } from './slack-blocks.ts'

export interface SlackChannel {
  readonly id: string
  readonly name: string
  /** The bot is in it. */
  readonly member?: boolean
  readonly private?: boolean
  readonly archived?: boolean
}

export interface PostedMessage {
  readonly channel: string
  readonly ts: string
  readonly threadTs: string | undefined
  readonly text: string
  readonly blocks: readonly { readonly type: string }[]
}

export interface SharedFile {
  readonly channel: string
  readonly threadTs: string | undefined
  readonly filename: string
  readonly content: Buffer
}

export interface SlackDouble extends AsyncDisposable {
  /** As `apiUrl` of a destination. */
  readonly url: string
  readonly messages: PostedMessage[]
  readonly files: SharedFile[]
  /** Every call: its method. */
  readonly calls: string[]
  /** What the next calls get instead of an answer, in order. */
  readonly refusals: Refusal[]
}

export type Refusal = { readonly retryAfterSeconds: number } | { readonly status: number } | { readonly error: string } | 'hang' | 'reset' | 'none'

export interface SlackDoubleOptions {
  /** Scopes by token. */
  readonly tokens: Readonly<Record<string, readonly string[]>>
  readonly channels: readonly SlackChannel[]
}

type Answer = Readonly<Record<string, unknown>>

/** How Slack names what went wrong. */
class Refused extends Error {
  readonly answer: Answer

  constructor(error: string, more: Answer = {}) {
    super(error)
    this.answer = { ok: false, error, ...more }
  }
}

interface Upload {
  readonly filename: string
  readonly length: number
  content?: Buffer
}

const scopeOf: Readonly<Record<string, string>> = { 'chat.postMessage': 'chat:write', 'files.getUploadURLExternal': 'files:write', 'files.completeUploadExternal': 'files:write' }

export async function startSlackDouble({ tokens, channels }: SlackDoubleOptions): Promise<SlackDouble> {
  const messages: PostedMessage[] = []
  const files: SharedFile[] = []
  const calls: string[] = []
  const refusals: Refusal[] = []
  const uploads = new Map<string, Upload>()
  let url = ''

  const authorize = (method: string, given: string | undefined): readonly string[] => {
    if (given === undefined || given === '') throw new Refused('not_authed')
    const scopes = tokens[given]
    if (!scopes) throw new Refused('invalid_auth')
    const needed = scopeOf[method]
    if (needed === undefined) throw new Refused('unknown_method')
    if (!scopes.includes(needed)) throw new Refused('missing_scope', { needed, provided: scopes.join(',') })
    return scopes
  }

  const channelOf = (given: string | undefined, scopes: readonly string[], byName: boolean): SlackChannel => {
    const found = channels.find(({ id, name }) => id === given || (byName && (given === name || given === `#${name}`)))
    if (!found || (found.private && !found.member)) throw new Refused('channel_not_found')
    if (found.archived) throw new Refused('is_archived')
    if (!found.member && !scopes.includes('chat:write.public')) throw new Refused('not_in_channel')
    return found
  }

  const threadOf = (given: string | undefined): string | undefined => {
    if (given !== undefined && !messages.some(({ ts }) => ts === given)) throw new Refused('thread_not_found')
    return given
  }

  const methods: Readonly<Record<string, (args: Readonly<Record<string, string | undefined>>, scopes: readonly string[]) => Answer>> = {
    'chat.postMessage': ({ channel, text = '', blocks, thread_ts }, scopes) => {
      const { id } = channelOf(channel, scopes, true)
      if (text === '' && blocks === undefined) throw new Refused('no_text')
      if (text.length > 40_000) throw new Refused('msg_too_long')
      const read = blocks === undefined ? [] : json(blocks, 'invalid_blocks_format')
      const problems = blocks === undefined ? [] : checkBlocks(read)
      if (problems.length > 0) throw new Refused('invalid_blocks', { response_metadata: { messages: problems.map((problem) => `[ERROR] ${problem}`) } })
      const ts = `${1_700_000_000 + messages.length}.000100`
      messages.push({ channel: id, ts, threadTs: threadOf(thread_ts), text, blocks: read as PostedMessage['blocks'] })
      return { channel: id, ts, message: { text } }
    },
    'files.getUploadURLExternal': ({ filename, length }) => {
      if (!filename || !(Number(length) > 0)) throw new Refused('invalid_arguments')
      const id = `F${uploads.size + 1}`
      uploads.set(id, { filename, length: Number(length) })
      return { file_id: id, upload_url: `${url}/upload/v1/${id}` }
    },
    'files.completeUploadExternal': ({ files: given, channel_id, thread_ts }, scopes) => {
      const { id: channel } = channelOf(channel_id, scopes, false)
      const threadTs = threadOf(thread_ts)
      const shared = (json(given ?? '', 'invalid_arguments') as readonly { readonly id: string }[]).map(({ id }) => {
        const upload = uploads.get(id)
        if (upload?.content === undefined) throw new Refused('file_not_found')
        return { channel, threadTs, filename: upload.filename, content: upload.content }
      })
      files.push(...shared)
      return { files: shared.map(({ filename }) => ({ title: filename })) }
    },
  }

  const takeUpload = async (request: IncomingMessage, id: string): Promise<{ readonly status: number; readonly text: string }> => {
    const upload = uploads.get(id)
    if (!upload) return { status: 404, text: 'no such upload' }
    const type = request.headers['content-type'] ?? ''
    const bytes = await buffer(request)
    const form = type.startsWith('multipart/form-data') ? await new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } }).formData() : undefined
    const [file] = form ? [...form.values()] : []
    const content = file instanceof Blob ? Buffer.from(await file.arrayBuffer()) : bytes
    if (content.length !== upload.length) return { status: 400, text: `expected ${upload.length} bytes, got ${content.length}` }
    upload.content = content
    return { status: 200, text: `OK - ${content.length}` }
  }

  const server = createServer((request, response) => void handle(request, response))
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '', 'http://slack').pathname
    const [, uploadId] = /^\/upload\/v1\/(\w+)$/.exec(path) ?? []
    const method = uploadId === undefined ? path.replace('/api/', '') : 'upload'
    calls.push(method)
    const next = refusals.shift()
    const refusal = next === 'none' ? undefined : next
    if (refusal === 'hang') return
    if (refusal === 'reset') return void request.socket.destroy()
    if (refusal !== undefined && 'retryAfterSeconds' in refusal) return void response.writeHead(429, { 'retry-after': String(refusal.retryAfterSeconds) }).end('{"ok":false,"error":"ratelimited"}')
    if (refusal !== undefined && 'status' in refusal) return void response.writeHead(refusal.status).end('upstream')
    if (uploadId !== undefined) {
      const { status, text } = await takeUpload(request, uploadId)
      return void response.writeHead(status).end(text)
    }
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const args = argumentsOf(request.headers['content-type'], (await buffer(request)).toString('utf8'))
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? args['token']
    let answer: Answer
    try {
      if (refusal !== undefined) throw new Refused(refusal.error)
      const scopes = authorize(method, token)
      answer = { ok: true, ...methods[method]!(args, scopes) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      answer = error.answer
    }
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'x-oauth-scopes': (tokens[token ?? ''] ?? []).join(','), 'x-accepted-oauth-scopes': scopeOf[method] ?? '' })
    response.end(JSON.stringify(answer))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${url}/api/`, messages, files, calls, refusals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A form, or JSON whose values Slack reads as if they had come in a form. */
function argumentsOf(type: string | undefined, body: string): Readonly<Record<string, string | undefined>> {
  if (type?.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(body))
  if (!type?.startsWith('application/json')) return {}
  return Object.fromEntries(Object.entries(json(body, 'invalid_json') as object).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}

function json(text: string, otherwise: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused(otherwise)
  }
}
