/**
 * How the commands of an area print what an operation answered. The type asks
 * for one function per operation with `cli` words, and for no others.
 */
import type { Client } from '../../client/create-client.ts'
import type { TaskflowsContract } from '../../contract/index.ts'
import type { Area, CliWords, OutputOf } from '../../contract/operation.ts'
import type { Invocation } from './invocation.ts'
import type { Output } from './output/output.ts'

export interface PrintContext extends Omit<Invocation, 'output'> {
  readonly output: Output
  readonly client: Client<TaskflowsContract>
}

/** Returns the exit code; nothing is 0. */
export type Print<Answer> = (answer: Answer, context: PrintContext) => Promise<number | void>

export type Printers<A extends Area> = {
  readonly [Op in keyof A as A[Op] extends { readonly cli: CliWords } ? Op : never]: Print<OutputOf<A[Op]>>
}

/** The areas of the contract that have commands. */
export type AreaWithCommands = {
  [A in keyof TaskflowsContract]: keyof Printers<TaskflowsContract[A]> extends never ? never : A
}[keyof TaskflowsContract]
