/**
 * What a table of fields is made of. `fields.ts` and `cgroup-fields.ts` are the
 * tables; the reader, the writer, the schema of the wire and the reference page
 * walk them. Plain data, safe for the browser.
 */

/** What a value may be. A range is inclusive. */
export type Kind =
  /** One line, without control characters. `secret`: never quoted in a message. */
  | { readonly is: 'text'; readonly most?: number; readonly secret?: boolean }
  /** Text of a certain form. `scalar`: numbers and booleans stand for their text. */
  | { readonly is: 'word'; readonly like: RegExp; readonly expected: string; readonly most?: number; readonly scalar?: boolean; readonly upper?: boolean }
  | { readonly is: 'choice'; readonly words: readonly string[]; /** Other words, and what each means. */ readonly meant?: Readonly<Record<string, string>> }
  | { readonly is: 'boolean' }
  | { readonly is: 'integer'; readonly from: number; readonly to: number }
  /** 0 to 100, also as `'80%'`. */
  | { readonly is: 'percent' }
  /** Seconds, also as `'5m'`. */
  | { readonly is: 'duration'; readonly zero?: boolean }
  /** Bytes, also as `'1.5GB'`. */
  | { readonly is: 'bytes'; readonly from: number }
  /** One, or a list. */
  | { readonly is: 'list'; readonly of: Kind; readonly most: number }
  | { readonly is: 'map'; readonly key: { readonly like: RegExp; readonly expected: string }; readonly of: Kind }
  | ObjectKind
  /** Text of some kind, or an object. */
  | { readonly is: 'either'; readonly text: Kind; readonly object: ObjectKind }
  /** One of several objects, told apart by the field `kind`, or by a field that only one of them has: field -> kind. */
  | { readonly is: 'variant'; readonly of: Readonly<Record<string, ObjectKind>>; readonly toldBy?: Readonly<Record<string, string>> }
  | { readonly is: 'special'; readonly type: SpecialType }

/**
 * `short`: a bare value stands for this field of it. `text`: how it is written as one text, which `object-text.ts` reads.
 * `refused`: names that others have for what does not exist here -> why, and the way out.
 */
export interface ObjectKind {
  readonly is: 'object'
  readonly type: ObjectType
  readonly fields: Fields
  readonly short?: string
  readonly text?: string
  readonly refused?: Readonly<Record<string, string>>
}

/** Objects that have rules beyond those of their fields. */
export type ObjectType =
  | 'RestartPolicy' | 'CgroupConfig' | 'Watchdog' | 'HealthCheck' | 'Secret' | 'Directives' | 'Requirement'
  | 'Venv' | 'NamedEnvironment' | 'DockerContainer' | 'DockerImage' | 'Volume' | 'Ulimit'

/** What has a reader of its own: `read-special.ts`. */
export type SpecialType = 'name' | 'command' | 'startCommand' | 'words' | 'ports' | 'volumeSource' | 'schedule' | 'env' | 'dependency' | 'envFile' | 'existingFile' | 'directory' | 'path' | 'signal' | 'exitStatus'

export interface Field {
  readonly kind: Kind
  /** One sentence. */
  readonly about: string
  readonly required?: true
  /** When it is absent; without one it stays absent, and the default of systemd holds. */
  readonly default?: string | number | boolean
  /** In words, when it depends on other fields. */
  readonly otherwise?: string
  /** Other names for it, in camelCase. */
  readonly aliases?: readonly string[]
}

export type Fields = Readonly<Record<string, Field>>

/** `names`: camelCase in TypeScript, snake_case in YAML and over the API. */
export type Names = 'camel' | 'snake'

/** `startCommand` -> `start_command`; `Unit` stays. */
export function snakeName(name: string): string {
  return name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export function nameIn(names: Names, name: string): string {
  return names === 'camel' ? name : snakeName(name)
}
