/**
 * Says what is wrong with a request: for each field its path, what was found
 * and what was expected.
 */
import type { z } from 'zod'
import { type FieldProblem, type TaskflowsError, invalidFields } from '../kernel/errors.ts'

/** As many problems are named; a request can have any number. */
const mostProblems = 50
const longestShown = 60

/** @param fields the names that the request may use, for a name it does not know */
export function refusal(issues: readonly z.core.$ZodIssue[], input: unknown, fields: readonly string[]): TaskflowsError {
  const named = issues.slice(0, mostProblems).flatMap((issue) => problemsOf(issue, input, fields)).slice(0, mostProblems)
  return invalidFields(named, issues.length > mostProblems ? { details: { more: issues.length - mostProblems } } : {})
}

function problemsOf(issue: z.core.$ZodIssue, input: unknown, fields: readonly string[]): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') return unknownFields(issue, fields)
  const found = valueAt(input, issue.path)
  const message = found === undefined ? `is required: ${expectation(issue)}` : `${expectation(issue)}, got ${describe(found, sizeMatters(issue))}`
  return [{ path: writePath(issue.path), message }]
}

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, fields: readonly string[]): FieldProblem[] {
  const known = issue.path.length === 0 ? `; known are ${fields.length === 0 ? 'none' : fields.join(', ')}` : ''
  return issue.keys.slice(0, mostProblems).map((key, at) => ({ path: writePath([...issue.path, shorten(key)]), message: `is not a field of this request${at === 0 ? known : ''}` }))
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`
    case 'invalid_format':
      return issue.format === 'datetime' ? 'expected an instant with an offset such as 2030-01-31T08:00:00Z' : issue.message
    case 'invalid_union':
      return issue.errors.flatMap((branch) => branch.slice(0, 1)).map(expectation).join(', or ')
    default:
      return issue.message
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object', record: 'an object', null: 'null',
}

function amount(limit: number | bigint, origin: string): string {
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'item' : undefined
  return unit === undefined ? String(limit) : `${limit} ${unit}${limit === 1 ? '' : 's'}`
}

/** Where a length was wrong the length is what was found. */
function sizeMatters(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'too_small' || issue.code === 'too_big'
}

/** Short words for a value, whatever it is and however large. */
export function describe(value: unknown, bySize = false): string {
  if (typeof value === 'string') return bySize ? (value.trim() === '' ? 'none' : String(value.trim().length)) : JSON.stringify(shorten(value))
  if (Array.isArray(value)) return bySize ? String(value.length) : value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
}

function shorten(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…`.toWellFormed() : text
}

/** As one would write it in code: `items[3].retry.jitter`. */
export function writePath(path: readonly PropertyKey[]): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${String(step)}`)).join('')
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined), input)
}
