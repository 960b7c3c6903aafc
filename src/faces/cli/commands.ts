/**
 * Every command of `tf`: those of the contract, generated, and those that are
 * about this machine. Only data: what a command does is loaded when it runs.
 */
import { type Command, type Flag, type OperationCommand, type Value, eachNeedsItsFlag } from './command.ts'
import { operationCommands } from './manifest.ts'
import type { RunCommand } from './invocation.ts'

/** A command that is no operation of the contract. */
export interface LocalCommand extends Command {
  readonly load: () => Promise<{ readonly run: RunCommand }>
}

/** The shells that `tf completion` writes for. */
export const shells = ['bash', 'zsh', 'fish'] as const

const queueFlag: Flag = { key: 'queues', name: 'queue', kind: 'text', many: true, min: 1, max: 64, placeholder: '<queue...>', describe: 'Work only on these queues; default all' }
const concurrencyFlag: Flag = { key: 'concurrency', name: 'concurrency', kind: 'whole', min: 1, max: 1000, placeholder: '<n>', describe: 'Jobs to run at the same time' }

/** The flag that the list of runs has, too. */
function flagOfRuns(key: string): Flag {
  return operationCommands.find(({ words }) => words === 'runs list')!.flags.find((flag) => flag.key === key)!
}

const sinceFlag: Flag = { key: 'since', name: 'since', kind: 'moment', placeholder: '<time>', describe: 'Not before: how long ago such as 1d, or a time' }
const untilFlag: Flag = { key: 'until', name: 'until', kind: 'moment', placeholder: '<time>', describe: 'Not after: how long ago such as 1h, or a time' }

const scopeFlag: Flag = { key: 'scope', name: 'scope', kind: 'text', choices: ['user', 'system'], placeholder: '<scope>', describe: 'Only services of one scope (both unless said): user, system' }
const nameArgument: Value = { key: 'name', kind: 'text', min: 1, max: 255, optional: true, describe: 'Name of a service, or a pattern: * is any text, ? one character; all if left out' }
const matchFlag: Flag = { key: 'match', name: 'match', short: 'm', kind: 'text', min: 1, max: 255, placeholder: '<pattern>', describe: 'Only names like this: * is any text, ? one character' }
const runningFlag: Flag = { key: 'running', name: 'running', short: 'r', kind: 'switch', describe: 'Only those that run now' }

/** What `plan` and `create` read definitions from. Each pattern needs its flag, so that a path may follow it. */
const definitionArguments: readonly Value[] = [{ key: 'path', kind: 'text', min: 1, file: true, describe: 'A module (.ts, .js), a YAML file, or a directory of these' }]
const definitionFlags: readonly Flag[] = [
  { key: 'include', name: 'include', short: 'i', kind: 'text', many: true, further: eachNeedsItsFlag, min: 1, placeholder: '<pattern>', describe: 'Only services whose names are like this; may be repeated' },
  { key: 'exclude', name: 'exclude', short: 'e', kind: 'text', many: true, further: eachNeedsItsFlag, min: 1, placeholder: '<pattern>', describe: 'Not services whose names are like this; may be repeated' },
  { key: 'prune', name: 'prune', kind: 'switch', describe: 'Also remove services that the same files defined before and do not any more' },
  { key: 'start', name: 'start', kind: 'switch', describe: 'Start every service; default those that start at boot and have no schedule' },
  { key: 'noStart', name: 'no-start', kind: 'switch', describe: 'Start no service' },
  { ...scopeFlag, describe: 'Scope of services that do not say; default user: user, system' },
]

const serverScope: Flag = { key: 'scope', name: 'scope', kind: 'text', choices: ['user', 'system'], placeholder: '<scope>', describe: 'Whose systemd runs it: that of this account, or that of the machine (as root); default where it is, else user' }

