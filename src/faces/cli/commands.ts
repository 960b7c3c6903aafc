/**
 * Every command of `tf`: those of the contract, generated, and those that are
 * about this machine. Only data: what a command does is loaded when it runs.
 */
import type { Flag, LocalCommand, OperationCommand } from './command.ts'
import { operationCommands } from './manifest.ts'
import { serverCommands } from './server-commands.ts'
import { serviceCommands } from './service-commands.ts'

/** The shells that `tf completion` writes for. */
export const shells = ['bash', 'zsh', 'fish'] as const

/** The flag that the list of runs has, too. */
function flagOfRuns(key: string): Flag {
  return operationCommands.find(({ words }) => words === 'runs list')!.flags.find((flag) => flag.key === key)!
}

const sinceFlag: Flag = { key: 'since', name: 'since', kind: 'moment', placeholder: '<time>', describe: 'Not before: how long ago such as 1d, or a time' }
const untilFlag: Flag = { key: 'until', name: 'until', kind: 'moment', placeholder: '<time>', describe: 'Not after: how long ago such as 1h, or a time' }

const otherCommands: readonly LocalCommand[] = [
  {
    words: 'history', several: true,
    summary: 'Show what ran, the latest first, from the server or from what this machine knows',
    args: [],
    flags: [
      { key: 'limit', name: 'limit', short: 'l', kind: 'whole', min: 1, max: 100_000, placeholder: '<n>', describe: 'How many runs at most; default 50' },
      { key: 'match', name: 'match', short: 'm', kind: 'text', min: 1, max: 255, placeholder: '<pattern>', describe: 'Only names like this: * is any text, ? one character' },
      { ...sinceFlag, describe: 'Only what ended since: how long ago such as 1d, or a time' },
      { ...untilFlag, describe: 'Only what ended until: how long ago such as 1h, or a time' },
      flagOfRuns('state'),
      flagOfRuns('kind'),
      { key: 'source', name: 'source', kind: 'text', choices: ['server', 'journal', 'local'], placeholder: '<source>', describe: 'Ask only the server, only the journal, or only the run log of this home' },
    ],
    examples: ['tf history', 'tf history --since 1d --state failed', "tf history -m 'nightly-*' -l 10 -o wide", 'tf history --source local -o json'],
    notes: 'Without a server: the runs of services and tasks that this machine knows from its journal, and from TASKFLOWS_HOME/runs. -o wide names the source of each.',
    load: () => import('./commands/history.ts'),
  },
  {
    words: 'logs', several: 'lines',
    summary: 'Show what services and runs of tasks logged',
    args: [{ key: 'names', kind: 'text', many: true, min: 1, max: 255, optional: true, describe: 'Name of a service or of a task, a pattern such as \'nightly-*\', or the id of a run; several of services; all runs of tasks if left out' }],
    flags: [
      { key: 'lines', name: 'lines', short: 'n', kind: 'whole', min: 1, max: 1_000_000, placeholder: '<n>', describe: 'How many of the last lines; default 100' },
      { key: 'follow', name: 'follow', short: 'f', kind: 'switch', describe: 'Go on with what is logged, until Ctrl-C' },
      sinceFlag,
      untilFlag,
      { key: 'level', name: 'level', kind: 'text', choices: ['debug', 'info', 'warn', 'error', 'critical'], placeholder: '<level>', describe: 'Only lines that matter this much or more' },
      { key: 'grep', name: 'grep', kind: 'text', min: 1, placeholder: '<regexp>', describe: 'Only lines that match a regular expression of JavaScript, in their first 10,000 characters' },
      { key: 'run', name: 'run', kind: 'text', min: 1, max: 255, placeholder: '<id>', describe: 'Only the run with this id: of a task, or the invocation id of a service' },
    ],
    examples: ['tf logs web -f', 'tf logs web worker@1 --since 1h --level warn', 'tf logs', 'tf logs nightly --level warn --since 1d', "tf logs nightly --grep 'disk|memory' -o jsonl", 'tf logs 019a9f00-1234-7abc-8def-0123456789ab', 'tf logs nightly -f'],
    notes: 'A name of services shows what their units wrote to the journal of this host, or with --server of that one. Lines of runs come from the journal, and for runs that it does not have from TASKFLOWS_HOME/runs, which keeps the last 200 of each run. The server, when there is one, tells when the runs began and how they ended.',
    load: () => import('./commands/logs.ts'),
  },
  {
    words: 'run',
    summary: 'Run an exported function as a task, and print what it returns',
    args: [{ key: 'file#export', kind: 'text', min: 1, file: true, describe: 'File and the name of its export, such as jobs.ts#resize; without a name the default export' }],
    flags: [
      { key: 'arg', name: 'arg', kind: 'text', many: true, further: /=/, placeholder: '<key=value...>', describe: 'One field of the object that the function is called with: key=text, or key:=json' },
      { key: 'json', name: 'json', kind: 'json', placeholder: '<json|@file|->', describe: 'What the function is called with' },
      { key: 'args', name: 'args', kind: 'json', placeholder: '<json|@file|->', describe: 'The arguments of the function, as a JSON array' },
      { key: 'name', name: 'name', kind: 'text', min: 1, max: 255, placeholder: '<name>', describe: 'Name of the run; default that of the task, else of the function' },
      { key: 'retries', name: 'retries', kind: 'whole', min: 0, max: 99, placeholder: '<n>', describe: 'Tries after the first; default what the task says, else 0' },
      { key: 'timeout', name: 'timeout', kind: 'duration', placeholder: '<duration>', describe: 'Time-out of one attempt: seconds, or text such as 5m' },
      { key: 'totalTimeout', name: 'total-timeout', kind: 'duration', placeholder: '<duration>', describe: 'Time-out of all attempts and the delays between them' },
      { key: 'isolate', name: 'isolate', kind: 'switch', describe: 'Run each attempt in a process of its own, so that its time-out holds whatever it does' },
    ],
    examples: [
      'tf run jobs.ts#resize --arg path=cat.jpg width:=200',
      `tf run report.ts --json '{"month": "2030-01"}' -o json`,
      `tf run crunch.ts#jobs.solve --args '[1000, true]' --isolate --timeout 5m --retries 2`,
    ],
    notes: 'The result goes to stdout, all else to stderr. Exits 0 when it succeeded, 1 when it failed, 6 when its time was up, 130 when Ctrl-C stopped it: the first asks it to stop, the second ends it. Needs no server; when there is one the run appears there.',
    load: () => import('./commands/run.ts'),
  },
  {
    words: 'alerts test',
    summary: 'Send a sample message, to see that a destination of alerts works',
    args: [{ key: 'destination', kind: 'text', min: 1, describe: 'slack:#CHANNEL, email:ADDRESS, discord or webhook:URL' }],
    flags: [
      { key: 'to', name: 'to', kind: 'text', many: true, min: 1, placeholder: '<place...>', describe: 'Channel, addresses or URL, in place of those in DESTINATION' },
      { key: 'from', name: 'from', kind: 'text', min: 1, placeholder: '<address>', describe: 'Sender of the mail; default TASKFLOWS_EMAIL_ADDR' },
      { key: 'smtpServer', name: 'smtp-server', kind: 'text', min: 1, placeholder: '<host>', describe: 'Default TASKFLOWS_SMTP_SERVER, else smtp.gmail.com' },
      { key: 'smtpPort', name: 'smtp-port', kind: 'whole', min: 1, max: 65_535, placeholder: '<n>', describe: 'Default TASKFLOWS_SMTP_PORT, else 465' },
    ],
    examples: ["tf alerts test 'slack:#ops'", 'tf alerts test email:ops@example.com', 'tf alerts test email --to ops@example.com boss@example.com --smtp-server smtp.example.com --smtp-port 587', 'tf alerts test discord', 'tf alerts test webhook:https://example.com/hook', "tf alerts test 'webhook:${env:HOOK_URL}'"],
    notes: 'Credentials come from SLACK_BOT_TOKEN, TASKFLOWS_EMAIL_PASSWORD, DISCORD_WEBHOOK_URL and config.yaml, never from the line, which other users of this machine can see. Exits 1 when the sample was not sent, and says why. Needs no server.',
    load: async () => ({ run: (await import('./commands/alerts.ts')).test }),
  },
  {
    words: 'completion',
    summary: 'Print a script that completes lines of tf in a shell',
    args: [{ key: 'shell', kind: 'text', choices: shells, describe: shells.join(', ') }],
    flags: [],
    examples: [
      "echo 'source <(tf completion bash)' >> ~/.bashrc",
      'mkdir -p ~/.local/share/bash-completion/completions && tf completion bash > ~/.local/share/bash-completion/completions/tf',
      "echo 'source <(tf completion zsh)' >> ~/.zshrc    # behind the line with compinit",
      'tf completion zsh > "${fpath[1]}/_tf"',
      'tf completion fish > ~/.config/fish/completions/tf.fish',
    ],
    notes: 'Completes commands, flags, the values that a flag can have, and files. Never asks a server, so no ids. Takes effect in new shells; print it again after an upgrade.',
    load: () => import('./commands/completion.ts'),
  },
  {
    words: 'version',
    summary: 'Print the version of taskflows and of Node',
    args: [],
    flags: [],
    examples: ['tf version -o json'],
    load: () => import('./commands/version.ts'),
  },
]

/** Flags that an operation's command has besides the fields of its input; they are not sent. */
export const extraFlags: Readonly<Record<string, readonly Flag[]>> = {
  'events': [
    { key: 'follow', name: 'follow', short: 'f', kind: 'switch', describe: 'Go on with what happens, until Ctrl-C: from --cursor or --since, else from now' },
  ],
  'jobs add': [
    { key: 'wait', name: 'wait', kind: 'switch', describe: 'Wait for the job to end: exit code 0 if it succeeded, 1 if not' },
    { key: 'waitTimeout', name: 'wait-timeout', kind: 'duration', placeholder: '<duration>', describe: 'Wait at most this long (exit code 6), such as 90 or 5m; default for ever. The job goes on' },
  ],
}

export const commands: readonly (OperationCommand | LocalCommand)[] = [
  ...operationCommands.map((command) => ({ ...command, flags: [...command.flags, ...(extraFlags[command.words] ?? [])] })),
  ...serviceCommands,
  ...serverCommands,
  ...otherCommands,
]
