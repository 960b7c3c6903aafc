/** Sending without a task: what these functions resolve with has arrived, or has been collected for a digest. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Discord, type DiscordOptions, Email, type EmailOptions, Slack, type SlackOptions } from './adapters/alerts/index.ts'
import type { Component } from './kernel/alerts/components.ts'
import { readContent } from './kernel/alerts/components/content.ts'
import { readSeverity, readText } from './kernel/alerts/components/arguments.ts'
import { type Destination, isDestination } from './kernel/alerts/destination.ts'
import type { Dispatcher } from './kernel/alerts/dispatcher.ts'
import type { AlertMessage, Attachment, Severity } from './kernel/alerts/message.ts'
import { zipOf } from './kernel/alerts/zip.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'

/** Strings are paragraphs of text. */
export type AlertContent = Component | string | readonly (Component | string)[]

export interface AlertInput {
  /** One line. Default: none. */
  readonly subject?: string
  /** Default `info`. */
  readonly severity?: Severity
  readonly content?: AlertContent
  readonly attachments?: readonly Attachment[]
  /** Paths of files that go with the message. */
  readonly attachmentFiles?: readonly string[]
  /** All attachments go as one `attachments.zip`. Default: false. */
  readonly zipAttachmentFiles?: boolean
  /** What machines read of it, for webhooks: plain JSON. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Messages with equal keys tell the same news, for `dedupeFor` and `digestEvery`. Default: severity and subject. */
  readonly key?: string
  /** What the news is about, for `recovery`: a success after an error of the same topic. Default: the key. */
  readonly topic?: string
}

export interface SendOptions {
  /** How often it is tried again while that can help. Default 1. */
  readonly retries?: number
}

/**
 * Sends one message to one or more destinations.
 * @throws `alerts.not_sent` naming each destination that did not get it, and why; TypeError for a wrong form
 * @example await sendAlert([new Slack('ops'), new Webhook('https://example.com/hook')], { subject: 'Disk is full', severity: 'error', content: 'Less than 1 % is free.' })
 */
export async function sendAlert(destinations: Destination | readonly Destination[], alert: AlertInput | string, options: SendOptions = {}): Promise<void> {
  const list: readonly unknown[] = Array.isArray(destinations) ? destinations : [destinations]
  if (list.length === 0 || !list.every(isDestination)) throw new TypeError("Expected the first argument of `sendAlert` to be a destination such as new Slack('alerts'), or a list of them")
  const message = await readAlert(typeof alert === 'string' ? { content: alert } : alert)
  const tries = readRetries(options.retries) + 1
  const dispatcher = await openDispatcher()
  const failures = await whileWaiting(Promise.all(list.map((destination) => failureOf(dispatcher, destination, message, tries))))
  const failed = failures.filter((failure) => failure !== undefined)
  if (failed.length === 0) return
  throw new TaskflowsError('alerts.not_sent', failed.map(({ reason }) => reason).join('; '), { details: { failed, sent: list.length - failed.length } })
}

export type SlackMessage = AlertInput & SendOptions & Pick<SlackOptions, 'channel' | 'token' | 'apiUrl'>

/**
 * Posts to a channel of Slack.
 * @throws `alerts.not_sent`
 * @example await sendSlackMessage({ channel: 'alerts', subject: 'Task complete', content: [new Text('Processing finished successfully')] })
 * @example await sendSlackMessage('alerts', 'Processing finished successfully')
 */
export async function sendSlackMessage(message: SlackMessage): Promise<void>
export async function sendSlackMessage(channel: string, content: AlertContent, options?: Omit<SlackMessage, 'channel' | 'content'>): Promise<void>
export async function sendSlackMessage(first: SlackMessage | string, content?: AlertContent, options: object = {}): Promise<void> {
  const given = (typeof first === 'string' ? { ...options, channel: first, content } : first) as SlackMessage
  const { own, alert, retries } = split(given, ['channel', 'token', 'apiUrl'])
  await sendAlert(new Slack(own as unknown as SlackOptions), alert, { retries })
}

export type EmailMessage = AlertInput & SendOptions & Omit<EmailOptions, 'dedupeFor' | 'digestEvery' | 'recovery' | 'rateLimit'>

/**
 * Sends a mail.
 * @throws `alerts.not_sent`
 * @example await sendEmail({ receiverAddr: 'ops@example.com', subject: 'Report', content: new Table(rows), attachmentFiles: ['report.pdf'] })
 */