const environmentFlags: readonly Flag[] = [
  { key: 'venv', name: 'venv', kind: 'text', min: 1, placeholder: '<env>', describe: 'The conda environment, by name or path' },
  { key: 'path', name: 'path', kind: 'text', min: 1, file: true, placeholder: '<path>', describe: 'With --venv: the conda, mamba or micromamba to use, or the directory that holds it' },
  { key: 'file', name: 'file', kind: 'text', min: 1, file: true, placeholder: '<file>', describe: 'A YAML file with a Venv (env_name) or a DockerContainer (image)' },
  { key: 'description', name: 'description', kind: 'text', min: 1, max: 1_000, placeholder: '<text>', describe: 'For people' },
]

export const localCommands: readonly LocalCommand[] = [
  {
    words: 'list', several: true,
    summary: 'List services with their status',
    args: [nameArgument],
    flags: [matchFlag, runningFlag, scopeFlag],
    examples: ['tf list', "tf list 'web-*'", 'tf list -o wide', 'tf list --running -o name'],
    notes: 'Needs no server and no database: services are unit files and what systemd says of them. tf status tells more of each.',
    load: () => import('./commands/list-services.ts'),
  },
  {
    words: 'status', several: true,
    summary: 'Show the state of services, or all that is known of one',
    args: [nameArgument],
    flags: [
      matchFlag, runningFlag,
      { key: 'all', name: 'all', short: 'a', kind: 'switch', describe: 'Also the units of stop and restart schedules' },
      { key: 'details', name: 'details', kind: 'switch', describe: 'Also results, restarts, processes, memory and drift' },
      scopeFlag,
    ],
    examples: ['tf status', 'tf status web', "tf status 'web-*' --details", 'tf status -m web -o json'],
    notes: 'Times are in the zone of TASKFLOWS_DISPLAY_TIMEZONE. A narrow terminal is shown fewer columns, -o wide shows all.',
    load: () => import('./commands/status.ts'),
  },
  {
    words: 'plan', several: true,
    summary: 'Show what tf create would change, and change nothing',
    args: definitionArguments,
    flags: definitionFlags,
    examples: ['tf plan services.ts', "tf plan ./services --include 'web-*'", 'tf plan services.yaml --prune -o json'],
    notes: 'Exits 0 when nothing would change, 2 when something would. A mistake in the line or in a definition is 1, not 2.',
    usageExit: 1,
    load: () => import('./commands/plan.ts'),
  },
  {
    words: 'create', several: true,
    summary: 'Create or change services as files define them',
    args: definitionArguments,
    flags: [...definitionFlags, { key: 'dryRun', name: 'dry-run', kind: 'switch', describe: 'Say what would be done, and do nothing' }],
    examples: ['tf create services.ts', "tf create ./services -i 'web-*' --dry-run", 'tf create services.yaml --prune --yes'],
    notes: 'Writes the units, has systemd read them once, enables and starts. A service that does not come up is rolled back. Asks before it removes, stops or restarts something; without a terminal --prune needs --yes.',
    load: () => import('./commands/create.ts'),
  },
  {
    words: 'check',
    summary: 'Look for mistakes in definitions, without systemd or a server',
    args: definitionArguments,
    flags: [
      ...definitionFlags.filter(({ key }) => ['include', 'exclude', 'scope'].includes(key)),
      { key: 'year', name: 'year', kind: 'whole', min: 1970, max: 2198, placeholder: '<year>', describe: 'The year of schedules that is simulated; default 365 days from now' },
      { key: 'from', name: 'from', kind: 'instant', placeholder: '<time>', describe: 'Simulate 365 days from this time' },
      { key: 'zone', name: 'zone', kind: 'text', min: 1, placeholder: '<zone>', describe: 'Time zone of schedules that name none, such as America/New_York; default that of this machine' },
      { key: 'maxScore', name: 'max-score', kind: 'text', min: 1, placeholder: '<n>', describe: 'Exposure by systemd-analyze security (0 to 10) above which a service has an error' },
      { key: 'strict', name: 'strict', kind: 'switch', describe: 'Exit 1 for warnings, too' },
    ],
    examples: ['tf check services.ts', 'tf check ./services --strict --max-score 7', 'tf check services.yaml --year 2027 --zone America/New_York -o json', "tf check ./services -i 'web-*' -o jsonl"],
    notes: 'Reads units (systemd-analyze verify), calendars, a year of schedules, exposure, dependencies and commands, and changes nothing. Exits 0 without errors, 1 with errors, 2 for a mistake in the line. Without systemd-analyze the rest is checked, and a warning says what was not. -o json prints the whole report, -o jsonl one finding per line; -o wide shows every service.',
    load: () => import('./commands/check.ts'),
  },
  {
    words: 'import',
    summary: 'Turn crontab lines and units of systemd into definitions',
    args: [{ key: 'source', kind: 'text', many: true, min: 1, file: true, describe: 'crontab (that of this account), a file with lines of a crontab, - for standard input, a unit file, a directory of these, or the name of an installed unit' }],
    flags: [
      { key: 'out', name: 'out', kind: 'text', min: 1, file: true, placeholder: '<file>', describe: 'Write there, and not to standard output; --yes replaces what is there' },
      { key: 'format', name: 'format', kind: 'text', choices: ['ts', 'yaml'], placeholder: '<format>', describe: 'What to write; default by the ending of the file, else ts: ts, yaml' },
      { key: 'name', name: 'name', kind: 'text', many: true, further: eachNeedsItsFlag, min: 1, placeholder: '<name>', describe: 'Name of the first service, repeated for the second and so on; default by what they run' },
      { ...scopeFlag, describe: 'Scope of the services; default that of the units, system for crontabs with users, else user: user, system' },
      { key: 'systemFormat', name: 'system-format', kind: 'switch', describe: 'Lines of crontabs have a user before the command, as those of /etc/crontab and /etc/cron.d do' },
    ],
    examples: ['tf import crontab --out jobs.ts', 'crontab -l | tf import -', 'tf import backup.service --name nightly-backup', 'tf import ~/.config/systemd/user --format yaml'],
    notes: 'Changes nothing. What was written is loaded again, compiled and compared with its source; exits 1 when something was refused or differs, and says what. docs/guides/import.md has what does not count.',
    load: () => import('./commands/import.ts'),
  },
  {
    words: 'env create',
    summary: 'Create a named environment, for services to run in',
    args: [{ key: 'name', kind: 'text', min: 1, max: 100, describe: 'What definitions call it: letters, digits, dots, dashes and underscores' }],
    flags: environmentFlags,
    examples: ['tf env create ml --venv ml-2030', 'tf env create ml --venv ml-2030 --path ~/miniforge3', 'tf env create py --file python.yaml'],
    notes: "Services use it by environment: 'NAME'. Needs no server and no database; with one, the environment is that of its host.",
    load: async () => ({ run: (await import('./commands/edit-environment.ts')).create }),
  },
  {
    words: 'env edit',
    summary: 'Change a named environment, and the services that use it',
    args: [{ key: 'name', kind: 'text', min: 1, max: 100, describe: 'Name of the environment' }],
    flags: [...environmentFlags, { key: 'noApply', name: 'no-apply', kind: 'switch', describe: 'Leave services as they are until they are applied next' }],
    examples: ['tf env edit ml', 'tf env edit ml --venv ml-2031 --yes', 'tf env edit py --file python.yaml --no-apply'],
    notes: 'Without --venv, --file or --description it opens VISUAL or EDITOR. Shows what becomes of each service, and asks before one that runs is restarted. When no service comes up with it, all is as before. Exits 7 when some did not.',
    load: async () => ({ run: (await import('./commands/edit-environment.ts')).edit }),
  },
  {
    words: 'serve',
    summary: 'Start the server: API, database and, with --worker, a worker',
    args: [],
    flags: [
      { key: 'host', name: 'host', kind: 'text', min: 1, placeholder: '<address>', describe: 'Address to listen on; default TASKFLOWS_HOST, else 127.0.0.1' },
      { key: 'port', name: 'port', kind: 'whole', min: 0, max: 65_535, placeholder: '<n>', describe: 'Port to listen on, 0 for any free one; default TASKFLOWS_PORT, else 7777' },
      { key: 'workerModules', name: 'worker', kind: 'text', many: true, min: 1, file: true, placeholder: '<module...>', describe: 'Also run the tasks that these modules export' },
      queueFlag,
      concurrencyFlag,
    ],
    examples: ['tf serve', 'tf serve --worker ./jobs.ts --concurrency 20', 'tf serve --port 8080'],
    notes: 'Starts PostgreSQL by itself unless TASKFLOWS_DATABASE_URL names one. Ctrl-C stops everything: running jobs get time to end, the rest goes back to its queue.',
    load: () => import('./commands/serve.ts'),
  },
  {
    words: 'worker',
    summary: 'Run the tasks that modules export, as jobs for them come',
    args: [{ key: 'module', kind: 'text', many: true, min: 1, file: true, describe: 'Files that export task(fn, { name }) values, or defineJobs({ ... })' }],
    flags: [queueFlag, concurrencyFlag],
    examples: ['tf worker ./jobs.ts', 'tf worker ./mail.ts ./images.ts --queue mail images --concurrency 20'],
    notes: 'Needs the database, not the server. Ctrl-C stops it: running jobs get time to end, the rest goes back to its queue.',
    load: () => import('./commands/worker.ts'),
  },
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
    words: 'logs', several: true,
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
    words: 'doctor',
    summary: 'Check this installation and say how to mend it',
    args: [],
    flags: [
      { key: 'env', name: 'env', kind: 'switch', describe: 'Show every setting with its value and where it comes from' },
      { key: 'security', name: 'security', kind: 'switch', describe: 'Walk the checklist of docs/guides/security.md' },
    ],
    examples: ['tf doctor', 'tf doctor --env', 'tf doctor --security', 'tf doctor --env -o json'],
    notes: 'Exits 1 when a check fails. Changes nothing, but starts the embedded PostgreSQL when it does not run. Secrets are never shown.',
    load: () => import('./commands/doctor.ts'),
  },
  {
    words: 'api start',
    summary: 'Run the server as a service of this host: at boot, and again whenever it ends',
    args: [],
    flags: [
      { key: 'host', name: 'host', kind: 'text', min: 1, placeholder: '<address>', describe: 'Address to listen on; default TASKFLOWS_HOST, else 127.0.0.1' },
      { key: 'port', name: 'port', kind: 'whole', min: 1, max: 65_535, placeholder: '<n>', describe: 'Port to listen on; default TASKFLOWS_PORT, else 7777' },
      { key: 'enableUi', name: 'enable-ui', kind: 'switch', describe: 'Serve the web pages, too' },
      serverScope,
    ],
    examples: ['tf api start', 'tf api start --port 8080', 'tf api start --scope system'],
    notes: 'Writes the unit taskflows-srv-api.service with the TASKFLOWS_ variables that are set now, starts it and looks whether it answers; when it does not, all is as before. Repeat it after a change of those. tf logs srv-api shows what it says.',
    load: async () => ({ run: (await import('./commands/api-service.ts')).start }),
  },
  {
    words: 'api stop',
    summary: 'Stop the server that runs as a service, also at boot',
    args: [],
    flags: [serverScope],
    examples: ['tf api stop'],
    notes: 'Services go on: they are run by systemd. Exits 3 when it does not run.',
    load: async () => ({ run: (await import('./commands/api-service.ts')).stop }),
  },
  {
    words: 'api restart',
    summary: 'Restart the server that runs as a service, such as after an upgrade',
    args: [],
    flags: [serverScope],
    examples: ['npm install --global taskflows && tf api restart'],
    notes: 'Services go on meanwhile. Settings stay as they were at tf api start, except for those in config.yaml.',
    load: async () => ({ run: (await import('./commands/api-service.ts')).restart }),
  },
  {
    words: 'api status',
    summary: 'Say whether the server runs as a service, and where it listens',
    args: [],
    flags: [serverScope],
    examples: ['tf api status -o json'],
    notes: 'Exits 3 when it does not run.',
    load: async () => ({ run: (await import('./commands/api-service.ts')).status }),
  },
  {
    words: 'api security certificate',
    summary: 'Make a certificate for the server that callers pin, or show the one that there is',
    args: [],
    flags: [
      { key: 'names', name: 'name', kind: 'text', many: true, further: eachNeedsItsFlag, min: 1, max: 253, placeholder: '<name>', describe: 'Host name or IP address that it is made for; may be repeated. Default the names and addresses of this machine' },
      { key: 'days', name: 'days', kind: 'whole', min: 1, max: 36_500, placeholder: '<n>', describe: 'How long it is valid; default 3650' },
      { key: 'replace', name: 'replace', kind: 'switch', describe: 'Make another one; whoever pinned the old one has to pin it again' },
    ],
    examples: ['tf api security certificate', 'tf api security certificate --name web1.example.com --name 10.0.0.7 --replace'],
    notes: 'It signs itself (ECDSA, P-256) and is written to TASKFLOWS_HOME/tls. Shows the fingerprint, to be compared by those who pin it, and the settings that have tf serve use it.',
    load: () => import('./commands/api-certificate.ts'),
  },
  {
    words: 'api security setup',
    summary: 'Create the secret that callers of the API sign with',
    args: [],
    flags: [{ key: 'regenerate', name: 'regenerate-secret', short: 'r', kind: 'switch', describe: 'Replace the secret; what was signed with the old one is refused at once' }],
    examples: ['tf api security setup', 'tf api security setup --regenerate-secret --yes'],
    load: async () => ({ run: (await import('./commands/api-security.ts')).setup }),
  },
  {
    words: 'api security status',
    summary: 'Say whether the API asks for signatures, without showing the secret',
    args: [],
    flags: [],
    examples: ['tf api security status -o json'],
    load: async () => ({ run: (await import('./commands/api-security.ts')).status }),
  },
  {
    words: 'api security disable',
    summary: 'Let every program on this machine use the API as admin',
    args: [],
    flags: [],
    examples: ['tf api security disable --yes'],
    load: async () => ({ run: (await import('./commands/api-security.ts')).disable }),
  },
  {
    words: 'api security set-secret',
    summary: 'Use this secret, such as that of another server',
    args: [{ key: 'secret', kind: 'text', min: 1, describe: 'At least 32 characters, or - to read it from standard input' }],
    flags: [],
    examples: ['tf api security set-secret - < secret.txt'],
    notes: 'Prefer -: other users of this machine can see the arguments of a running program.',
    load: async () => ({ run: (await import('./commands/api-security.ts')).setSecret }),
  },
  {
    words: 'servers add',
    summary: 'Give a server a name, with the credential it is shown and the certificate it must show',
    args: [
      { key: 'name', kind: 'text', min: 1, max: 64, describe: 'Letters, digits, ".", "_" and "-"; not all' },
      { key: 'url', kind: 'text', min: 1, describe: 'https://host:port, or host:port over http' },
    ],
    flags: [
      { key: 'tokenFile', name: 'token-file', kind: 'text', min: 1, file: true, placeholder: '<file>', describe: 'File with an API token of that server, or - for standard input' },
      { key: 'secretFile', name: 'secret-file', kind: 'text', min: 1, file: true, placeholder: '<file>', describe: 'File with the secret of that host, which signs requests and is never sent, or - for standard input' },
      { key: 'fingerprint', name: 'fingerprint', kind: 'text', min: 1, placeholder: '<SHA256:...>', describe: 'Believe only the certificate with this fingerprint' },
      { key: 'pin', name: 'pin', kind: 'switch', describe: 'Believe only the certificate that the server shows now; compare the fingerprint that is printed' },
      { key: 'replace', name: 'replace', kind: 'switch', describe: 'Replace the server of this name' },
    ],
    examples: ['tf servers add web1 https://web1.example.com:7777 --token-file web1.token', 'ssh web1 tf api tokens create me --role admin | tf servers add web1 https://10.0.0.7:7777 --token-file - --pin'],
    notes: 'Written to TASKFLOWS_HOME/servers.json, which only this account can read. Without a credential the server is shown TASKFLOWS_TOKEN. No credential is taken from the line, which other users of this machine can see.',
    load: async () => ({ run: (await import('./commands/servers.ts')).add }),
  },
  {
    words: 'servers list',
    summary: 'List the servers that have a name',
    args: [],
    flags: [{ key: 'check', name: 'check', kind: 'switch', describe: 'Also ask each of them how it is' }],
    examples: ['tf servers list', 'tf servers list --check', 'tf servers list -o json'],
    notes: 'Credentials are never shown. --check exits as tf servers test does.',
    load: async () => ({ run: (await import('./commands/servers.ts')).list }),
  },
  {
    words: 'servers remove',
    summary: 'Take servers off the list, with their credentials',
    args: [{ key: 'name', kind: 'text', many: true, min: 1, describe: 'Names of the list' }],
    flags: [],
    examples: ['tf servers remove web1'],
    load: async () => ({ run: (await import('./commands/servers.ts')).remove }),
  },
  {
    words: 'servers test',
    summary: 'Ask servers of the list whether they answer and let us in',
    args: [{ key: 'name', kind: 'text', many: true, min: 1, optional: true, describe: 'Names of the list; all if left out' }],
    flags: [],
    examples: ['tf servers test', 'tf servers test web1 -o json'],
    notes: 'Exits 0 when all of them do, 7 when some do, else as the failure that they share: 3 not running, 5 denied or another certificate.',
    load: async () => ({ run: (await import('./commands/servers.ts')).test }),
  },
  {
    words: 'db status',
    summary: 'Show the version of the schema, sizes, partitions and connections of the database',
    args: [],
    flags: [],
    examples: ['tf db status', 'tf db status -o json'],
    notes: 'Starts the embedded PostgreSQL when it does not run. Changes nothing.',
    load: async () => ({ run: (await import('./commands/db.ts')).status }),
  },
  {
    words: 'db migrate',
    summary: 'Bring the database to the schema of this program',
    args: [],
    flags: [{ key: 'dryRun', name: 'dry-run', kind: 'switch', describe: 'Say what would be applied, and change nothing' }],
    examples: ['tf db migrate --dry-run', 'tf db migrate'],
    notes: 'Servers and workers migrate when they start. Those of an earlier version may go on working meanwhile when tf db status says that they run with the new schema.',
    load: async () => ({ run: (await import('./commands/db.ts')).migrate }),
  },
  {
    words: 'db backup',
    summary: 'Write everything in the database to a file, while servers and workers go on',
    args: [{ key: 'file', kind: 'text', min: 1, file: true, describe: 'Path of the file, which is replaced when it exists, or - for standard output' }],
    flags: [],
    examples: ['tf db backup jobs.backup', 'tf db backup - | ssh backup.example.com "cat > jobs.backup"'],
    notes: 'The file holds payloads, results and the hashes of API tokens, and can be read by its owner only. The secret of the API (security.json) is not in it.',
    load: async () => ({ run: (await import('./commands/db.ts')).backup }),
  },
  {
    words: 'db restore',
    summary: 'Replace everything in the database by a backup',
    args: [{ key: 'file', kind: 'text', min: 1, file: true, describe: 'Path of the file, or - for standard input' }],
    flags: [],
    examples: ['tf db restore jobs.backup', 'tf db restore jobs.backup --yes'],
    notes: 'Stop every server and worker first. A database that holds work is replaced only after a question or with --yes. When anything goes wrong nothing has changed. Jobs that ran at the time of the backup run again.',
    load: async () => ({ run: (await import('./commands/db.ts')).restore }),
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
  ...localCommands,
]
