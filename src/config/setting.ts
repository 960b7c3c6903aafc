/**
 * The form of one setting, and of one kind of value. The settings themselves
 * are in `settings.ts` and `settings-to-come.ts`, the kinds in `kinds.ts`.
 */
export interface Kind<T> {
  /** What a person is told to write. */
  readonly expected: string
  /** `undefined` when the text is no such value. @param base the directory that relative paths start from */
  readonly parse: (text: string, base: string) => T | undefined
  /** A list of YAML is taken too. */
  readonly many?: true
}

export interface Setting<T, D extends T | null = T | null> {
  /** Its environment variable. */
  readonly env: string
  /** Other names of the variable, of earlier versions; used when `env` is not set. */
  readonly older?: readonly string[]
  readonly kind: Kind<T>
  readonly default: D
  /** The value must not be shown, and a file that holds it must be private. */
  readonly secret?: true
  /** For `tf doctor --env` and the reference page. */
  readonly describe: string
  /** Why config.yaml cannot set it. */
  readonly notInFile?: string
}

/** Lets the compiler infer what a row of the table holds. */
export function setting<T, const D extends T | null>(declared: Setting<T, D>): Setting<T, D> {
  return declared
}

/** `databaseUrl` -> `database_url`, as config.yaml has it. */
export function fileKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