export async function sendEmail(message: EmailMessage): Promise<void> {
  const { own, alert, retries } = split(message, ['addr', 'password', 'receiverAddr', 'smtpServer', 'smtpPort', 'tls'])
  await sendAlert(new Email(own as unknown as EmailOptions), alert, { retries })
}

export type DiscordMessage = AlertInput & SendOptions & Pick<DiscordOptions, 'webhookUrl'>

/**
 * Posts to a channel of Discord.
 * @throws `alerts.not_sent`
 * @example await sendDiscordMessage({ subject: 'Deployed', severity: 'success', content: 'Version 1.4 is live.' })
 */
export async function sendDiscordMessage(message: DiscordMessage): Promise<void> {
  const { own, alert, retries } = split(message, ['webhookUrl'])
  await sendAlert(new Discord(own as DiscordOptions), alert, { retries })
}

/** Resolves when every alert of this process has been sent or given up: to be awaited before `process.exit()`. */
export async function drainAlerts(): Promise<void> {
  await whileWaiting((await openDispatcher()).drain())
}

/** The options of the destination, and those of the message. */
function split(given: object, names: readonly string[]): { readonly own: Readonly<Record<string, unknown>>; readonly alert: AlertInput; readonly retries: number } {
  if (typeof given !== 'object' || given === null) throw new TypeError(`Expected an object with ${names.join(', ')} and the message, got ${String(given)}`)
  const { retries = 1, ...rest } = given as SendOptions & Readonly<Record<string, unknown>>
  const entries = Object.entries(rest).filter(([, value]) => value !== undefined)
  const [own, alert] = [true, false].map((isOwn) => Object.fromEntries(entries.filter(([name]) => names.includes(name) === isOwn)))
  return { own: own!, alert: alert as AlertInput, retries }
}

async function readAlert(given: AlertInput): Promise<AlertMessage> {
  checkNames(given)
  const { subject = '', severity = 'info', content = [], attachments = [], attachmentFiles = [], zipAttachmentFiles = false, data, key, topic } = given
  const files = [...attachments, ...(await Promise.all(attachmentFiles.map(attachmentOf)))]
  return {
    subject: readText('`subject` of an alert', subject),
    severity: readSeverity('`severity` of an alert', severity),
    content: readContent('`content` of an alert', Array.isArray(content) ? content : [content]),
    ...(files.length > 0 && { attachments: zipAttachmentFiles ? [zipOf(files)] : files }),
    ...(data !== undefined && { data }),
    ...(key !== undefined && { key: readText('`key` of an alert', key) }),
    ...(topic !== undefined && { topic: readText('`topic` of an alert', topic) }),
  }
}

const alertFields = ['subject', 'severity', 'content', 'attachments', 'attachmentFiles', 'zipAttachmentFiles', 'data', 'key', 'topic']

function checkNames(given: unknown): void {
  if (typeof given !== 'object' || given === null) throw new TypeError(`Expected an alert to be a text or an object such as { subject, content }, got ${String(given)}`)
  const unknown = Object.keys(given).find((name) => !alertFields.includes(name))
  if (unknown !== undefined) throw new TypeError(`Expected an alert to have ${alertFields.join(', ')}, got \`${unknown}\``)
  if (!alertFields.some((name) => name in given)) throw new TypeError('Expected an alert to have a `subject` or `content`, got neither')
}

function readRetries(retries: unknown = 1): number {
  if (typeof retries === 'number' && Number.isInteger(retries) && retries >= 0 && retries <= 100) return retries
  throw new TypeError(`Expected \`retries\` to be a whole number from 0 to 100, got ${String(retries)}`)
}

async function attachmentOf(path: string): Promise<Attachment> {
  const content = await readFile(path).catch((error: unknown) => { throw new TypeError(`Expected \`attachmentFiles\` to name files that can be read: ${messageOf(error)}`) })
  return { filename: basename(path), contentType: 'application/octet-stream', content }
}

async function openDispatcher(): Promise<Dispatcher> {
  return (await import('./alert-delivery.ts')).alertDispatcher()
}

async function failureOf(dispatcher: Dispatcher, destination: Destination, message: AlertMessage, tries: number): Promise<{ readonly destination: string; readonly reason: string } | undefined> {
  try {
    await dispatcher.deliver(destination, message, tries)
    return undefined
  } catch (error) {
    return { destination: destination.name, reason: messageOf(error) }
  }
}

/** Connections of alerts keep no process alive, but one that awaits them has to go on. */
async function whileWaiting<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    return await work
  } finally {
    clearInterval(alive)
  }
}
