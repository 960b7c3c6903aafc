/**
 * The one way in to the operations, for every face: find it in the contract,
 * check the permission, check the input, run it (once, if it has an idempotency key).
 */
import { may } from '../access/roles.ts'
import { type TaskflowsContract, contract } from '../contract/index.ts'
import type { Contract, Operation } from '../contract/operation.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { type Answer, answerOf } from './answer.ts'
import type { OperationContext } from './context.ts'
import { environmentOperations } from './environments.ts'
import { eventOperations } from './events.ts'
import { once } from './idempotency.ts'
import type { Implementation } from './implement.ts'
import { jobOperations } from './jobs.ts'
import { refusal } from './refusals.ts'
import { runOperations } from './runs.ts'
import { serviceOperations } from './services.ts'
import { systemOperations } from './system.ts'
import { tokenOperations } from './tokens.ts'

const operations: { readonly [A in keyof TaskflowsContract]: Implementation<TaskflowsContract[A]> } = {
  services: serviceOperations,
  environments: environmentOperations,
  jobs: jobOperations,
  events: eventOperations,
  runs: runOperations,
  tokens: tokenOperations,
  system: systemOperations,
}

export type { Answer } from './answer.ts'

/** @throws TaskflowsError: `request.not_found`, `access.denied`, `request.invalid`, and what the operation itself names */
export async function execute(context: OperationContext, area: string, name: string, rawInput: unknown): Promise<Answer> {
  const declared = declarationOf(area, name)
  authorise(context, declared)
  const input = validate(declared, rawInput)
  const run = (given: OperationContext) => implementationOf(area, name)(input, given)
  const { idempotencyKey } = context
  if (idempotencyKey !== undefined && declared.method === 'POST') return once({ ...context, idempotencyKey }, { operation: `${area}.${name}`, declared, input }, run)
  return answerOf(declared, await run(context))
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
