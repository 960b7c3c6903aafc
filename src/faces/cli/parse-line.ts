/**
 * The grammar of a command line: which command, which texts for which argument
 * and flag. What the texts mean is read by `read-values.ts`.
 *
 * A flag that takes several values takes every word up to the next flag
 * (`--after ID ID`) and may be repeated. A value may start with a dash
 * (`--priority -5`) unless it is the name of a flag. After `--` nothing is one.
 */
import { TaskflowsError } from '../../kernel/errors.ts'
import { nearest } from '../../kernel/nearest.ts'
import { type Command, type Flag, argumentText } from './command.ts'

/** The texts given, by key; a switch is an empty list. */
export type Given = ReadonlyMap<string, readonly string[]>

export interface ParsedLine<C extends Command> {
  /** The words that name a command or the beginning of several. */
  readonly words: string
  /** `undefined` when the words name none: then help about them is wanted. */
  readonly command: C | undefined
  readonly globals: Given
  readonly given: Given
}

/**
 * @param onCommand told which command it is before the rest of the line is read
 * @throws `cli.usage` naming the word, and the known one nearest to it.
 */
export function parseLine<C extends Command>(argv: readonly string[], commands: readonly C[], globalFlags: readonly Flag[], onCommand: (command: C) => void = () => {}): ParsedLine<C> {
  const globals = new Map<string, string[]>()
  const rest = [...argv]
  const wantsHelp = rest[0] === 'help'
  if (wantsHelp) {
    rest.shift()
    globals.set('help', [])
  }
  const words = takeWords(rest, commands, globalFlags, globals)
  const command = commands.find((known) => known.words === words)
  if (command) {
    onCommand(command)
    const given = new Map<string, string[]>()
    const positional = takeRest(rest, command, globalFlags, globals, given)
    if (!globals.has('help')) placeArguments(positional, command, given)
    return { words, command, globals, given }
  }
  if (rest[0] !== undefined) throw isFlag(rest[0]) ? unknownFlag(rest[0], globalFlags, 'tf') : unknownCommand(words, rest[0], commands)
  return { words, command, globals, given: new Map() }
}

/** Takes the words of a command off the front, with the global flags between them. */
function takeWords(rest: string[], commands: readonly Command[], globalFlags: readonly Flag[], globals: Map<string, string[]>): string {
  let words = ''
  for (let next = rest[0]; next !== undefined; next = rest[0]) {
    const longer = words === '' ? next : `${words} ${next}`
    if (commands.some((known) => known.words === longer || known.words.startsWith(`${longer} `))) {
      words = longer
      rest.shift()
    } else if (!isFlag(next) || !takeFlag(rest, globalFlags, globals)) {
      break
    }
  }
  return words
}

/** Takes all that follows the words; returns what is no flag. */
function takeRest(rest: string[], command: Command, globalFlags: readonly Flag[], globals: Map<string, string[]>, given: Map<string, string[]>): string[] {
  const positional: string[] = []
  const everyFlag = [...command.flags, ...globalFlags]
  for (let next = rest[0]; next !== undefined; next = rest[0]) {
    if (next === '--') return [...positional, ...rest.splice(0).slice(1)]
    if (!isFlag(next)) positional.push(rest.shift()!)
    else if (!takeFlag(rest, command.flags, given, everyFlag) && !takeFlag(rest, globalFlags, globals, everyFlag)) {
      throw unknownFlag(next, everyFlag, `tf ${command.words}`)
    }
  }
  return positional
}

/** Takes one flag and its values; `false` when it is none of `flags`. */
function takeFlag(rest: string[], flags: readonly Flag[], into: Map<string, string[]>, everyFlag: readonly Flag[] = flags): boolean {
  const [, dashes, name, attached] = /^(--?)([^=]*)(?:=([^]*))?$/.exec(rest[0]!) ?? []
  const flag = flags.find((known) => (dashes === '--' ? known.name === name : known.short === name?.[0]))
  if (!flag) return false
  const written = rest.shift()!
  const joined = dashes === '-' ? written.slice(2).replace(/^=/, '') || undefined : attached
  if (flag.kind === 'switch') {
    if (joined !== undefined && dashes === '--') throw usage(`--${flag.name} takes no value, got ${JSON.stringify(joined)}`)
    if (joined !== undefined) rest.unshift(`-${joined}`)
    into.set(flag.key, [])
    return true
  }
  const values = joined === undefined ? takeValues(rest, flag, everyFlag) : [joined]
  if (values.length === 0) throw usage(`--${flag.name} needs a value: --${flag.name} ${flag.placeholder ?? '<value>'}`)
  into.set(flag.key, flag.many ? [...(into.get(flag.key) ?? []), ...values] : values)
  return true
}

function takeValues(rest: string[], flag: Flag, everyFlag: readonly Flag[]): string[] {
  const values: string[] = []
  while (rest[0] !== undefined && takes(flag, values.length, rest[0], everyFlag)) values.push(rest.shift()!)
  return values
}

function takes({ many, further = /^/ }: Flag, taken: number, next: string, everyFlag: readonly Flag[]): boolean {
  return many ? !isFlag(next) && (taken === 0 || further.test(next)) : taken === 0 && !names(next, everyFlag)
}

function names(text: string, flags: readonly Flag[]): boolean {
  return flags.some(({ name, short }) => text === `--${name}` || text.startsWith(`--${name}=`) || (short !== undefined && text === `-${short}`))
}

/** A lone dash means stdin, and a number may be negative. */
function isFlag(text: string): boolean {
  return /^-[^\d.]/.test(text)
}

function placeArguments(positional: string[], command: Command, given: Map<string, string[]>): void {
  for (const arg of command.args) {
    if (positional.length === 0 && arg.optional) return
    if (positional.length === 0) throw usage(`tf ${command.words}: ${argumentText(arg)} is missing`, command)
    given.set(arg.key, arg.many ? positional.splice(0) : positional.splice(0, 1))
  }
  if (positional.length > 0) throw usage(`tf ${command.words}: unexpected ${JSON.stringify(positional[0])}`, command)
}

function usage(message: string, command?: Command): TaskflowsError {
  return new TaskflowsError('cli.usage', message, command && { hint: `Usage: tf ${[command.words, ...command.args.map(argumentText)].join(' ')} (more: tf ${command.words} --help)` })
}

function unknownFlag(written: string, flags: readonly Flag[], where: string): TaskflowsError {
  const name = written.replace(/=[^]*$/, '')
  const meant = nearest(name, flags.map((flag) => `--${flag.name}`))
  return new TaskflowsError('cli.usage', `${where} has no flag ${JSON.stringify(name)}`, { hint: meant ? `Did you mean ${meant}?` : `See ${where} --help.` })
}

function unknownCommand(words: string, next: string, commands: readonly Command[]): TaskflowsError {
  const typed = words === '' ? next : `${words} ${next}`
  const known = new Set(commands.flatMap((command) => [command.words, command.words.split(' ')[0]!]))
  const meant = nearest(typed, known)
  return new TaskflowsError('cli.usage', `${JSON.stringify(typed)} is no command of tf`, { hint: meant ? `Did you mean tf ${meant}?` : `See tf ${words === '' ? '' : `${words} `}--help.` })
}
