/** The settings of logging: what lines are labelled with, and where they go besides stderr. */
import { host, path, text, whole, yesNo } from './kinds.ts'
import { setting } from './setting.ts'

export const logSettings = {
  appName: setting({ env: 'APP_NAME', older: ['TASKFLOW_APP_NAME'], kind: text, default: null, describe: 'Label app of log lines' }),
  environment: setting({
    env: 'ENVIRONMENT', older: ['TASKFLOW_ENVIRONMENT'], kind: text, default: 'production',
    describe: 'Label environment of log lines',
  }),
  hostname: setting({ env: 'HOSTNAME', kind: host, default: null, describe: 'Label hostname of log lines; else the name of the machine' }),
  journalStream: setting({
    env: 'JOURNAL_STREAM', kind: text, default: null,
    describe: 'Which stderr leads to the journal: lines there carry their priority', notInFile: 'systemd sets it for each process',
  }),
  lokiPush: setting({ env: 'TASKFLOWS_LOKI_PUSH', kind: yesNo, default: false, describe: 'Push log lines to loki_url, where no Fluent Bit ships them' }),
  lokiUser: setting({ env: 'LOKI_USER', kind: text, default: null, describe: 'User at Loki' }),
  lokiPassword: setting({ env: 'LOKI_PASSWORD', kind: text, default: null, secret: true, describe: 'Password at Loki' }),
  noTerminal: setting({
    env: 'TASKFLOWS_NO_TERMINAL', older: ['LOGGERS_NO_TERMINAL'], kind: yesNo, default: false,
    describe: 'Log to files only',
  }),
  fileDir: setting({
    env: 'TASKFLOWS_FILE_DIR', older: ['LOGGERS_FILE_DIR'], kind: path, default: null,
    describe: 'Directory of log files; without it there are none',
  }),
  fileName: setting({ env: 'TASKFLOWS_FILE_NAME', older: ['LOGGERS_FILE_NAME'], kind: text, default: null, describe: 'Name of the one log file; else that of the app' }),
  fileMaxBytes: setting({
    env: 'TASKFLOWS_FILE_MAX_BYTES', older: ['LOGGERS_FILE_MAX_BYTES'], kind: whole(1, Number.MAX_SAFE_INTEGER), default: 10_485_760,
    describe: 'Size at which a log file is rotated',
  }),
  maxRotations: setting({
    env: 'TASKFLOWS_MAX_ROTATIONS', older: ['LOGGERS_MAX_ROTATIONS'], kind: whole(0, 10_000), default: 5,
    describe: 'Rotated log files to keep',
  }),
  singleFile: setting({
    env: 'TASKFLOWS_SINGLE_FILE', older: ['LOGGERS_SINGLE_FILE'], kind: yesNo, default: false,
    describe: 'One log file for all loggers, instead of one for each',
  }),
}
