/**
 * What a command of `tf` looks like, as data: enough to parse its line and to
 * print its help. What commands do is in `commands/`, loaded when one runs.
 */
import type { RunCommand } from './invocation.ts'

/** How the text of a value is read; `read-values.ts` has the rules. */
export type ValueKind = 'text' | 'whole' | 'json' | 'duration' | 'instant' | 'moment'

export interface Value {
  /** Under which name the command finds it: for operations, the input field. */
  readonly key: string
  readonly kind: ValueKind
  /** Several may be given. */
  readonly many?: true
  /** The only texts allowed; upper and lower case count as the same. */
  readonly choices?: readonly string[]
  /** Of an argument: it may be left out. Only the last may. */
  readonly optional?: true
  /** A path: shells complete it from the disk. */
  readonly file?: true
  /** Smallest number, or fewest characters of a text. */
  readonly min?: number
  /** Largest number, or most characters of a text. */
  readonly max?: number
  readonly describe: string
}

/** For `Flag.further`: each value needs the flag before it. */
export const eachNeedsItsFlag = /(?!)/

export interface Flag extends Omit<Value, 'kind'> {
  /** Without the dashes: `max-attempts`. */
  readonly name: string
  /** Of a flag that takes several values, those after the first are taken while they look like this. Default: until the next flag. */
  readonly further?: RegExp
  /** One letter. */
  readonly short?: string
  /** A `switch` takes no value. */
  readonly kind: ValueKind | 'switch'
  /** What help shows for the value, such as `<n>`. */
  readonly placeholder?: string
}

export interface Command {
  /** `jobs add`. */
  readonly words: string
  readonly summary: string
  /** In order; only the last may be `many`, and then takes one or more. */
  readonly args: readonly Value[]
  readonly flags: readonly Flag[]
  /** Whole lines a reader can copy. */
  readonly examples: readonly string[]
  /** What help says besides: behaviour, exit codes. */
  readonly notes?: string
  /** It can be done on several servers with one line. `lines`: what it prints has times, by which it is put together. */
  readonly several?: true | 'lines'
  /** Exit code of an invalid line or value, where 2 says something else. */
  readonly usageExit?: number
}

/** A command made from an operation of the contract. */
export interface OperationCommand extends Command {
  readonly area: string
  readonly operation: string
  /** Asked on a terminal before it is done, unless `--yes`. */
  readonly confirm?: string
}

/** A command that is no operation of the contract. */
export interface LocalCommand extends Command {
  readonly load: () => Promise<{ readonly run: RunCommand }>
}

/** `ID...`, or `[ID]`, as usage lines show an argument. */
export function argumentText({ key, many, optional }: Value): string {
  const text = `${key.toUpperCase()}${many ? '...' : ''}`
  return optional ? `[${text}]` : text
}

/** `-o, --output <format>`, as help shows a flag. */
export function flagText({ name, short, placeholder }: Flag): string {
  return `${short ? `-${short}, ` : '    '}--${name}${placeholder ? ` ${placeholder}` : ''}`
}
