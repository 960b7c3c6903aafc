/**
 * Ties implementations to the contract: an operation that is missing, takes
 * something else or answers something else does not compile.
 */
import type { Area, OutputOf, StreamBatch, ValidInputOf } from '../contract/operation.ts'
import type { OperationContext } from './context.ts'

/** @typeParam C what its operations need of the context */
export type Implementation<A extends Area, C = OperationContext> = {
  readonly [Op in keyof A]: (input: ValidInputOf<A[Op]>, context: C) => A[Op] extends { readonly stream: true }
    ? AsyncIterable<StreamBatch<OutputOf<A[Op]>>>
    : Promise<OutputOf<A[Op]>>
}

/** The operations of one area. */
export function implement<const A extends Area>(_area: A, operations: Implementation<A>): Implementation<A> {
  return operations
}
