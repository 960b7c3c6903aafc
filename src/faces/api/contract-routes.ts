/**
 * The contract as HTTP routes: every operation at its path below /api/v1, and
 * again at each older path of the documents.
 */
import type { Contract, Operation } from '../../contract/operation.ts'

export interface ContractRoute {
  readonly area: string
  readonly name: string
  readonly operation: Operation
  /** From the root of the server, with `{field}`. */
  readonly path: string
  /** Whether it is an older path. */
  readonly alias: boolean
}

export function routesOfContract(contract: Contract): ContractRoute[] {
  return Object.entries(contract).flatMap(([area, operations]) => Object.entries(operations).flatMap(([name, operation]) => routesOf(area, name, operation)))
}

function routesOf(area: string, name: string, operation: Operation): ContractRoute[] {
  const aliases = (operation.aliases ?? []).map((path) => ({ area, name, operation, path, alias: true }))
  return [{ area, name, operation, path: `/api/v1${operation.path}`, alias: false }, ...aliases]
}

/** Whether it answers with a stream, at the path of another that answers JSON. */
export function isStream({ operation }: ContractRoute): boolean {
  return operation.stream === true
}

/** Those that pass the test, and the others. */
export function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}

/** The path as Fastify's router writes it: `:id` for `{id}`, and `::` for a colon that means itself. */
export function routerPath(path: string): string {
  return path.replaceAll(':', '::').replaceAll(/\{(\w+)\}/g, ':$1')
}
