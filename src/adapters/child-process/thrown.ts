/**
 * What a function threw, taken apart in one process and put together in
 * another. The structured clone of an error would lose its own fields, its
 * name, and that it asks not to be tried again.
 */
import { inspect } from 'node:util'
import { NonRetryableError, TaskTimeoutError, asNonRetryable, isNonRetryable } from '../../engines/tasks/task-errors.ts'
import { type ErrorCode, TaskflowsError, errorKinds } from '../../kernel/errors.ts'
import { clones } from './uncloneable.ts'

export type Thrown =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'error'
      readonly class: ErrorClass
      /** It asks not to be tried again. */
      readonly nonRetryable: boolean
      readonly name: string
      readonly message: string
      readonly stack: string | undefined
      /** Its own enumerable fields, but for those that have a place of their own here and those that cannot be passed on. */
      readonly fields: Readonly<Record<string, unknown>>
      readonly cause: Thrown | undefined
      /** Of an AggregateError. */
      readonly errors: readonly Thrown[]
    }

/** The nearest is taken, so those that others extend come last. */
const known = { TaskflowsError, TaskTimeoutError, NonRetryableError, DOMException, AggregateError, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, Error } as const
type ErrorClass = keyof typeof known
type Packed = Extract<Thrown, { kind: 'error' }>

/** Causes of causes, or errors that hold each other, go no deeper than this. */
const deepest = 8

export function packThrown(thrown: unknown, depth = 1): Thrown {
  if (!(thrown instanceof Error)) return { kind: 'value', value: clones(thrown) ? thrown : inspect(thrown) }
  const { cause, errors } = thrown as { cause?: unknown; errors?: unknown }
  const further = depth < deepest
  return {
    kind: 'error', class: classOf(thrown), nonRetryable: isNonRetryable(thrown), name: String(thrown.name), message: String(thrown.message), stack: thrown.stack, fields: fieldsOf(thrown),
    cause: further && cause !== undefined ? packThrown(cause, depth + 1) : undefined,
    errors: further && thrown instanceof AggregateError && Array.isArray(errors) ? errors.map((error) => packThrown(error, depth + 1)) : [],
  }
}

function classOf(error: Error): ErrorClass {
  if (isNonRetryable(error) && !(error instanceof TaskflowsError)) return 'NonRetryableError'
  return (Object.keys(known) as ErrorClass[]).find((name) => error instanceof known[name]) ?? 'Error'
}

const placed = new Set(['name', 'message', 'stack', 'cause', 'errors'])

function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(error)) {
    if (placed.has(key)) continue
    const value = (error as unknown as Record<string, unknown>)[key]
    if (clones(value)) fields[key] = value
  }
  return fields
}

/** What was thrown, as near as another process can have it: an `instanceof` of the standard classes holds, one of a user's does not. */
export function unpackThrown(thrown: Thrown): unknown {
  if (thrown.kind === 'value') return thrown.value
  const error = thrown.nonRetryable ? asNonRetryable(construct(thrown)) : construct(thrown)
  for (const key of ['name', 'message'] as const) if (error[key] !== thrown[key]) hide(error, key, thrown[key])
  hide(error, 'stack', thrown.stack)
  if (thrown.cause !== undefined) hide(error, 'cause', unpackThrown(thrown.cause))
  for (const [key, value] of Object.entries(thrown.fields)) Object.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true })
  return error
}

function construct({ class: className, name, message, errors, fields }: Packed): Error {
  switch (className) {
    case 'TaskTimeoutError': return new TaskTimeoutError(name, 0, false)
    case 'NonRetryableError': return new NonRetryableError(message)
    case 'AggregateError': return new AggregateError(errors.map(unpackThrown), message)
    case 'DOMException': return new DOMException(message, name)
    case 'TaskflowsError': return String(fields['code']) in errorKinds ? new TaskflowsError(fields['code'] as ErrorCode, message) : new Error(message)
    default: return new known[className](message)
  }
}

/** As the language itself sets them: there, and not listed. */
function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true })
}
