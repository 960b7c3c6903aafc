/**
 * What the texts of a command line mean: numbers, choices, times, JSON. All
 * that can be known to be wrong here is refused before any server is asked or
 * database started; the operations check everything once more.
 */
import { parseDuration } from '../../kernel/duration.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { nearest } from '../../kernel/nearest.ts'
import { type Command, type Flag, type Value, argumentText } from './command.ts'
import type { Given } from './parse-line.ts'
import { readPayload } from './payload.ts'

/** Values by key: what a command works with. */
export type Values = Readonly<Record<string, unknown>>

/** @throws `cli.usage` naming the argument or flag, the text and what was expected. */
export async function readValues({ args, flags }: Pick<Command, 'args' | 'flags'>, given: Given): Promise<Values> {
  const values: Record<string, unknown> = {}
  for (const arg of args) await readInto(values, argumentText(arg), arg, given.get(arg.key))
  for (const flag of flags) await readInto(values, `--${flag.name}`, flag, given.get(flag.key))
  return values
}

async function readInto(values: Record<string, unknown>, label: string, declared: Value | Flag, texts: readonly string[] | undefined): Promise<void> {
  if (texts === undefined) return
  if (declared.kind === 'switch') {
    values[declared.key] = true
    return
  }
  const read: unknown[] = []
  for (const text of texts) read.push(await readValue(label, declared as Value, text))
  values[declared.key] = declared.many ? read : read[0]
}

function readValue(label: string, declared: Value, text: string): unknown {
  switch (declared.kind) {
    case 'text': return declared.choices ? readChoice(label, declared.choices, text) : readText(label, declared, text)
    case 'whole': return readWhole(label, declared, text)
    case 'duration': return readDuration(label, text)
    case 'instant': return readInstant(label, text)
    case 'moment': return readMoment(label, text)
    case 'json': return readPayload(label, text)
    default: return declared.kind satisfies never
  }
}

function readChoice(label: string, choices: readonly string[], text: string): string {
  const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase())
  if (found !== undefined) return found
  const meant = nearest(text, choices)
  throw refusal(label, `one of ${choices.join(', ')}`, text, meant && `Did you mean ${meant}?`)
}

function readText(label: string, { min = 0, max = Infinity }: Value, text: string): string {
  const length = text.trim().length
  if (length < min) throw refusal(label, min === 1 ? 'some text' : `at least ${min} characters`, text)
  if (length > max) throw refusal(label, `at most ${max} characters`, text, `It has ${length}.`)
  return text
}

function readWhole(label: string, { min = -Infinity, max = Infinity }: Value, text: string): number {
  const number = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : NaN
  if (number >= min && number <= max) return number
  const range = min === -Infinity ? '' : max === Infinity ? ` from ${min} up` : ` from ${min} to ${max}`
  throw refusal(label, `a whole number${range}`, text)
}

function readDuration(label: string, text: string): string {
  if (parseDuration(text) !== undefined) return text
  throw refusal(label, 'seconds, or a duration such as 5m or 1h30m', text)
}

const localTime = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i

/** ISO 8601 with an offset stays; without one it is the local time of this machine. */
function readInstant(label: string, text: string, orElse = ''): string {
  const local = localTime.exec(text)
  if (local) {
    const [year, month, day, hour, minute, second] = local.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number, number]
    const date = new Date(year, month - 1, day, hour, minute, second)
    // A day that a month does not have would otherwise roll over into the next.
    if (date.getMonth() === month - 1 && date.getDate() === day && hour < 24 && minute < 60 && second < 60) return date.toISOString()
  } else if (instant.test(text) && !Number.isNaN(Date.parse(text))) {
    return new Date(text).toISOString()
  }
  throw refusal(label, `${orElse}a time such as 2026-11-21T18:30:00Z, or 2026-11-21 18:30 in local time`, text)
}

/** An instant, or how long ago. */
function readMoment(label: string, text: string): string {
  const agoMs = parseDuration(text.replace(/\s+ago$/, ''))
  return agoMs === undefined ? readInstant(label, text, 'how long ago such as 1d, or ') : new Date(Math.max(0, Date.now() - agoMs)).toISOString()
}

function refusal(label: string, expected: string, found: string, hint?: string): TaskflowsError {
  const shown = found.length > 80 ? `${found.slice(0, 80)}…` : found
  return new TaskflowsError('cli.usage', `${label}: expected ${expected}, got ${JSON.stringify(shown)}`, { details: { field: label, found: shown, expected }, ...(hint && { hint }) })
}
