/**
 * The table of all that a service can say: one list from which come the reader
 * (`read-definition.ts`), the writer (`write-definition.ts`), the schema of the
 * wire (`contract/service-definition.ts`) and docs/reference/services.md.
 * `service-definition.ts` has the normal form that comes out. Safe for the browser.
 */
import { accountName, cgroupTable, envName, envValue } from './cgroup-fields.ts'
import { container } from './container-fields.ts'
import { environmentName, environmentNameForm, longestEnvironmentName } from '../environments/environment-name.ts'
import type { Field, Fields, Kind, ObjectKind } from './field.ts'
import type { ServiceDefinition } from '../service-definition.ts'

const command: Kind = { is: 'special', type: 'command' }
const commands: Kind = { is: 'list', of: command, most: 50 }
const schedules: Kind = { is: 'special', type: 'schedule' }
const dependencies: Kind = { is: 'list', of: { is: 'special', type: 'dependency' }, most: 500 }
const duration: Kind = { is: 'duration' }
const yesNo: Kind = { is: 'boolean' }

export const restartFields: Fields = {
  condition: {
    kind: { is: 'choice', words: ['no', 'always', 'on-success', 'on-failure', 'on-abnormal', 'on-abort', 'on-watchdog'], meant: { 'unless-stopped': 'always' } },
    default: 'on-failure', about: 'After which ends it is started again.',
  },
  delay: { kind: { is: 'duration', zero: true }, otherwise: '0.1, by systemd', about: 'Seconds between the end and the next start.' },
  maxAttempts: { kind: { is: 'integer', from: 1, to: 1_000_000 }, about: 'Starts within the window before systemd gives up.' },
  window: { kind: duration, otherwise: 'with maxAttempts: maxAttempts x (delay + 60)', about: 'Seconds within which starts are counted.' },
}

const operators: Kind = { is: 'choice', words: ['<', '<=', '=', '!=', '>=', '>'] }
const silent: Field = { kind: yesNo, default: false, about: 'When it does not hold: true skips the start, false fails it.' }
const pressure = (of: string): Fields => ({
  maxPercent: { kind: { is: 'percent' }, required: true, about: `The most ${of} pressure, in percent of the time (PSI).` },
  timespan: { kind: { is: 'choice', words: ['10sec', '1min', '5min'] }, default: '5min', about: 'The time over which pressure is averaged.' },
  silent,
})

export const requirementFields: Readonly<Record<string, Fields>> = {
  memory: { amount: { kind: { is: 'bytes', from: 0 }, required: true, about: 'Bytes of memory that the machine has.' }, constraint: { kind: operators, default: '>=', about: 'How what there is compares to the amount.' }, silent },
  cpus: { amount: { kind: { is: 'integer', from: 0, to: 1_000_000 }, required: true, about: 'CPUs that the machine has.' }, constraint: { kind: operators, default: '>=', about: 'How what there is compares to the amount.' }, silent },
  cpu_pressure: pressure('CPU'),
  memory_pressure: pressure('memory'),
  io_pressure: pressure('I/O'),
}

/** One of them, by its `kind`. */
export const requirement: Kind = { is: 'variant', of: Object.fromEntries(Object.entries(requirementFields).map(([kind, fields]): [string, ObjectKind] => [kind, { is: 'object', type: 'Requirement', fields }])) }

export const watchdogFields: Fields = {
  interval: { kind: duration, default: 30, about: 'Seconds within which the program must say that it lives.', aliases: ['intervalSeconds'] },
  restartOnHang: { kind: yesNo, default: true, about: 'Starts it again when it did not.' },
  notifyAccess: { kind: { is: 'choice', words: ['main', 'exec', 'all'] }, default: 'all', about: 'Which of its processes may speak for it.' },
}

