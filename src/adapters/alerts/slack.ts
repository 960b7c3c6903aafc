/**
 * Slack, through a bot of the workspace: scopes `chat:write`, `chat:write.public`
 * for channels it is not in, `files:write` for files.
 */
import { backgroundFetch } from './background-fetch.ts'
import { type AlertTools, type DeliveryOptions, Destination, checkOptionNames } from '../../kernel/alerts/destination.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent } from '../../kernel/alerts/message.ts'
import { type SlackRendering, renderSlack } from '../../kernel/alerts/render-slack.ts'
import { checkedText, checkedUrl, faultOfUrl } from './option-checks.ts'
import { credential, excerpt, unreachable, withoutSecrets } from './trouble.ts'
import type { WebClient } from '@slack/web-api'

export interface SlackOptions extends DeliveryOptions {
  /** Its name, with or without `#`, or its id. */
  readonly channel: string
  /** Of the bot (`xoxb-...`), or a reference to it: `${env:NAME}`, `${file:/path}`. Default: SLACK_BOT_TOKEN. */
  readonly token?: string
  /** Where Slack's Web API is, such as that of GovSlack. Default: SLACK_API_URL, else Slack's own. */
  readonly apiUrl?: string
}

/**
 * A channel of Slack.
 * @example new Slack('alerts')
 * @example new Slack({ channel: '#ops', token: '${file:/etc/taskflows/slack}', dedupeFor: '1h' })
 */
export class Slack extends Destination {
  readonly kind = 'slack'
  readonly channel: string
  readonly #token: string | undefined
  readonly #apiUrl: string | undefined

  /** @throws TypeError that names the option */
  constructor(given: string | SlackOptions) {
    const options = typeof given === 'string' ? { channel: given } : given
    checkOptionNames('Slack', options, ['channel', 'token', 'apiUrl'])
    super(options)
    this.channel = checkedChannel(options.channel)
    this.#token = options.token === undefined ? undefined : checkedText('Slack', 'token', options.token)
    this.#apiUrl = options.apiUrl === undefined ? undefined : checkedUrl('Slack', 'apiUrl', options.apiUrl)
  }

  get name(): string {
    return `slack ${/^([CGDU][A-Z0-9]{7,}|#.*)$/.test(this.channel) ? this.channel : `#${this.channel}`}`
  }

