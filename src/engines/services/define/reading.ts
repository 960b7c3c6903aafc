/** One reading of a definition: where its words come from, and what was wrong with them. All problems are told at once. */
import { SecurityError, ValidationError } from '../../../kernel/errors.ts'
import { visible } from '../../../kernel/visible.ts'
import type { FieldProblem } from '../../../kernel/errors.ts'
import type { Names } from './field.ts'
import type { AnyFunction } from '../../../kernel/any-function.ts'
import type { Command } from '../service-definition.ts'

export interface Problem extends FieldProblem {
  /** It would reach where it must not: a hostile name, a path outside, a second line. */
  readonly unsafe?: boolean
  readonly hint?: string
}

export interface Reading {
  readonly names: Names
  /** Absolute; what relative paths are relative to. Without one they are refused. */
  readonly directory: string | undefined
  /** The same for programs: the working directory, if there is one. */
  readonly programDirectory: string | undefined
  /** Where the start command runs; unknown until a named environment is looked up. */
  readonly startsIn: 'host' | 'container' | 'unknown'
  readonly allowedPaths: readonly string[]
  readonly problems: Problem[]
  /** The command that a bare function will be, once the module that is being loaded has said under which name it exports it. */
  readonly takeFunction: ((fn: AnyFunction) => Command) | undefined
}

export function startReading({ names = 'camel', directory, programDirectory = directory, startsIn = 'host', allowedPaths = [], takeFunction }: Partial<Reading> = {}): Reading {
  return { names, directory, programDirectory, startsIn, allowedPaths, takeFunction, problems: [] }
}

/** A nested field: `restart_policy.delay`. */
export function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

const mostTold = 20
const longestMessage = 500

/** @throws SecurityError `service.unsafe` when one of the problems is, else ValidationError `service.invalid`, if there are any */
export function refuseProblems(what: string, problems: readonly Problem[], facts: Readonly<Record<string, unknown>> = {}): void {
  if (problems.length === 0) return
  const fields = problems.map(({ path, message }) => ({ path: forPeople(path), message: forPeople(message) }))
  const told = fields.slice(0, mostTold).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const text = [...told, ...(fields.length > mostTold ? [`and ${fields.length - mostTold} more`] : [])].join('; ')
  const hint = problems.find((problem) => problem.hint !== undefined)?.hint
  const options = { details: { ...facts, fields }, ...(hint === undefined ? {} : { hint }) }
  if (problems.some(({ unsafe }) => unsafe)) throw new SecurityError('service.unsafe', `${what}: ${text}`, options)
  throw new ValidationError('service.invalid', `${what}: ${text}`, options)
}

function forPeople(text: string): string {
  return visible(text.length > longestMessage ? `${text.slice(0, longestMessage)}...` : text)
}

const longestQuote = 60

/** A refused value in few words, safe for a terminal. Never for values that may be secrets. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string': return visible(JSON.stringify(value.length > longestQuote ? `${value.slice(0, longestQuote)}...` : value))
    case 'number': case 'boolean': case 'bigint': return String(value)
    case 'undefined': return 'nothing'
    case 'function': return 'a function'
    case 'symbol': return 'a symbol'
    case 'object': return value === null ? 'nothing' : Array.isArray(value) ? 'a list' : 'an object'
  }
}

/** What no line of a unit can hold. */
export function problemOfLine(text: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) return 'expected one line without control characters'
  return text.isWellFormed() ? undefined : 'expected whole Unicode characters'
}
