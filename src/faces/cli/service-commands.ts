/** Commands of `tf` on services and their environments that are no operation of the contract, or do more than one. */
import { type Flag, type LocalCommand, type Value, eachNeedsItsFlag } from './command.ts'

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

const environmentFlags: readonly Flag[] = [
  { key: 'venv', name: 'venv', kind: 'text', min: 1, placeholder: '<env>', describe: 'The conda environment, by name or path' },
  { key: 'path', name: 'path', kind: 'text', min: 1, file: true, placeholder: '<path>', describe: 'With --venv: the conda, mamba or micromamba to use, or the directory that holds it' },
  { key: 'file', name: 'file', kind: 'text', min: 1, file: true, placeholder: '<file>', describe: 'A YAML file with a Venv (env_name) or a DockerContainer (image)' },
  { key: 'description', name: 'description', kind: 'text', min: 1, max: 1_000, placeholder: '<text>', describe: 'For people' },
]

export const serviceCommands: readonly LocalCommand[] = [
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
      { key: 'all', name: 'all', short: 'a', kind: 'switch', describe: 'Also the units that start, stop and restart services, and runs besides them' },
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
    words: 'backfill', several: true,
    summary: 'Run a service once for each time of its schedule in a range, or list what was made up for',
    args: [{ key: 'name', kind: 'text', min: 1, max: 255, describe: 'Name of the service' }],
    flags: [
      { key: 'since', name: 'since', kind: 'moment', placeholder: '<time>', describe: 'The first time that counts: how long ago such as 7d, or a time' },
      { key: 'until', name: 'until', kind: 'moment', placeholder: '<time>', describe: 'The last time that counts, not in the future: how long ago such as 1d, or a time' },
      { key: 'maxParallel', name: 'max-parallel', kind: 'whole', min: 1, max: 50, placeholder: '<n>', describe: 'How many run at the same time; default 1' },
      { key: 'again', name: 'again', kind: 'switch', describe: 'Also times that ran well before' },
      { key: 'dryRun', name: 'dry-run', kind: 'switch', describe: 'Say what would run, and do nothing' },
      { key: 'wait', name: 'wait', kind: 'switch', describe: 'Wait for the end: exit code 0 if all succeeded, 1 if none did, else 7' },
      scopeFlag,
    ],
    examples: ['tf backfill nightly --since 2026-11-01 --until 2026-11-07', 'tf backfill nightly --since 7d --until 1d --max-parallel 2 --yes --wait', 'tf backfill nightly'],
    notes: 'Shows the times and asks. The server does it, so one must run (tf api start), and goes on if it is started anew. Each run finds its time in TASKFLOWS_SLOT; the schedule goes on meanwhile. At most 1000 times.',
    load: () => import('./commands/backfill.ts'),
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
]
