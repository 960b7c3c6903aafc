/** The face `taskflows/alerts`: destinations, what messages are made of, and sending without a task. Loads no package. */
export * from './kernel/alerts/components.ts'
export { Report } from './kernel/alerts/report.ts'
export { Discord, type DiscordOptions, Email, type EmailOptions, type EmailTls, Slack, type SlackOptions, Webhook, type WebhookOptions } from './adapters/alerts/index.ts'
export { type AlertEvent, Alerts, type AlertsOptions } from './engines/tasks/task-alerts.ts'
export { type AlertSettings, type AlertTools, type DeliveryOptions, Destination } from './kernel/alerts/destination.ts'
export { type AlertChannel, type AlertMessage, AlertNotSent, type Attachment, type Severity } from './kernel/alerts/message.ts'
export {
  type AlertContent, type AlertInput, type DiscordMessage, type EmailMessage, type SendOptions, type SlackMessage,
  drainAlerts, sendAlert, sendDiscordMessage, sendEmail, sendSlackMessage,
} from './send-alert.ts'
