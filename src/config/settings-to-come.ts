/**
 * Settings that have their names already, from the systems that taskflows
 * follows, and that nothing goes by yet. They are read, checked and shown, and
 * a configuration may hold them. What begins to use one moves its row to `settings.ts`.
 */
import { duration, host, hostAndPort, inAccountHome, names, path, port, text, whole, yesNo } from './kinds.ts'
import { setting } from './setting.ts'

const unbounded = Number.MAX_SAFE_INTEGER

const interfaceSettings = {
  enableUi: setting({ env: 'TASKFLOWS_ENABLE_UI', kind: yesNo, default: false, describe: 'Serve the web pages' }),
  frontendDist: setting({ env: 'TASKFLOWS_FRONTEND_DIST', kind: path, default: null, describe: 'Directory of the built web pages' }),
  adminUser: setting({ env: 'TF_ADMIN_USER', kind: text, default: null, describe: 'User of the web pages; before those in files' }),
  adminPassword: setting({ env: 'TF_ADMIN_PASSWORD', kind: text, default: null, secret: true, describe: 'Password of that user' }),
  jwtSecret: setting({ env: 'TF_JWT_SECRET', kind: text, default: null, secret: true, describe: 'Signs the sessions of the web pages' }),
  loginRateLimitAttempts: setting({
    env: 'TASKFLOWS_LOGIN_RATE_LIMIT_ATTEMPTS', kind: whole(1, 1_000_000), default: 5,
    describe: 'Failed logins before a lockout',
  }),
  loginRateLimitWindowSeconds: setting({
    env: 'TASKFLOWS_LOGIN_RATE_LIMIT_WINDOW_SECONDS', kind: duration, default: 300,
    describe: 'Time in which those are counted',
  }),
  loginRateLimitLockoutSeconds: setting({
    env: 'TASKFLOWS_LOGIN_RATE_LIMIT_LOCKOUT_SECONDS', kind: duration, default: 300,
    describe: 'How long a lockout lasts',
  }),
  apiEnv: setting({ env: 'TASKFLOWS_API_ENV', kind: path, default: null, describe: 'File with variables for the server' }),
  maxCreateYamlBytes: setting({
    env: 'TASKFLOWS_MAX_CREATE_YAML_BYTES', kind: whole(1, unbounded), default: 2_097_152,
    describe: 'Largest file of services that the server takes',
  }),
  debug: setting({ env: 'DEBUG', kind: yesNo, default: false, describe: 'Tell callers where an unexpected error comes from' }),
}

const serviceSettings = {
  service: setting({ env: 'TASKFLOWS_SERVICE', kind: text, default: null, describe: 'The service that this process is, as its unit says', notInFile: 'it is set for each process' }),
}

const logSettings = {
  showSource: setting({
    env: 'TASKFLOWS_SHOW_SOURCE', older: ['LOGGERS_SHOW_SOURCE'], kind: yesNo, default: false,
    describe: 'Log where a line comes from',
  }),
  lokiHost: setting({ env: 'LOKI_HOST', kind: host, default: 'localhost', describe: 'Loki that Fluent Bit sends to' }),
  lokiPort: setting({ env: 'LOKI_PORT', kind: port, default: 3100, describe: 'Its port' }),
  fluentBit: setting({
    env: 'TASKFLOWS_FLUENT_BIT', kind: hostAndPort, default: 'localhost:24224',
    describe: 'Fluent Bit that containers log to',
  }),
  serviceUid: setting({ env: 'SERVICE_UID', kind: whole(0, 4_294_967_294), default: null, describe: 'Account whose journal Fluent Bit reads' }),
  enableMetrics: setting({ env: 'TASKFLOW_ENABLE_METRICS', kind: yesNo, default: true, describe: 'Serve metrics; they are always served' }),
}

const messageSettings = {
  slackAppBotToken: setting({
    env: 'SERVICES_SLACK_BOT_TOKEN', older: ['TASKFLOWS_SLACK_BOT_TOKEN'], kind: text, default: null, secret: true,
    describe: 'Token of the Slack app',
  }),
  slackAppSigningSecret: setting({
    env: 'SERVICES_SLACK_SIGNING_SECRET', older: ['TASKFLOWS_SLACK_SIGNING_SECRET'], kind: text, default: null, secret: true,
    describe: 'Checks that requests come from Slack',
  }),
  slackAppToken: setting({
    env: 'SERVICES_SLACK_APP_TOKEN', older: ['TASKFLOWS_SLACK_APP_TOKEN'], kind: text, default: null, secret: true,
    describe: 'Token for socket mode',
  }),
  slackAppUseSocketMode: setting({
    env: 'SERVICES_SLACK_USE_SOCKET_MODE', older: ['TASKFLOWS_SLACK_USE_SOCKET_MODE'], kind: yesNo, default: false,
    describe: 'Connect to Slack instead of being called',
  }),
  slackAppAllowedUsers: setting({
    env: 'SERVICES_SLACK_ALLOWED_USERS', older: ['TASKFLOWS_SLACK_ALLOWED_USERS'], kind: names, default: [],
    describe: 'Who may use the Slack app; none named: everybody',
  }),
  slackAppAllowedChannels: setting({
    env: 'SERVICES_SLACK_ALLOWED_CHANNELS', older: ['TASKFLOWS_SLACK_ALLOWED_CHANNELS'], kind: names, default: [],
    describe: 'Where it may be used; none named: everywhere',
  }),
  slackAppRateLimitPerMinute: setting({
    env: 'SERVICES_SLACK_RATE_LIMIT_PER_MINUTE', older: ['TASKFLOWS_SLACK_RATE_LIMIT_PER_MINUTE'], kind: whole(1, 1_000_000), default: 10,
    describe: 'Commands of one user',
  }),
  slackAppDangerousCommands: setting({
    env: 'SERVICES_SLACK_DANGEROUS_COMMANDS', older: ['TASKFLOWS_SLACK_DANGEROUS_COMMANDS'], kind: names, default: ['remove', 'stop', 'disable'],
    describe: 'Commands that must be confirmed',
  }),
}

const machineSettings = {
  dataDir: setting({
    env: 'TASKFLOWS_DATA_DIR', kind: path, default: inAccountHome('.taskflows', 'data'),
    describe: 'Where earlier versions kept their files',
  }),
  namedEnv: setting({
    env: 'TASKFLOWS_NAMED_ENV', kind: text, default: null,
    describe: 'Environment of the service that a process belongs to', notInFile: 'it is set for each service',
  }),
  nodeCallbackHost: setting({ env: 'TASKFLY_DAEMON_IP', kind: host, default: 'localhost', describe: 'Address at which nodes reach the server' }),
  nodeCallbackPort: setting({ env: 'TASKFLY_DAEMON_PORT', kind: port, default: 8080, describe: 'Port at which nodes reach the server' }),
  deploymentDir: setting({
    env: 'TASKFLY_DEPLOYMENT_DIR', kind: path, default: inAccountHome('.taskfly', 'deployments'),
    describe: 'Files of deployments',
  }),
  verbose: setting({ env: 'TASKFLY_VERBOSE', kind: yesNo, default: false, describe: 'Say more; see log_level' }),
  brokerUrl: setting({
    env: 'TASKFLOW_BROKER_URL', kind: text, default: null, secret: true,
    describe: 'A message broker: there is none, PostgreSQL does its work',
  }),
}

export const settingsToCome = { ...interfaceSettings, ...serviceSettings, ...logSettings, ...messageSettings, ...machineSettings }
