/** Mail through an SMTP server, with a text part beside the HTML one. */
import { callbackify } from 'node:util'
import { type AlertTools, type DeliveryOptions, Destination, checkOptionNames } from '../../kernel/alerts/destination.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent, type RenderLimits } from '../../kernel/alerts/message.ts'
import { renderHtml } from '../../kernel/alerts/render-html.ts'
import { isLoopbackName } from '../../access/loopback.ts'
import { backgroundSocket } from './background-socket.ts'
import { checkedText } from './option-checks.ts'
import { excerpt, optionalCredential, unreachable, withoutSecrets } from './trouble.ts'
import type { Transporter } from 'nodemailer'

/** `implicit` from the first byte (RFC 8314), `starttls` required before anything is said, `none` for this machine only. */
export type EmailTls = 'implicit' | 'starttls' | 'none'

export interface EmailOptions extends DeliveryOptions {
  /** Who sends, and logs in at the server. Default: TASKFLOWS_EMAIL_ADDR. */
  readonly addr?: string
  /** Or a reference to it: `${env:NAME}`, `${file:/path}`. Default: TASKFLOWS_EMAIL_PASSWORD. */
  readonly password?: string
  readonly receiverAddr: string | readonly string[]
  /** Default: TASKFLOWS_SMTP_SERVER, else `smtp.gmail.com`. */
  readonly smtpServer?: string
  /** Default: TASKFLOWS_SMTP_PORT, else 465. */
  readonly smtpPort?: number
  /** Default: `implicit` at port 465, else `starttls`; at other ports of this machine than 465 and 587 `none`. */
  readonly tls?: EmailTls
}

/**
 * One or more mailboxes.
 * @example new Email({ addr: 'me@example.com', password: '${env:MAIL_PASSWORD}', receiverAddr: ['ops@example.com'], smtpServer: 'smtp.example.com', smtpPort: 587 })
 */
export class Email extends Destination {
  readonly kind = 'email'
  readonly receiverAddr: readonly string[]
  readonly addr: string | undefined
  readonly smtpServer: string | undefined
  readonly smtpPort: number | undefined
  readonly tls: EmailTls | undefined
  readonly #password: string | undefined

  /** @throws TypeError that names the option */
  constructor(options: EmailOptions) {
    checkOptionNames('Email', options, ['addr', 'password', 'receiverAddr', 'smtpServer', 'smtpPort', 'tls'])
    super(options)
    const { addr, password, receiverAddr, smtpServer, smtpPort, tls } = options
    this.addr = addr === undefined ? undefined : checkedAddress('addr', addr)
    this.#password = password === undefined ? undefined : checkedText('Email', 'password', password)
    this.receiverAddr = checkedReceivers(receiverAddr)
    this.smtpServer = smtpServer === undefined ? undefined : checkedServer(smtpServer)
    this.smtpPort = smtpPort === undefined ? undefined : checkedPort(smtpPort)
    this.tls = tls === undefined ? undefined : checkedTls(tls, this.smtpServer)
  }

  get name(): string {
    const [first, ...others] = this.receiverAddr
    return `email to ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`
  }

  override get address(): string {
    return `email from ${this.addr ?? ''} to ${this.receiverAddr.join(', ')}`
  }

  async open(tools: AlertTools): Promise<AlertChannel> {
    const mailbox = this.#mailbox(tools)
    const { createTransport } = await import('nodemailer')
    const { host, port, tls, from, password } = mailbox
    const connect = (signal: AbortSignal) => createTransport({
      host, port, secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none',
      ...(password !== undefined && { auth: { user: from, pass: password } }),
      greetingTimeout: patienceMs, socketTimeout: 60_000, logger: false, disableFileAccess: true, disableUrlAccess: true,
      getSocket: callbackify(async (_options: unknown) => ({ connection: await backgroundSocket(host, port, patienceMs, signal) })),
    } as object)
    return emailChannel(this, mailbox, connect, tools.settings.emailLimits)
  }

  #mailbox(tools: AlertTools): Mailbox {
    const { settings } = tools
    const missing = (option: string, variable: string) => new AlertNotSent(`${this.name}: there is no \`${option}\`: give it, or set ${variable}`, { retryable: false })
    const from = this.addr ?? settings.emailAddr ?? undefined
    if (from === undefined) throw missing('addr', 'TASKFLOWS_EMAIL_ADDR')
    const host = this.smtpServer ?? settings.smtpServer
    const port = this.smtpPort ?? settings.smtpPort
    const password = optionalCredential(this.name, this.#password, settings.emailPassword, tools)
    // A mail server of this machine may take whatever comes from it.
    if (password === undefined && !isLoopbackName(host)) throw missing('password', 'TASKFLOWS_EMAIL_PASSWORD')
    return { from, host, port, password, tls: this.tls ?? usualTls(host, port) }
  }
}

