/**
 * Where each operation lives over HTTP. Derived from the contract here; the
 * command line brings a generated table instead, to load no schemas.
 */
import type { Contract } from '../contract/operation.ts'

export interface Route {
  readonly method: string
  /** Below `/api/v1`, with `{field}` for input fields that travel in the path. */
  readonly path: string
  /** It answers with a stream. */
  readonly stream?: true
  /** It may take minutes. */
  readonly slow?: true
}

export type RouteTable = Readonly<Record<string, Readonly<Record<string, Route>>>>

export function routesOf(contract: Contract): RouteTable {
  return mapValues(contract, (area) => mapValues(area, ({ method, path, stream, slow }) => ({ method, path, ...(stream && { stream }), ...(slow && { slow }) })))
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}
