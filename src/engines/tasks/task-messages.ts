/**
 * What people are told of a task's runs, as messages: at the start, for each
 * failed attempt, at the end. `task-alerts.ts` decides which of them go where.
 * Whatever a function throws or returns, making its message does not fail.
 */
import { hostname } from 'node:os'
import { inspect } from 'node:util'
import { CodeBlock, type Component, Heading, KeyValues, Link, List, Text } from '../../kernel/alerts/components.ts'
import type { AlertMessage, Severity } from '../../kernel/alerts/message.ts'
import { formatDuration } from '../../kernel/duration.ts'
import type { AttemptFailure, RunEnd, RunFacts, RunOutcome } from './run.ts'
import type { LogLink } from './runtime.ts'

const longestErrorText = 5000
const longestErrorLine = 500
const longestStack = 20_000
const longestResult = 2000
const mostErrors = 100

/** What makes the messages of tasks: this module. */
export interface TaskMessages {
  readonly startMessage: typeof startMessage
  readonly errorMessage: typeof errorMessage
  readonly finishMessage: typeof finishMessage
}

export function startMessage(run: RunFacts): AlertMessage {
  return {
    subject: `Starting ${run.name}`,
    severity: 'info',
    content: [new KeyValues({ ...whereabouts(run), Started: timeText(run.startedAt) })],
    key: `${run.name} started`,
    topic: run.name,
    data: { event: 'task.started', ...dataOf(run) },
  }
}

export function errorMessage(run: RunFacts, failure: AttemptFailure, logLink: LogLink): AlertMessage {
  const { attempt, error, timedOut, retryInMs, endedAt } = failure
  const type = typeOf(error)
  const next = retryInMs === null ? 'none' : `in ${formatDuration(retryInMs)}`
  const stack = error instanceof Error && typeof error.stack === 'string' ? cut(error.stack, longestStack) : undefined
  return {
    subject: `${type} in ${run.name}`,
    severity: 'error',
    content: [
      new Text(cut(textOf(error), longestErrorText)),
      new KeyValues({ Attempt: `${attempt} of ${run.maxAttempts}`, 'Next attempt': next, ...whereabouts(run) }),
      ...linkTo('Error logs', logLink({ id: run.id, name: run.name, fromMs: run.startedAt, toMs: endedAt, errorsOnly: true })),
      ...(stack === undefined ? [] : [new CodeBlock(stack)]),
    ],
    key: `${run.name} failed with ${type}`,
    topic: run.name,
    data: {
      event: 'task.attempt_failed', ...dataOf(run), attempt, max_attempts: run.maxAttempts, timed_out: timedOut, error_type: type,
      error_message: cut(textOf(error), longestErrorText), retry_in_seconds: retryInMs === null ? null : retryInMs / 1000,
    },
  }
}

const severityOf = { succeeded: 'success', failed: 'error', timed_out: 'error', cancelled: 'warning' } as const satisfies Record<RunOutcome, Severity>
const wordsOf = { succeeded: 'succeeded', failed: 'failed', timed_out: 'timed out', cancelled: 'was cancelled' } as const satisfies Record<RunOutcome, string>

export function finishMessage(run: RunFacts, end: RunEnd, logLink: LogLink): AlertMessage {
  const { outcome, attempts, endedAt, errors, value } = end
  const result = outcome === 'succeeded' && value !== undefined ? resultText(value) : undefined
  const lines = errors.slice(0, mostErrors).map((error) => cut(`${typeOf(error)}: ${textOf(error)}`.replaceAll(/\s+/g, ' '), longestErrorLine))
  return {
    subject: `${run.name} ${wordsOf[outcome]}`,
    severity: severityOf[outcome],
    content: [
      new KeyValues({ Started: timeText(run.startedAt), Ended: timeText(endedAt), Duration: formatDuration(endedAt - run.startedAt), Attempts: `${attempts} of ${run.maxAttempts}`, ...whereabouts(run) }),
      ...(result === undefined ? [] : [new Text('Result:'), new CodeBlock(result, 'json')]),
      ...(lines.length === 0 ? [] : [new Heading('Errors'), new List(lines)]),
      ...linkTo('Logs', logLink({ id: run.id, name: run.name, fromMs: run.startedAt, toMs: endedAt, errorsOnly: false })),
    ],
    key: `${run.name} ${outcome}`,
    topic: run.name,
    data: { event: 'task.finished', ...dataOf(run), outcome, attempts, ended_at: new Date(endedAt).toISOString(), duration_seconds: (endedAt - run.startedAt) / 1000, errors: lines },
  }
}

function whereabouts({ id }: RunFacts): Readonly<Record<string, string>> {
  return { Host: hostname(), 'Task id': id }
}

function dataOf({ id, name, startedAt, correlationId }: RunFacts): Readonly<Record<string, unknown>> {
  return { task_name: name, task_id: id, host: hostname(), started_at: new Date(startedAt).toISOString(), correlation_id: correlationId }
}

function linkTo(label: string, url: string | undefined): readonly Component[] {
  return url === undefined ? [] : [new Link(label, url)]
}

/** `2030-01-01 00:00:00 UTC`. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function typeOf(error: unknown): string {
  return attempted(() => (error instanceof Error ? error.name || error.constructor.name : typeof error)) ?? 'Error'
}

function textOf(error: unknown): string {
  return attempted(() => (error instanceof Error ? error.message : typeof error === 'string' ? error : inspect(error, shallow))) || typeOf(error)
}

const shallow = { depth: 2, maxArrayLength: 20, maxStringLength: longestResult, breakLength: 120 } as const

/** As JSON; what is too much for that, or no JSON, as Node shows it. */
function resultText(value: unknown): string {
  const text = attempted(() => boundedJson(value)) ?? attempted(() => inspect(value, shallow))
  return cut(text ?? 'a value that cannot be shown', longestResult)
}

const mostParts = 2000

function boundedJson(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return undefined
  let parts = 0
  return JSON.stringify(value, (_name, part: unknown) => {
    parts += 1
    if (parts > mostParts) throw new RangeError('too much to show')
    if (typeof part === 'bigint') return String(part)
    return typeof part === 'string' ? cut(part, longestResult) : part
  }, 2)
}

/** The text, unless making it throws or makes something else: getters, proxies and `toJSON` of others run here. */
function attempted(make: () => unknown): string | undefined {
  try {
    const text = make()
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}
