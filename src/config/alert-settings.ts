/** The settings of alerts: credentials that destinations do without, sizes, and what alerts link to. */
import { host, httpAddress, httpUrl, port, text, whole } from './kinds.ts'
import { setting } from './setting.ts'

const unbounded = Number.MAX_SAFE_INTEGER

export const alertSettings = {
  slackBotToken: setting({ env: 'SLACK_BOT_TOKEN', kind: text, default: null, secret: true, describe: 'Slack token for alerts' }),
  slackApiUrl: setting({ env: 'SLACK_API_URL', kind: httpUrl, default: 'https://slack.com/api/', describe: 'Address of the Web API of Slack, such as https://slack-gov.com/api/' }),
  slackAttachmentMaxSizeMb: setting({
    env: 'SLACK_ATTACHMENT_MAX_SIZE_MB', kind: whole(0, 100_000), default: 20,
    describe: 'Largest attachment of a Slack alert',
  }),
  slackInlineTablesMaxRows: setting({
    env: 'SLACK_INLINE_TABLES_MAX_ROWS', kind: whole(0, unbounded), default: 200,
    describe: 'Rows from which a table becomes an attachment',
  }),
  emailAddr: setting({ env: 'TASKFLOWS_EMAIL_ADDR', kind: text, default: null, describe: 'Who sends alerts by email, and logs in at the SMTP server' }),
  emailPassword: setting({ env: 'TASKFLOWS_EMAIL_PASSWORD', kind: text, default: null, secret: true, describe: 'Password there' }),
  smtpServer: setting({ env: 'TASKFLOWS_SMTP_SERVER', kind: host, default: 'smtp.gmail.com', describe: 'SMTP server for alerts' }),
  smtpPort: setting({ env: 'TASKFLOWS_SMTP_PORT', kind: port, default: 465, describe: 'Its port: 465 with TLS from the start, others with STARTTLS' }),
  emailAttachmentMaxSizeMb: setting({
    env: 'EMAIL_ATTACHMENT_MAX_SIZE_MB', kind: whole(0, 100_000), default: 20,
    describe: 'Largest attachment of an email',
  }),
  emailInlineTablesMaxRows: setting({
    env: 'EMAIL_INLINE_TABLES_MAX_ROWS', kind: whole(0, unbounded), default: 2000,
    describe: 'Rows from which a table becomes an attachment',
  }),
  discordWebhookUrl: setting({ env: 'DISCORD_WEBHOOK_URL', kind: httpUrl, default: null, secret: true, describe: 'Discord webhook for alerts' }),
  grafana: setting({ env: 'TASKFLOWS_GRAFANA', kind: httpAddress, default: 'localhost:3000', describe: 'Grafana that alerts link to, once it, Loki or the key is set' }),
  grafanaApiKey: setting({
    env: 'TASKFLOWS_GRAFANA_API_KEY', kind: text, default: null, secret: true,
    describe: 'Key for making dashboards there',
  }),
  lokiUrl: setting({ env: 'TASKFLOWS_LOKI_URL', kind: httpAddress, default: 'http://localhost:3100', describe: 'Loki to ask for logs' }),
}