interface Mailbox {
  readonly from: string
  readonly host: string
  readonly port: number
  readonly password: string | undefined
  readonly tls: EmailTls
}

/** For connecting, and for the greeting. The library waits for that with a timer that keeps the process: no longer than must be. */
const patienceMs = 5_000

function usualTls(host: string, port: number): EmailTls {
  if (port === 465) return 'implicit'
  return port !== 587 && isLoopbackName(host) ? 'none' : 'starttls'
}

function emailChannel({ name, receiverAddr }: Email, mailbox: Mailbox, connect: (signal: AbortSignal) => Transporter, limits: RenderLimits): AlertChannel {
  return {
    name,
    send: async (message, signal) => {
      const mail = { from: mailbox.from, to: [...receiverAddr], ...mailOf(message, limits), signal }
      const { rejected } = (await connect(signal).sendMail(mail).catch((error: unknown) => { throw asNotSent(name, mailbox, error) })) as { readonly rejected?: readonly string[] }
      // The others have it, so another try would send it to them twice.
      if (rejected && rejected.length > 0) throw new AlertNotSent(`${name}: the server refused ${excerpt(rejected.join(', '))}; the others got the message`, { retryable: false })
    },
  }
}

function mailOf(message: AlertMessage, limits: RenderLimits) {
  const { html, text, files } = renderHtml(message, limits)
  return {
    // In one line: nothing of a subject may become a header of its own.
    subject: message.subject.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim(),
    text,
    html,
    attachments: files.map(({ filename, contentType, content, contentId }) => ({ filename, contentType, content: content as Buffer | string, ...(contentId !== undefined && { cid: contentId }) })),
    // So that no out-of-office note answers (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

interface SmtpError {
  readonly code?: string
  readonly responseCode?: number
  readonly response?: string
  readonly rejected?: readonly string[]
}

function asNotSent(name: string, { host, port, from, password, tls }: Mailbox, error: unknown): AlertNotSent {
  const { code, responseCode, response, rejected = [] } = Object(error) as SmtpError
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const secrets = password === undefined ? [] : [password, base64(password), base64(`\0${from}\0${password}`)]
  const said = response === undefined ? '' : ` (${excerpt(withoutSecrets(response, secrets))})`
  // 4xx is "not now" (RFC 5321 §4.2.1).
  const retryable = responseCode !== undefined && responseCode < 500
  switch (code) {
    case 'EAUTH':
      return new AlertNotSent(`${name}: ${host} does not accept the password of ${from}${said}`, { retryable })
    case 'EENVELOPE':
      return new AlertNotSent(`${name}: ${host} refused ${rejected.length > 0 ? excerpt(rejected.join(', ')) : 'the sender or the receivers'}${said}`, { retryable })
    case 'EMESSAGE':
      return new AlertNotSent(`${name}: ${host} refused the message${said}`, { retryable })
    case 'ETLS':
      return new AlertNotSent(`${name}: ${host}:${port} offers no TLS that can be used (tls: '${tls}')${said}`, { retryable: false })
    default:
      return responseCode === undefined ? unreachable(`${name}: ${host}:${port}`, error, secrets) : new AlertNotSent(`${name}: ${host} refused${said}`, { retryable })
  }
}

function checkedReceivers(given: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new TypeError('Expected `receiverAddr` of Email to be one or more addresses, got none')
  return list.map((address) => checkedAddress('receiverAddr', address))
}

/** Plain addresses: no names, no lists, nothing that could be a header. */
function checkedAddress(option: string, address: unknown): string {
  if (typeof address === 'string' && address.length <= 254 && /^[^\s\p{Cc}<>()[\],;:"@\\]+@[^\s\p{Cc}<>()[\],;:"@\\]+$/u.test(address)) return address
  throw new TypeError(`Expected \`${option}\` of Email to be an address such as ops@example.com, got ${JSON.stringify(address)}`)
}

function checkedServer(server: unknown): string {
  if (typeof server === 'string' && /^[\w.:[\]-]{1,253}$/.test(server)) return server
  throw new TypeError(`Expected \`smtpServer\` of Email to be the name of a host, such as smtp.example.com, got ${JSON.stringify(server)}`)
}

function checkedPort(port: unknown): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new TypeError(`Expected \`smtpPort\` of Email to be a port from 1 to 65535, got ${JSON.stringify(port)}`)
}

function checkedTls(tls: unknown, server: string | undefined): EmailTls {
  if (tls !== 'implicit' && tls !== 'starttls' && tls !== 'none') throw new TypeError(`Expected \`tls\` of Email to be one of implicit, starttls, none, got ${JSON.stringify(tls)}`)
  if (tls === 'none' && (server === undefined || !isLoopbackName(server))) throw new TypeError('Expected `tls` of Email to be implicit or starttls, since the password must not be readable on the way; none is for an `smtpServer` on this machine')
  return tls
}
