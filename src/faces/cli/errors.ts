/** What a failed command says, and with which code it ends. */
import { TaskflowsError, exitCodes, messageOf } from '../../kernel/errors.ts'
import type { Command } from './command.ts'
import type { Format } from './global-flags.ts'
import { type Paint } from './output/style.ts'
import { visibleJson, visibleLines } from './output/visible.ts'

export interface ReportOptions {
  readonly format: Format
  readonly paint: Paint
  /** Show where an unexpected error comes from. */
  readonly debug: boolean
}

/** The exit code of a command that ended with this. */
export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof TaskflowsError ? thrown.exitCode : exitCodes.error
}

/** The exit code of a command that failed with this one, where 2 may say something else. */
export function exitCodeFor(command: Command | undefined, code: number): number {
  return code === exitCodes.usage ? (command?.usageExit ?? code) : code
}

/** One exit code for several things of which some failed: their own, when all failed for the same reason. */
export function combinedExitCode(total: number, failures: readonly unknown[]): number {
  if (failures.length === 0) return exitCodes.ok
  const reasons = new Set(failures.map((thrown) => (thrown instanceof TaskflowsError ? thrown.code : 'internal')))
  return failures.length === total && reasons.size === 1 ? exitCodeOf(failures[0]) : exitCodes.partial
}

/** For stderr: `error: ...` and `hint: ...`, or with `-o json` the problem as the API would answer it (RFC 9457). */
export function describeError(thrown: unknown, { format, paint, debug }: ReportOptions): string {
  if (format === 'json' || format === 'jsonl') return visibleJson(JSON.stringify(problemOf(thrown), null, format === 'json' ? 2 : undefined))
  const known = thrown instanceof TaskflowsError
  const lines = [`${paint('red', 'error:')} ${visibleLines(messageOf(thrown))}`]
  const hint = known ? thrown.hint : debug ? undefined : 'This was not expected. TASKFLOWS_LOG_LEVEL=debug shows where it comes from.'
  if (hint !== undefined) lines.push(`${paint('cyan', 'hint:')} ${visibleLines(hint)}`)
  if (debug && thrown instanceof Error) lines.push(visibleLines(stackOf(thrown)))
  return lines.join('\n')
}

function problemOf(thrown: unknown) {
  const { code, type, status, title, details, hint } = thrown instanceof TaskflowsError ? thrown : new TaskflowsError('internal', messageOf(thrown))
  return { type, title, status, detail: messageOf(thrown), code, details, hint }
}

function stackOf(error: Error): string {
  const stack = error.stack ?? error.message
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack
}
