/**
 * What a command of `tf` looks like, as data: enough to parse its line and to
 * print its help. What commands do is in `commands/`, loaded when one runs.
 */

/** How the text of a value is read; `read-values.ts` has the rules. */
export type ValueKind = 'text' | 'whole' | 'json' | 'duration' | 'instant'

export interface Value {
  /** Under which name the command finds it: for operations, the input field. */
  readonly key: string
  readonly kind: ValueKind
  /** Several may be given. */
  readonly many?: true
  /** The only texts allowed; upper and lower case count as the same. */
  readonly choices?: readonly string[]
  /** A path: shells complete it from the disk. */
  readonly file?: true
  /** Smallest number, or fewest characters of a text. */
  readonly min?: number
  /** Largest number, or most characters of a text. */
  readonly max?: number
  readonly describe: string
}

export interface Flag extends Omit<Value, 'kind'> {
  /** Without the dashes: `max-attempts`. */
  readonly name: string
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
  /** Required, in order; only the last may be `many`, and then takes one or more. */
  readonly args: readonly Value[]
  readonly flags: readonly Flag[]
  /** Whole lines a reader can copy. */
  readonly examples: readonly string[]
  /** What help says besides: behaviour, exit codes. */
  readonly notes?: string
}

/** A command made from an operation of the contract. */
export interface OperationCommand extends Command {
  readonly area: string
  readonly operation: string
}

/** `ID...`, as usage lines show an argument. */
export function argumentText({ key, many }: Value): string {
  return `${key.toUpperCase()}${many ? '...' : ''}`
}

/** `-o, --output <format>`, as help shows a flag. */
export function flagText({ name, short, placeholder }: Flag): string {
  return `${short ? `-${short}, ` : '    '}--${name}${placeholder ? ` ${placeholder}` : ''}`
}
