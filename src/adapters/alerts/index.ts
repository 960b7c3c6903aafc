/** The built-in destinations. Their SDKs are loaded when a message is sent. */
export { Discord, type DiscordOptions } from './discord.ts'
export { Email, type EmailOptions, type EmailTls } from './email.ts'
export { Slack, type SlackOptions } from './slack.ts'
export { Webhook, type WebhookOptions } from './webhook.ts'
