/**
 * A URL that messages are posted to as JSON.
 *
 *   { "subject", "severity", "key", "topic", "markdown", "data", "attachments": [{ "filename", "content_type", "base64" }] }
 *
 *   X-Taskflows-Delivery   the same for every try of one message
 *   X-Taskflows-Signature  with a secret: `sha256=` and the hex HMAC-SHA256 of the body's bytes, as GitHub signs
 *                          (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)
 */
import { createHmac, hash, randomUUID } from 'node:crypto'
import { backgroundFetch } from './background-fetch.ts'
import { hasReference } from '../../config/references.ts'
import { type AlertTools, type DeliveryOptions, Destination, checkOptionNames } from '../../kernel/alerts/destination.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent, type RenderLimits } from '../../kernel/alerts/message.ts'
import { renderMarkdown } from '../../kernel/alerts/render-markdown.ts'
import { packageVersion } from '../../kernel/version.ts'
import { checkedText, checkedUrl, faultOfUrl } from './option-checks.ts'
import { optionalCredential, refusedByStatus, unreachable } from './trouble.ts'

export interface WebhookOptions extends DeliveryOptions {
  /** With https, unless it is this machine. It, and each of the others, may be or hold `${env:NAME}` or `${file:/path}`. */
  readonly url: string
  /** Besides ours, such as `{ authorization: 'Bearer ${env:HOOK_TOKEN}' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Signs the body. */
  readonly secret?: string
  /** Allows http to other machines. Default: false. */
  readonly insecure?: boolean
}

const limits: RenderLimits = { inlineTableMaxRows: 200, attachmentMaxBytes: 1024 * 1024 }

/**
 * Any HTTP server.
 * @example new Webhook('https://example.com/hook')
 * @example new Webhook({ url: '${env:HOOK_URL}', secret: '${file:/etc/taskflows/hook-secret}' })
 */
export class Webhook extends Destination {
  readonly kind = 'webhook'
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #secret: string | undefined
  readonly #insecure: boolean

  /** @throws TypeError that names the option, without quoting it */
  constructor(given: string | WebhookOptions) {
    const options = typeof given === 'string' ? { url: given } : given
    checkOptionNames('Webhook', options, ['url', 'headers', 'secret', 'insecure'])
    super(options)
    const { url, headers = {}, secret, insecure = false } = options
    this.#insecure = insecure === true
    this.#url = checkedUrl('Webhook', 'url', url, this.#insecure)
    this.#headers = checkedHeaders(headers)
    this.#secret = secret === undefined ? undefined : checkedText('Webhook', 'secret', secret)
  }

  get name(): string {
    return `webhook ${hasReference(this.#url) ? this.#url : new URL(this.#url).host}`
  }

  override get address(): string {
    return `${this.name} ${hash('sha256', this.#url, 'hex').slice(0, 16)}`
  }

  open({ reveal }: AlertTools): AlertChannel {
    const { name } = this
    const revealed = (text: string) => optionalCredential(name, text, null, { reveal })!
    const url = revealed(this.#url)
    const fault = faultOfUrl(url, this.#insecure)
    if (fault !== undefined) throw new AlertNotSent(`${name}: expected \`url\` to stand for ${fault}`, { retryable: false })
    const headers = Object.fromEntries(Object.entries(this.#headers).map(([header, value]) => [header, revealed(value)]))
    const secret = this.#secret === undefined ? undefined : revealed(this.#secret)
    const secrets = [url, new URL(url).pathname, ...Object.values(headers), ...(secret === undefined ? [] : [secret])]
    const delivery = randomUUID()
    return { name, send: (message, signal) => post(name, { url, headers: { ...headers, ...ownHeaders(delivery) }, secret, secrets }, message, signal) }
  }
}

interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly secret: string | undefined
  readonly secrets: readonly string[]
}

async function post(name: string, { url, headers, secret, secrets }: Target, message: AlertMessage, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify(bodyOf(message))
  const signed = secret === undefined ? headers : { ...headers, 'x-taskflows-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
  const answer = await backgroundFetch(url, { method: 'POST', headers: signed, body, signal }).catch((error: unknown) => { throw unreachable(name, error, secrets) })
  // What the other side says is not quoted: it may be what it was sent.
  if (!answer.ok) throw refusedByStatus(name, answer, '')
}

function ownHeaders(delivery: string): Record<string, string> {
  return { 'content-type': 'application/json; charset=utf-8', 'user-agent': `taskflows/${packageVersion()}`, 'x-taskflows-delivery': delivery }
}

function bodyOf(message: AlertMessage): object {
  const { subject, severity, key, topic, data = {} } = message
  const { markdown, files } = renderMarkdown(message, limits)
  const attachments = files.map(({ filename, contentType, content }) => ({ filename, content_type: contentType, base64: Buffer.from(content as Uint8Array).toString('base64') }))
  return { subject, severity, key, topic, markdown, data, attachments }
}

function checkedHeaders(headers: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(Object(headers) as Readonly<Record<string, unknown>>)
  for (const [name, value] of entries) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TypeError(`Expected \`headers\` of Webhook to be names and texts of HTTP headers; \`${name.replaceAll(/[^\x20-\x7e]/g, '?')}\` is not`)
    }
    checkedText('Webhook', `headers.${name}`, value)
  }
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value as string]))
}
