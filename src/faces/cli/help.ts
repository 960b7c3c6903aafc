/** The pages that `--help` prints, folded to the terminal's width when there is one. */
import { type Command, type Flag, argumentText, flagText } from './command.ts'
import { globalFlags } from './global-flags.ts'

const about = 'taskflows: services that systemd keeps alive, jobs that survive crashes, tasks that are retried and watched'

const columns = process.stdout.isTTY ? process.stdout.columns : Infinity

const environment = [
  ['TASKFLOWS_HOME', 'Where taskflows keeps its files; default ~/.taskflows'],
  ['TASKFLOWS_SERVER', 'Server to talk to, like --server'],
  ['TASKFLOWS_TOKEN', 'Token to send to the server'],
  ['TASKFLOWS_DATABASE_URL', 'PostgreSQL to use instead of the embedded one'],
] as const

const exitCodes = [
  ['0', 'done'],
  ['1', 'an error; also a job that was waited for and did not succeed'],
  ['2', 'the command line or a value in it is invalid'],
  ['3', 'the server does not answer'],
  ['4', 'there is no such thing'],
  ['5', 'denied'],
  ['6', 'it took too long'],
  ['7', 'some of several things failed'],
] as const

/** Commands in the order in which they are shown, by the first of their words. What is not named here comes last. */
const groups: readonly (readonly [title: string, words: readonly string[]])[] = [
  ['Services', ['create', 'plan', 'check', 'import', 'list', 'status', 'show', 'why', 'next', 'start', 'stop', 'restart', 'enable', 'disable', 'remove', 'rollback', 'env']],
  ['What ran', ['logs', 'history', 'runs', 'events']],
  ['Jobs and tasks', ['jobs', 'worker', 'run']],
  ['Servers', ['serve', 'api', 'servers', 'db', 'alerts', 'doctor']],
]

const firstSteps = [
  'tf create services.ts            # services that a file defines',
  'tf serve --worker ./jobs.ts      # a server and a worker on your tasks',
  'tf jobs add resize --wait        # add a job and wait for its end',
  'tf jobs list --state DEAD        # what needs a person',
]

/** `tf --help`, or the commands that begin with `words`. */
export function overview(words: string, commands: readonly Command[]): string {
  const shown = commands.filter((command) => words === '' || command.words.startsWith(`${words} `))
  const rowsOf = (some: readonly Command[]) => some.map((command): [string, string] => [usage(command), command.summary])
  const usageLine = `Usage: tf ${words === '' ? '' : `${words} `}COMMAND [ARGUMENTS] [FLAGS]`
  const more = `tf ${words === '' ? '' : `${words} `}COMMAND --help explains one command, with examples.`
  if (words !== '') return page(usageLine, section('Commands', rows(rowsOf(shown))), more)
  const width = widest(rowsOf(shown))
  const lists = grouped(shown).map(([title, some]) => section(title, rows(rowsOf(some), width)))
  return page(about, usageLine, ...lists, section('Start here', firstSteps), section('Flags of every command', flagRows(globalFlags)), section('Environment', rows(environment)), section('Exit codes', rows(exitCodes)), more)
}

/** `tf jobs add --help`. */
export function commandHelp(command: Command): string {
  const args = command.args.map((arg): [string, string] => [argumentText(arg), arg.describe])
  return page(
    command.summary,
    `Usage: tf ${usage(command)}${command.flags.length > 0 ? ' [FLAGS]' : ''}`,
    args.length > 0 && section('Arguments', rows(args)),
    command.flags.length > 0 && section('Flags', flagRows(command.flags)),
    command.notes,
    command.examples.length > 0 && section('Examples', command.examples),
    section('Flags of every command', flagRows(globalFlags)),
    'tf --help lists the exit codes.',
  )
}

function grouped(commands: readonly Command[]): (readonly [title: string, commands: readonly Command[]])[] {
  const firstWord = ({ words }: Command) => words.split(' ', 1)[0]!
  const named = groups.map(([title, words]) => [title, words.flatMap((word) => commands.filter((command) => firstWord(command) === word))] as const)
  const others = commands.filter((command) => !groups.some(([, words]) => words.includes(firstWord(command))))
  return [...named, ['Other', others]]
}

function usage({ words, args }: Command): string {
  return [words, ...args.map(argumentText)].join(' ')
}

function page(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter(Boolean).join('\n\n')
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function flagRows(flags: readonly Flag[]): string[] {
  return rows(flags.map((flag) => [flagText(flag), flag.describe]))
}

function widest(pairs: readonly (readonly [string, string])[]): number {
  return Math.max(...pairs.map(([left]) => left.length)) + 2
}

function rows(pairs: readonly (readonly [string, string])[], width = widest(pairs)): string[] {
  return pairs.flatMap(([left, right]) => fold(right, columns - width - 2).map((line, at) => (at === 0 ? left : '').padEnd(width) + line))
}

function fold(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`
    if (longer.length <= Math.max(width, 20) || lines.at(-1) === '') lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
