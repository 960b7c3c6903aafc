/** A channel of Discord, through a webhook of it (https://discord.com/developers/docs/resources/webhook#execute-webhook). */
import { hash } from 'node:crypto'
import { backgroundFetch } from './background-fetch.ts'
import { type AlertTools, type DeliveryOptions, Destination, checkOptionNames } from '../../kernel/alerts/destination.ts'
import { type AlertChannel, type Attachment, AlertNotSent, type RenderLimits } from '../../kernel/alerts/message.ts'
import { renderDiscord } from '../../kernel/alerts/render-discord.ts'
import { checkedUrl, faultOfUrl } from './option-checks.ts'
import { credential, refusedByStatus, unreachable } from './trouble.ts'

export interface DiscordOptions extends DeliveryOptions {
  /** Of the webhook, which whoever knows it may post to; or a reference to it. Default: DISCORD_WEBHOOK_URL. */
  readonly webhookUrl?: string
}

/** Webhooks may post files up to 10 MiB; the others of the message count too. */
const limits: RenderLimits = { inlineTableMaxRows: 20, attachmentMaxBytes: 8 * 1024 * 1024 }

/**
 * A channel of Discord.
 * @example new Discord()
 * @example new Discord({ webhookUrl: '${env:OPS_WEBHOOK}', digestEvery: '10m' })
 */
export class Discord extends Destination {
  readonly kind = 'discord'
  readonly name = 'discord'
  readonly #webhookUrl: string | undefined

  /** @throws TypeError that names the option, without quoting it */
  constructor(given: string | DiscordOptions = {}) {
    const options = typeof given === 'string' ? { webhookUrl: given } : given
    checkOptionNames('Discord', options, ['webhookUrl'])
    super(options)
    this.#webhookUrl = options.webhookUrl === undefined ? undefined : checkedUrl('Discord', 'webhookUrl', options.webhookUrl)
  }

  override get address(): string {
    return this.#webhookUrl === undefined ? this.name : `${this.name} ${hash('sha256', this.#webhookUrl, 'hex').slice(0, 16)}`
  }

  open(tools: AlertTools): AlertChannel {
    const url = credential(this.name, { given: this.#webhookUrl, setting: tools.settings.discordWebhookUrl, option: 'webhookUrl', variable: 'DISCORD_WEBHOOK_URL' }, tools)
    const fault = faultOfUrl(url)
    if (fault !== undefined) throw new AlertNotSent(`${this.name}: expected \`webhookUrl\` to stand for ${fault}`, { retryable: false })
    return discordChannel(this.name, url)
  }
}

/** A retry goes on where the try before broke off: what was posted is not posted again. */
function discordChannel(name: string, url: string): AlertChannel {
  let posted = 0
  return {
    name,
    send: async (message, signal) => {
      const { contents, files } = renderDiscord(message, limits)
      for (const [index, content] of contents.entries()) {
        if (index < posted) continue
        // Files stand below the text, so they go with its last part.
        await post(name, url, { content, files: index === contents.length - 1 ? files : [] }, signal)
        posted += 1
      }
    },
  }
}

interface Part {
  readonly content: string
  readonly files: readonly Attachment[]
}

async function post(name: string, url: string, { content, files }: Part, signal: AbortSignal): Promise<void> {
  const form = new FormData()
  form.append('payload_json', JSON.stringify({ content, allowed_mentions: { parse: [] }, attachments: files.map(({ filename }, id) => ({ id, filename })) }))
  for (const [index, { filename, contentType, content: bytes }] of files.entries()) {
    form.append(`files[${index}]`, new Blob([bytes as Uint8Array<ArrayBuffer>], { type: contentType }), filename)
  }
  const target = new URL(url)
  target.searchParams.set('wait', 'true')
  const answer = await backgroundFetch(target, { method: 'POST', body: form, signal }).catch((error: unknown) => { throw unreachable(name, error, [url, target.pathname]) })
  if (!answer.ok) throw refused(name, answer, await answer.text())
}

function refused(name: string, answer: Response, text: string): AlertNotSent {
  const { message, retry_after: seconds } = parsed(text)
  if (answer.status === 404 || answer.status === 401) return new AlertNotSent(`${name}: there is no such webhook (${answer.status}): it was removed, or DISCORD_WEBHOOK_URL is wrong`, { retryable: false })
  if (answer.status === 429 && typeof seconds === 'number') return new AlertNotSent(`${name}: Discord asks for fewer messages (429)`, { retryable: true, retryAfterMs: Math.ceil(seconds * 1000) })
  return refusedByStatus(name, answer, typeof message === 'string' ? message : '')
}

function parsed(text: string): { readonly message?: unknown; readonly retry_after?: unknown } {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}
