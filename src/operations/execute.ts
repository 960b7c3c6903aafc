/**
 * The one way in to the operations, for every face: find it in the contract,
 * check the permission, check the input, run it.
 */
import { may } from '../access/roles.ts'
import { type TaskflowsContract, contract } from '../contract/index.ts'
import type { Contract, Operation } from '../contract/operation.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import type { OperationContext } from './context.ts'
import { eventOperations } from './events.ts'
import type { Implementation } from './implement.ts'
import { jobOperations } from './jobs.ts'
import { refusal } from './refusals.ts'
import { runOperations } from './runs.ts'
import { systemOperations } from './system.ts'
import { tokenOperations } from './tokens.ts'

const operations: { readonly [A in keyof TaskflowsContract]: Implementation<TaskflowsContract[A]> } = {
  jobs: jobOperations,
  events: eventOperations,
  runs: runOperations,
  tokens: tokenOperations,
  system: systemOperations,
}

export interface Answer {
  /** The status of success that the contract names. */
  readonly status: number
  /** In the wire's words, ready for JSON. */
  readonly output: unknown
}

/** @throws TaskflowsError: `request.not_found`, `access.denied`, `request.invalid`, and what the operation itself names */
export async function execute(context: OperationContext, area: string, name: string, rawInput: unknown): Promise<Answer> {
  const declared = declarationOf(area, name)
  authorise(context, declared)
  const input = validate(declared, rawInput)
  const output = await implementationOf(area, name)(input, context)
  return { status: declared.success ?? 200, output }
}

function declarationOf(area: string, name: string): Operation {
  const areas: Contract = contract
  const found = Object.hasOwn(areas, area) && Object.hasOwn(areas[area]!, name) ? areas[area]![name] : undefined
  if (found === undefined) throw new TaskflowsError('request.not_found', `there is no operation ${area}.${name}`)
  return found
}

/** The types held where each area was implemented; here only names are known. */
function implementationOf(area: string, name: string): (input: unknown, context: OperationContext) => Promise<unknown> {
  return (operations as unknown as Record<string, Record<string, (input: unknown, context: OperationContext) => Promise<unknown>>>)[area]![name]!
}

function authorise({ caller }: OperationContext, { permission, summary }: Operation): void {
  if (may(caller, permission)) return
  throw new TaskflowsError('access.denied', `${caller.name} (${caller.role ?? 'no role'}) may not: ${summary}; that needs ${permission}`, { details: { permission, role: caller.role } })
}

function validate({ input }: Operation, rawInput: unknown): unknown {
  const checked = input.safeParse(rawInput)
  if (checked.success) return checked.data
  throw refusal(checked.error.issues, rawInput, Object.keys(input.shape))
}
