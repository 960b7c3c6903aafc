/**
 * Requests with an Idempotency-Key: carried out once, and answered the same
 * however often they are sent.
 *
 * The key is reserved first. Operations that can, keep their answer in the
 * transaction that does what it tells of (`context.keep`): for them there is no
 * moment at which a crash leaves one without the other. The answers of others are kept right after.
 */
import { createHash } from 'node:crypto'
import type { Operation } from '../contract/operation.ts'
import { TaskflowsError, invalidFields } from '../kernel/errors.ts'
import { type KeptAnswer, type Reservation, idempotencyKeyForm } from '../kernel/idempotency.ts'
import { deepestNesting } from '../kernel/plain-json.ts'
import { type Answer, answerOf } from './answer.ts'
import type { OperationContext } from './context.ts'
import { describe } from './refusals.ts'

export interface Request {
  /** `jobs.add`. */
  readonly operation: string
  readonly declared: Operation
  /** Validated, so that what means the same is the same. */
  readonly input: unknown
}

/** Carries `request` out by `run`, unless that was done under its key before. */
export async function once(context: OperationContext & { readonly idempotencyKey: string }, request: Request, run: (context: OperationContext) => Promise<unknown>): Promise<Answer> {
  const key = checkKey(context.idempotencyKey)
  const reserved = await context.idempotencyKeys.reserve(callerScope(context), key, digestOf(request))
  switch (reserved.kind) {
    case 'reserved':
      return underReservation(context, request, reserved.reservation, run)
    case 'answered':
      return replay(key, request, reserved.answer)
    case 'in progress':
      throw new TaskflowsError('request.in_progress', `the request under the idempotency key ${describe(key)} has no answer yet`, { details: { idempotency_key: key, retry_after_seconds: 1 } })
    case 'another request':
      throw new TaskflowsError('request.idempotency_key_reused', `the idempotency key ${describe(key)} was used for another request`, { details: { idempotency_key: key } })
    default:
      return reserved satisfies never
  }
}

async function underReservation(context: OperationContext, { declared }: Request, reservation: Reservation, run: (context: OperationContext) => Promise<unknown>): Promise<Answer> {
  const keys = context.idempotencyKeys
  let kept = false
  try {
    const output = await run({
      ...context,
      keep: async (tx, shown) => {
        await keys.answer(reservation, keptAnswer(declared, shown), tx)
        kept = true
      },
    })
    if (!kept) await keys.answer(reservation, keptAnswer(declared, output))
    return answerOf(declared, output)
  } catch (error) {
    // What cannot be freed now, because the database is away, frees itself within a minute.
    await keys.release(reservation).catch(() => {})
    throw error
  }
}

function keptAnswer(declared: Operation, output: unknown): KeptAnswer {
  const { status } = answerOf(declared, output)
  const shown = declared.secret === undefined ? output : { ...(output as object), [declared.secret]: undefined }
  return { status, text: JSON.stringify(shown) }
}

function replay(key: string, { declared }: Request, { status, text }: KeptAnswer): Answer {
  const output: unknown = JSON.parse(text)
  if (declared.secret === undefined) return { status, output, replayed: true }
  throw new TaskflowsError('request.answer_not_kept', `the request under the idempotency key ${describe(key)} was carried out; the ${declared.secret} in its answer was shown once and is kept nowhere`, {
    details: { idempotency_key: key, answer: output }, hint: 'If that answer was lost: revoke what it made, and make another under a new key.',
  })
}

function checkKey(key: string): string {
  if (idempotencyKeyForm.test(key)) return key
  throw invalidFields([{ path: 'Idempotency-Key', message: `expected 1 to 255 printable ASCII characters, got ${key === '' ? 'none' : key.length > 255 ? key.length : describe(key)}` }])
}

/** A key means nothing to anybody but who sent it. */
function callerScope({ caller }: OperationContext): string {
  return JSON.stringify([caller.tenant, caller.name])
}

function digestOf({ operation, input }: Request): Uint8Array {
  return createHash('sha256').update(`${operation}\n${canonical(input, 0)}`).digest()
}

/** A payload may lie three levels down: `items[0].payload`. */
const deepestInput = deepestNesting + 4

/** Equal text for equal values, in whichever order their fields came. */
function canonical(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (depth > deepestInput) throw invalidFields([{ path: '', message: `expected at most ${deepestNesting} levels of nesting, got more` }])
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field, depth + 1)}`).join(',')}}`
}