export const healthFields: Fields = {
  kind: { kind: { is: 'choice', words: ['http', 'tcp', 'exec'] }, otherwise: 'by url, port or command', about: 'How to look.' },
  url: { kind: { is: 'word', like: /^https?:\/\/[^\s/?#]\S*$/, most: 2_000, expected: 'a URL such as http://127.0.0.1:8000/health' }, about: 'http: what is asked for.' },
  status: { kind: { is: 'integer', from: 100, to: 599 }, otherwise: 'any below 400', about: 'http: the status that says well.' },
  host: { kind: { is: 'word', like: /^[\w.:%-]{1,255}$/, expected: 'a host name or an IP address' }, otherwise: '127.0.0.1', about: 'tcp: where to connect.' },
  port: { kind: { is: 'integer', from: 1, to: 65_535 }, about: 'tcp: where to connect.' },
  command: { kind: command, about: 'exec: what to run; well when it ends with 0.' },
  within: { kind: duration, default: 30, about: 'Seconds from the start until it must be well.' },
  interval: { kind: duration, default: 0.5, about: 'Seconds between two looks.' },
  timeout: { kind: duration, default: 5, about: 'Seconds one look may take.' },
}

export const secretFields: Fields = {
  file: { kind: { is: 'special', type: 'existingFile' }, required: true, about: 'The file that holds it.' },
  encrypted: { kind: yesNo, about: 'It was encrypted by systemd-creds(1); system scope only.' },
}

export const venvFields: Fields = {
  envName: { kind: { is: 'word', like: /^[A-Za-z0-9_./~][A-Za-z0-9_./~ +-]{0,254}$/, expected: 'the name of a conda environment' }, required: true, about: 'The conda environment, by name or path.' },
  customPath: { kind: { is: 'special', type: 'path' }, about: 'The conda, mamba or micromamba to use, or the directory that holds it.' },
}

const namedFields: Fields = {
  name: { kind: { is: 'word', like: environmentName, most: longestEnvironmentName, expected: environmentNameForm }, required: true, about: 'What tf env calls it.' },
}

/** Where commands run; text is the name of one that the host knows. */
export const environment: Extract<Kind, { is: 'variant' }> = {
  is: 'variant', toldBy: { envName: 'venv', image: 'docker' },
  of: {
    venv: { is: 'object', type: 'Venv', fields: venvFields }, docker: container,
    named: { is: 'object', type: 'NamedEnvironment', fields: namedFields, short: 'name' },
  },
}

const scheduleEnd: Fields = {
  accuracy: { kind: duration, default: 0.001, about: 'How much later it may run.' },
  randomizedDelay: { kind: duration, about: 'It runs up to this much later, by chance.' },
}

export const calendarFields: Fields = {
  schedule: { kind: { is: 'text', most: 1_000 }, required: true, about: 'When: Mon..Fri 09:00, daily 03:00 (docs/reference/schedules.md).' },
  persistent: { kind: yesNo, default: true, about: 'Runs at once what was missed while the machine was off.' },
  ...scheduleEnd,
}

export const periodicFields: Fields = {
  startOn: { kind: { is: 'choice', words: ['boot', 'login', 'command'] }, default: 'boot', about: 'When it starts by itself.' },
  period: { kind: duration, about: 'From one run to the next; or hours, minutes and seconds, which are summed.' },
  hours: { kind: { is: 'duration', zero: true }, about: 'Part of the period.' },
  minutes: { kind: { is: 'duration', zero: true }, about: 'Part of the period.' },
  seconds: { kind: { is: 'duration', zero: true }, about: 'Part of the period.' },
  relativeTo: { kind: { is: 'choice', words: ['start', 'finish'] }, default: 'start', about: 'Whether the period counts from the start or from the end of a run.' },
  ...scheduleEnd,
}

const directives: Kind = {
  is: 'map', key: { like: /^[A-Z][A-Za-z0-9-]{0,100}$/, expected: 'a directive such as ProtectHome' },
  of: { is: 'list', most: 200, of: { is: 'word', like: /^(?!.*\\$).*$/, most: 10_000, scalar: true, expected: 'text that does not end with a backslash' } },
}

export const directiveFields: Fields = Object.fromEntries(
  ['Unit', 'Service', 'Timer', 'Install'].map((section) => [section, { kind: directives, about: `Directives of [${section}].` }]),
)

export const serviceFields = {
  name: { kind: { is: 'special', type: 'name' }, required: true, about: 'Letters, digits, dots, dashes and underscores; a trailing @ makes a template.' },
  scope: { kind: { is: 'choice', words: ['user', 'system'] }, default: 'user', about: 'Whose systemd runs it: that of the account, or that of the machine.' },
  description: { kind: { is: 'text', most: 1_000 }, otherwise: 'its name', about: 'For people.' },
  type: {
    kind: { is: 'choice', words: ['simple', 'exec', 'forking', 'oneshot', 'notify'] }, otherwise: 'notify with watchdog, else exec',
    about: 'When it counts as started, as in systemd.service(5). simple counts as started even when the program does not exist, so exec is the default.',
  },
  instances: { kind: { is: 'list', most: 1_000, of: { is: 'word', like: /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}$/, scalar: true, expected: 'letters, digits, dots, dashes, colons and underscores' } }, about: 'Of a template: which there are.' },

  startCommand: { kind: { is: 'special', type: 'startCommand' }, required: true, aliases: ['execStart'], about: 'What to run. In a container it may be left out: its image says what.' },
  stopCommand: { kind: command, about: 'How to end it; else by the kill signal.' },
  restartCommand: { kind: command, about: 'How it reads its configuration again while it runs (ExecReload=).' },
  execCondition: { kind: commands, about: 'Run before; when one ends with 1 to 254 the start is skipped.' },
  execStartPre: { kind: commands, about: 'Run before the start; when one fails the start fails.' },
  execStartPost: { kind: commands, about: 'Run once it has started.' },
  execStopPost: { kind: commands, about: 'Run when it has ended, whatever the end.' },
  pidFile: { kind: { is: 'special', type: 'path' }, about: 'Of forking: the file in which it says its process id.' },

  startSchedule: { kind: schedules, aliases: ['schedule'], about: 'When to start.' },
  stopSchedule: { kind: schedules, about: 'When to stop.' },
  restartSchedule: { kind: schedules, about: 'When to restart.' },
  overlap: {
    kind: { is: 'choice', words: ['skip', 'queue', 'replace', 'allow'] }, otherwise: 'queue, by systemd',
    about: 'What a start by the schedule does while the run before goes on: nothing, wait for its end (one waits at most), end it, or begin beside it (docs/guides/schedules-and-overlap.md).',
  },
  catchUp: {
    kind: { is: 'choice', words: ['none', 'last', 'all'] }, otherwise: 'as persistent of its calendars says',
    about: 'What becomes of times of its calendars that passed while the machine was down: nothing, one run for the last of them, or one for each, which needs a server (docs/guides/schedules-and-overlap.md).',
  },
  catchUpWindow: { kind: { is: 'duration' }, about: 'With catchUp all: how far back it goes, a week at most. Default a day.' },

  environment: { kind: environment, aliases: ['dockerContainer'], about: 'Where it runs: a Venv, a DockerContainer, or the name of an environment of tf env. A plain object of variables means env.' },
  workingDirectory: { kind: { is: 'special', type: 'directory' }, about: 'Where it runs; must exist. Relative to the directory of the definition.' },
  env: { kind: { is: 'map', key: envName, of: envValue }, about: 'Variables. Those that look like secrets are kept out of the unit.' },
  envFile: { kind: { is: 'special', type: 'envFile' }, about: 'A file of NAME=value lines; below the home, the directory of the definition, /etc/taskflows or allowedPaths.' },
  allowedPaths: { kind: { is: 'list', of: { is: 'special', type: 'path' }, most: 50 }, about: 'Further directories that envFile may be in.' },
  secrets: { kind: { is: 'map', key: { like: /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, expected: 'a file name' }, of: { is: 'object', type: 'Secret', fields: secretFields, short: 'file' } }, about: 'Files that the program finds in $CREDENTIALS_DIRECTORY, by name.' },

  enabled: { kind: yesNo, default: false, about: 'Starts with tf create and at boot. Timers of schedules always do.' },
  timeout: { kind: duration, about: 'Longest run.' },
  startTimeout: { kind: duration, otherwise: '90, by systemd', about: 'Longest start.' },
  stopTimeout: { kind: duration, default: 120, about: 'From the stop to SIGKILL.' },
  killSignal: { kind: { is: 'special', type: 'signal' }, default: 'SIGTERM', about: 'What asks it to end.' },
  successExitStatus: { kind: { is: 'list', of: { is: 'special', type: 'exitStatus' }, most: 300 }, about: 'Exit codes and signals that are no failure, besides 0.' },
  restartPolicy: { kind: { is: 'object', type: 'RestartPolicy', fields: restartFields, short: 'condition' }, otherwise: 'no', aliases: ['restart'], about: 'Whether it is started again when it ends.' },
  startupRequirements: { kind: { is: 'list', of: requirement, most: 50 }, aliases: ['systemLoadConstraints'], about: 'What must hold when it starts.' },
  cgroupConfig: { kind: { is: 'object', type: 'CgroupConfig', fields: cgroupTable }, aliases: ['cgroup'], about: 'Limits.' },
  watchdog: { kind: { is: 'object', type: 'Watchdog', fields: watchdogFields, short: 'interval' }, about: 'The program must say that it lives, by sd_notify(3).' },
  healthCheck: { kind: { is: 'object', type: 'HealthCheck', fields: healthFields, short: 'url' }, about: 'How tf create knows that it works; else it is rolled back.' },
  onChange: { kind: { is: 'choice', words: ['restart', 'reload', 'keep'] }, default: 'restart', about: 'What tf create does with a running service that changed.' },
  hardening: { kind: { is: 'choice', words: ['none', 'web', 'batch'] }, default: 'none', about: 'A profile of what it may not do (docs/guides/hardening.md).' },
  user: { kind: accountName, about: 'The account it runs as; system scope only.' },
  group: { kind: accountName, about: 'The group it runs as; system scope only.' },
  slice: { kind: { is: 'word', like: /^(?!.*--)[A-Za-z0-9_][A-Za-z0-9_-]{0,200}(?<!-)(?:\.slice)?$/, expected: 'the name of a slice such as batch' }, about: 'The slice that shares limits: batch is batch.slice.' },

  startAfter: { kind: dependencies, about: 'Starts after these, when both start.' },
  startBefore: { kind: dependencies, about: 'Starts before these, when both start.' },
  wants: { kind: dependencies, about: 'Starts these too; goes on when they fail.' },
  upholds: { kind: dependencies, about: 'Keeps these running as long as it runs.' },
  requires: { kind: dependencies, about: 'Starts these too, and fails when they fail.' },
  requisite: { kind: dependencies, about: 'Fails unless these run already.' },
  bindsTo: { kind: dependencies, about: 'As requires, and stops when they stop.' },
  partOf: { kind: dependencies, about: 'Stops and restarts with these.' },
  conflicts: { kind: dependencies, about: 'Stops these when it starts, and the other way round.' },
  onFailure: { kind: dependencies, about: 'Started when it fails.' },
  onSuccess: { kind: dependencies, about: 'Started when it ends well.' },
  propagateStopTo: { kind: dependencies, about: 'Stopped with it.' },
  propagateStopFrom: { kind: dependencies, about: 'Stops with these.' },

  directives: { kind: { is: 'object', type: 'Directives', fields: directiveFields }, about: 'What systemd is to do beyond all this, by section and directive.' },
  source: { kind: { is: 'text', most: 4_096 }, about: 'The file that defines it. Set by tf.' },
} as const satisfies Record<keyof ServiceDefinition, Field>

export const serviceTable: Fields = serviceFields
