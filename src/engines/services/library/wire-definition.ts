/** A definition as it travels, as a type: `service-options.ts` in snake_case. Safe for the browser. */
import type { serviceBrand } from '../define/service-brand.ts'
import type { ServiceOptions } from './service-options.ts'

type SnakeName<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeName<Rest>}` : S

/** `Unit` stays. */
type WireName<S extends string> = S extends Capitalize<S> ? S : SnakeName<S>

/** As it is written in YAML and sent over the API: snake_case, and nothing that is not plain data. */
export type Wire<T> =
  T extends string | number | boolean | undefined ? T
    : T extends ((...args: never[]) => unknown) | { toJSON(): unknown } | { readonly [serviceBrand]: true } ? never
      : T extends readonly unknown[] ? { readonly [K in keyof T]: Wire<T[K]> }
        : { readonly [K in keyof T as K extends string ? WireName<K> : never]: Wire<T[K]> }

export interface WireDefinition extends Wire<ServiceOptions> {
  readonly source?: string
}
