/**
 * What a shell needs to complete lines of `tf`, as lines of tab-separated text: made from the command tables, the
 * same for every shell. The scripts beside this file (`tf.bash`, `tf.zsh`, `tf.fish`) walk the line and look up here.
 *
 * - `word`, the words so far (`tf jobs`), the next word, what it is for
 * - `flag`, the words of the command or `*` for every command, `--name`, `-n` or `-`, `none|one|many` values,
 *   the values, what it is for
 * - `args`, the words of the command, `one|many` for the last of them, and the values of each
 *
 * Values are the choices separated by spaces, or `<file>`, `<payload>` (`@` and a file), or `-` for what nobody can
 * guess. Ids are such: completing asks no server.
 */
import { type Command, type Flag, type Value, eachNeedsItsFlag } from '../command.ts'

export function completionTable(commands: readonly Command[], globalFlags: readonly Flag[]): string {
  const rows = [
    ...nextWords(commands).map(({ before, next, describe }) => ['word', spoken(before), next, describe]),
    ...globalFlags.map((flag) => flagRow('*', flag)),
    ...commands.flatMap(({ words, flags }) => flags.map((flag) => flagRow(spoken(words), flag))),
    ...commands.filter(({ args }) => args.length > 0).map(({ words, args }) => ['args', spoken(words), args.at(-1)!.many ? 'many' : 'one', ...args.map(valuesOf)]),
  ]
  return rows.map((row) => row.join('\t')).join('\n')
}

/** No field may be empty: bash takes neighbouring tabs for one. */
function spoken(words: string): string {
  return `tf ${words}`.trim()
}

interface NextWord {
  /** `''` at the beginning of the line. */
  readonly before: string
  readonly next: string
  readonly describe: string
}

/** Each word of each command once; one that only leads to others names them. */
function nextWords(commands: readonly Command[]): NextWord[] {
  const steps = commands.flatMap(({ words }) => words.split(' ').map((next, at, all) => ({ before: all.slice(0, at).join(' '), next })))
  const distinct = new Map(steps.map((step) => [`${step.before} ${step.next}`.trim(), step]))
  return [...distinct].map(([words, step]) => ({ ...step, describe: describeWords(words, commands) }))
}

function describeWords(words: string, commands: readonly Command[]): string {
  const own = commands.find((command) => command.words === words)
  if (own) return brief(own.summary)
  const further = commands.filter((command) => command.words.startsWith(`${words} `)).map((command) => command.words.split(' ')[words.split(' ').length]!)
  return [...new Set(further)].join(', ')
}

function flagRow(words: string, flag: Flag): string[] {
  const takes = flag.kind === 'switch' ? 'none' : flag.many && flag.further !== eachNeedsItsFlag ? 'many' : 'one'
  return ['flag', words, `--${flag.name}`, flag.short ? `-${flag.short}` : '-', takes, flag.kind === 'switch' ? '-' : valuesOf(flag as Value), brief(flag.describe)]
}

function valuesOf({ kind, choices, file }: Value): string {
  if (choices) return choices.join(' ')
  if (file) return '<file>'
  return kind === 'json' ? '<payload>' : '-'
}

/** Its first clause. */
function brief(text: string): string {
  return text.split(/[;:]|\.\s/, 1)[0]!.replaceAll('\t', ' ').trim()
}
