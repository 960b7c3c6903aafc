/** What a running command is given. */
import type { Config, ConfigFlags } from '../../config.ts'
import type { Format } from './global-flags.ts'
import type { Output } from './output/output.ts'
import type { Talk } from './output/talk.ts'
import type { Values } from './read-values.ts'

/** The flags of `global-flags.ts`, read. */
export interface Globals {
  readonly format: Format
  readonly noColor: boolean
  readonly yes: boolean
  /** Show where unexpected errors come from. */
  readonly debug: boolean
}

export interface Invocation {
  readonly values: Values
  readonly globals: Globals
  /** Of the several servers that the line names, the one that this is for. */
  readonly server?: string
  /** Read when it is first wanted. @throws `config.invalid` */
  readonly config: Config
  /** The settings that the line gives. */
  readonly configFlags: ConfigFlags
  readonly talk: Talk
  /** Says on stderr what failed while the rest goes on. */
  readonly report: (thrown: unknown) => void
  /** @param several whether more than one item is coming. */
  readonly output: (several: boolean) => Output
}

/** Returns the exit code; nothing is 0. Throws what `errors.ts` reports. */
export type RunCommand = (invocation: Invocation) => Promise<number | void>
