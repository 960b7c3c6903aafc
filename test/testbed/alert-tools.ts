/** What channels are opened with, without a configuration. */
import { revealReferences } from '../../src/config.ts'
import type { AlertSettings, AlertTools, Destination } from '../../src/kernel/alerts/destination.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'

const limits = { inlineTableMaxRows: 5, attachmentMaxBytes: 1_000_000 }

export function alertTools(settings: Partial<AlertSettings> = {}, env: NodeJS.ProcessEnv = {}): AlertTools {
  const nothing: AlertSettings = {
    slackBotToken: null, slackApiUrl: 'https://slack.invalid/api/', slackLimits: limits,
    emailAddr: null, emailPassword: null, smtpServer: 'smtp.invalid', smtpPort: 465, emailLimits: limits, discordWebhookUrl: null,
  }
  return { settings: { ...nothing, ...settings }, reveal: (text) => revealReferences(text, env) }
}

/** One try. */
export async function sendOnce(destination: Destination, message: AlertMessage, tools: AlertTools = alertTools()): Promise<void> {
  const channel = await destination.open(tools)
  await channel.send(message, AbortSignal.timeout(10_000))
}

/** What it failed with. */
export async function failureOf(destination: Destination, message: AlertMessage, tools: AlertTools = alertTools()) {
  return sendOnce(destination, message, tools).then(() => undefined, (error: unknown) => {
    const { name, message: text, retryable, retryAfterMs } = error as { name: string; message: string; retryable?: boolean; retryAfterMs?: number }
    return { name, text, retryable, retryAfterMs }
  })
}
