/** An entry of a crontab as the options of a service that runs as cron runs it: its shell, its PATH, its directory. */
import { splitWords } from '../define/command.ts'
import type { CronEntry } from './import-crontab.ts'
import type { ServiceScope } from '../service-definition.ts'

export interface CronAccount {
  readonly scope: ServiceScope
  /** Where cron begins. */
  readonly home: string
}

export interface ImportedCronLine {
  /** As `new Service` takes them. */
  readonly options: Readonly<Record<string, unknown>>
  /** What runs otherwise than under cron. */
  readonly notes: readonly string[]
}

/** Of cron itself; what a crontab sets wins. */
const cronPath = '/usr/bin:/bin'
const cronShell = '/bin/sh'

/** For cron, not for the command. */
const cronsOwn = ['CRON_TZ', 'RANDOM_DELAY', 'MAILTO', 'MAILFROM', 'CONTENT_TYPE', 'CONTENT_TRANSFER_ENCODING', 'HOME', 'LOGNAME', 'USER']

export function importCronLine(name: string, entry: CronEntry, { scope, home }: CronAccount): ImportedCronLine {
  const { variables, calendars, comment, user, command } = entry
  const { SHELL = cronShell, PATH = cronPath, HOME = home, MAILTO, RANDOM_DELAY = '0' } = variables
  const others = Object.entries(variables).filter(([key]) => !cronsOwn.includes(key) && key !== 'PATH')
  const delay = Number(RANDOM_DELAY) > 0 ? { randomizedDelay: Number(RANDOM_DELAY) * 60 } : {}
  return {
    options: {
      name, scope, type: 'oneshot',
      ...(comment !== undefined && { description: comment }),
      startCommand: commandOf(command, SHELL),
      ...(calendars.length === 0 ? { enabled: true } : { startSchedule: calendars.map((schedule) => ({ schedule, persistent: false, ...delay })) }),
      workingDirectory: HOME,
      env: Object.fromEntries([['PATH', PATH], ...others]),
      ...(user !== undefined && { user }),
    },
    notes: [
      ...(MAILTO ? [`its output goes to the journal and not to ${MAILTO}: see onFailure, or alerts of tasks`] : []),
      ...(/&\s*$/.test(command) ? ['what it leaves in the background ends with it'] : []),
    ],
  }
}

/** Words that only a shell knows, or characters that are not themselves there. */
const forShell = /[$`|&;<>()*?[\]{}~#\n]/
const builtins = ['!', '.', ':', '[', 'alias', 'bg', 'break', 'case', 'cd', 'command', 'continue', 'eval', 'exec', 'exit', 'export', 'fg', 'for', 'function', 'hash', 'if', 'jobs', 'local', 'read', 'readonly', 'return', 'set', 'shift', 'source', 'time', 'times', 'trap', 'type', 'ulimit', 'umask', 'unalias', 'unset', 'until', 'wait', 'while', '{']
const knownShells = /^(?:\/usr)?\/bin\/(?:sh|bash|dash|ksh|zsh)$/

/** Without a shell where a shell would do nothing but start the program. */
function commandOf(line: string, shell: string): readonly string[] {
  const split = splitWords(line)
  const [program = ''] = 'words' in split ? split.words : []
  const plain = 'words' in split && !forShell.test(line) && knownShells.test(shell) && program !== '' && !builtins.includes(program) && !/^\w+\+?=/.test(program)
  return plain ? split.words : [shell, '-c', line]
}