  async open(tools: AlertTools): Promise<AlertChannel> {
    const token = credential(this.name, { given: this.#token, setting: tools.settings.slackBotToken, option: 'token', variable: 'SLACK_BOT_TOKEN' }, tools)
    const apiUrl = this.#apiUrl ?? tools.settings.slackApiUrl
    const fault = faultOfUrl(apiUrl)
    if (fault !== undefined) throw new AlertNotSent(`${this.name}: expected SLACK_API_URL to be ${fault}`, { retryable: false })
    const { WebClient } = await import('@slack/web-api')
    const connect = (signal: AbortSignal) => new WebClient(token, {
      slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
      fetch: (url, { method = 'POST', headers = {}, body } = {}) => backgroundFetch(url, { method, headers, signal, ...(body !== undefined && { body }) }),
      // Tries again are the dispatcher's, which knows what else waits; the library would log to the console.
      retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logger: silent,
    })
    return slackChannel(this, connect, { token, limits: tools.settings.slackLimits })
  }
}

interface Connection {
  readonly token: string
  readonly limits: AlertTools['settings']['slackLimits']
}

/** A retry goes on where the try before broke off: what was posted is not posted again. */
function slackChannel({ name, channel }: Slack, connect: (signal: AbortSignal) => WebClient, { token, limits }: Connection): AlertChannel {
  let posted = 0
  let thread: { readonly channel: string; readonly ts: string } | undefined
  const post = async (client: WebClient, part: SlackRendering['messages'][number], text: string) => {
    const place = { channel: thread?.channel ?? channel, ...(thread && { thread_ts: thread.ts }), text, unfurl_links: false, unfurl_media: false }
    const { channel: id, ts } = await client.chat.postMessage({ ...place, blocks: [...part] as never }).catch((error: unknown) => {
      // Slack refuses a whole message for one picture that it cannot fetch: better the plain text than nothing.
      if (errorOf(error) !== 'invalid_blocks') throw error
      return client.chat.postMessage(place)
    })
    // Files need the id of the channel, which Slack tells only here; what follows the first part is put below it.
    thread ??= { channel: id!, ts: ts! }
    posted += 1
  }
  return {
    name,
    send: async (message: AlertMessage, signal) => {
      const client = connect(signal)
      const { text, messages, files } = renderSlack(message, limits)
      try {
        for (const part of messages.slice(posted)) await post(client, part, text)
        if (files.length === 0 || !thread) return
        const uploads = files.map(({ filename, content }) => ({ filename, file: Buffer.from(content as Uint8Array) }))
        await client.filesUploadV2({ channel_id: thread.channel, thread_ts: thread.ts, file_uploads: uploads })
      } catch (error) {
        throw asNotSent(posted === messages.length ? `${name}: sent without its files` : name, error, token)
      }
    },
  }
}

const nothing = () => {}
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing, getLevel: () => 'error' as never, setName: nothing }

function checkedChannel(channel: unknown): string {
  if (typeof channel === 'string' && /^#?[^\s#,&<>]{1,80}$/u.test(channel)) return channel
  throw new TypeError(`Expected \`channel\` of Slack to be the name or the id of a channel, such as '#alerts', got ${JSON.stringify(channel)}`)
}

/** By the codes of https://docs.slack.dev/reference/methods/chat.postMessage#errors. */
const waysOut: Readonly<Record<string, string>> = {
  channel_not_found: 'there is no such channel, or the bot cannot see it: check the name, and /invite the bot when the channel is private',
  not_in_channel: 'the bot is not in the channel: /invite it, or give its app the scope chat:write.public',
  is_archived: 'the channel is archived',
  invalid_auth: 'Slack does not know the token: SLACK_BOT_TOKEN or `token` must be the bot token (xoxb-...) of the workspace',
  not_authed: 'the token is empty',
  token_revoked: 'the token was revoked: install the app in the workspace again',
  token_expired: 'the token has expired: install the app in the workspace again',
  account_inactive: 'the account or the workspace of the token is gone',
}

/** The code of what Slack refused. */
function errorOf(error: unknown): string | undefined {
  return (error as { readonly data?: { readonly error?: string } }).data?.error
}

/** Those after which the same may work. */
const passing = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited', 'rate_limited', 'message_limit_exceeded'])

/** @param name of the destination, and what became of the message so far */
function asNotSent(name: string, error: unknown, token: string): AlertNotSent {
  const { code, data, retryAfter, statusCode } = error as { readonly code?: string; readonly data?: { readonly error?: string; readonly needed?: string }; readonly retryAfter?: number; readonly statusCode?: number }
  switch (code) {
    case 'slack_webapi_rate_limited_error':
      return new AlertNotSent(`${name}: Slack asks for fewer messages (429)`, { retryable: true, ...(retryAfter !== undefined && { retryAfterMs: retryAfter * 1000 }) })
    case 'slack_webapi_http_error':
      return new AlertNotSent(`${name}: the answer was ${statusCode}`, { retryable: statusCode === undefined || statusCode >= 500 })
    case 'slack_webapi_platform_error': {
      const reason = excerpt(withoutSecrets(data?.error ?? 'unknown', [token]))
      const scope = reason === 'missing_scope' ? `the token lacks the scope ${excerpt(data?.needed ?? '')}: add it to the app (OAuth & Permissions), and install the app again` : undefined
      const wayOut = scope ?? waysOut[reason]
      return new AlertNotSent(wayOut === undefined ? `${name}: Slack refused it: ${reason}` : `${name}: ${wayOut} (${reason})`, { retryable: passing.has(reason) })
    }
    default:
      return unreachable(name, error, [token])
  }
}
