/**
 * The settings that the product goes by: the one list of them. `settings-to-come.ts`
 * has those that are only read and checked; `config.ts` finds the value of each.
 */
import { alertSettings } from './alert-settings.ts'
import { databaseUrl, duration, host, inAccountHome, oneOf, path, port, text, timeZone, whole } from './kinds.ts'
import { logSettings } from './log-settings.ts'
import { type Kind, setting } from './setting.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

const schema: Kind<string> = {
  expected: 'up to 40 lower-case letters, digits and underscores',
  parse: (given) => (/^[a-z_][a-z0-9_]{0,39}$/.test(given) ? given : undefined),
}

const promFile: Kind<string> = {
  expected: 'a path that ends in .prom',
  parse: (given, base) => (given.endsWith('.prom') ? path.parse(given, base) : undefined),
}

const traceContext: Kind<string> = {
  expected: 'a W3C trace context such as 00-<32 hex digits>-<16 hex digits>-01',
  parse: (given) => (/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(given) ? given : undefined),
}

const driver: Kind<string> = {
  expected: 'the name of a driver such as journald',
  parse: (given) => (/^[a-z][a-z0-9_.:/-]{0,99}$/i.test(given) ? given : undefined),
}

const correlation: Kind<string> = {
  expected: 'up to 128 printable characters without blanks',
  parse: (given) => (/^[\x21-\x7e]{1,128}$/.test(given) ? given : undefined),
}

export const settings = {
  home: setting({
    env: 'TASKFLOWS_HOME', kind: path, default: inAccountHome('.taskflows'),
    describe: 'Where taskflows keeps its files', notInFile: 'it says where the file is',
  }),
  host: setting({ env: 'TASKFLOWS_HOST', older: ['TASKFLY_LISTEN_IP'], kind: host, default: '127.0.0.1', describe: 'Address the server listens on' }),
  port: setting({ env: 'TASKFLOWS_PORT', older: ['TASKFLY_LISTEN_PORT'], kind: port, default: 7777, describe: 'Port the server listens on' }),
  databaseUrl: setting({
    env: 'TASKFLOWS_DATABASE_URL', older: ['TASKFLOW_DATABASE_URL'], kind: databaseUrl, default: null, secret: true,
    describe: 'PostgreSQL to use instead of the embedded one',
  }),
  databaseSchema: setting({ env: 'TASKFLOWS_DATABASE_SCHEMA', kind: schema, default: 'taskflows', describe: 'Schema that holds the tables' }),
  postgresBin: setting({
    env: 'TASKFLOWS_POSTGRES_BIN', kind: path, default: null,
    describe: 'Directory of the postgres and initdb programs for the embedded database',
  }),
  server: setting({ env: 'TASKFLOWS_SERVER', kind: text, default: null, describe: 'Server that tf talks to: host:port or a URL' }),
  token: setting({ env: 'TASKFLOWS_TOKEN', kind: text, default: null, secret: true, describe: 'Credential that tf sends to the server' }),
  serverTimeoutSeconds: setting({
    env: 'TASKFLOWS_SERVER_TIMEOUT_SECONDS', kind: duration, default: 60,
    describe: 'How long a server may say nothing to tf; ten times as long where it waits for services',
  }),
  tlsCert: setting({ env: 'TASKFLOWS_TLS_CERT', kind: path, default: null, describe: 'Certificate of the server, with those that lead to its authority (PEM): it speaks https only' }),
  tlsKey: setting({ env: 'TASKFLOWS_TLS_KEY', kind: path, default: null, describe: 'Private key of that certificate (PEM)' }),
  tlsCa: setting({ env: 'TASKFLOWS_TLS_CA', kind: path, default: null, describe: 'Authorities whose certificates tf believes (PEM), in place of those that Node knows' }),
  rateLimit: setting({
    env: 'TASKFLOWS_RATE_LIMIT', kind: whole(0, 1_000_000), default: null,
    describe: 'Requests per second that each caller of the API may make, 0 for any number; unless set, 1000 for tokens and any number for the secret of the host',
  }),
  metricsPort: setting({
    env: 'TASKFLOWS_METRICS_PORT', kind: port, default: null,
    describe: 'Port on 127.0.0.1 at which a worker, or another process that runs tasks, serves its metrics', notInFile: 'each process needs its own',
  }),
  metricsFile: setting({
    env: 'TASKFLOWS_METRICS_FILE', kind: promFile, default: null,
    describe: 'File for the textfile collector of node_exporter, which such a process writes every 15 s and at its end', notInFile: 'each process needs its own',
  }),
  logLevel: setting({
    env: 'TASKFLOWS_LOG_LEVEL', older: ['LOGGERS_LOG_LEVEL'], kind: oneOf(logLevels, { warning: 'warn', critical: 'error' }), default: 'info',
    describe: 'How much is logged',
  }),
  journalctlTimeoutSeconds: setting({
    env: 'TASKFLOWS_JOURNALCTL_TIMEOUT_SECONDS', kind: duration, default: 15,
    describe: 'How long the journal may take to answer',
  }),
  dockerClientTimeoutSeconds: setting({
    env: 'TASKFLOWS_DOCKER_CLIENT_TIMEOUT_SECONDS', kind: duration, default: 15,
    describe: 'How long Docker may take to answer; pulling and building take as long as they do',
  }),
  dockerLogDriver: setting({ env: 'TASKFLOWS_DOCKER_LOG_DRIVER', kind: driver, default: null, describe: 'Log driver of containers that name none, besides the journal' }),
  displayTimezone: setting({
    env: 'TASKFLOWS_DISPLAY_TIMEZONE', kind: timeZone, default: 'UTC',
    describe: 'Time zone in which tf shows the times of services',
  }),
  traceparent: setting({
    env: 'TRACEPARENT', kind: traceContext, default: null,
    describe: 'W3C trace context that the tasks of this process continue', notInFile: 'it is set for each process',
  }),
  correlationId: setting({
    env: 'TASKFLOWS_CORRELATION_ID', kind: correlation, default: null,
    describe: 'The run that started this process', notInFile: 'it is set for each process',
  }),
  ...logSettings,
  ...alertSettings,
}
