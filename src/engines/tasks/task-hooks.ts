/**
 * What a user's own code can hear of a task's runs. `tell-run.ts` calls it.
 */
import type { RunFacts, RunOutcome } from './run.ts'
import { describeValue } from './check-options.ts'

/** How a run ended, as `onTaskFinish` is told. */
export interface TaskFinish {
  readonly success: boolean
  readonly outcome: RunOutcome
  /** What the function returned, if it succeeded. */
  readonly returnValue: unknown
  /** Of the last attempt, unless it succeeded. */
  readonly error: unknown
  /** What every failed attempt threw, in order. */
  readonly errors: readonly unknown[]
  readonly attempts: number
  /** Attempts after the first. */
  readonly retries: number
  /** Epoch milliseconds, as is `endedAt`. */
  readonly startedAt: number
  readonly endedAt: number
  readonly durationMs: number
}

/**
 * They are awaited: `onTaskStart` before the first attempt, `onTaskError` before the next one, `onTaskFinish` before the
 * call resolves. What they throw is logged and changes nothing. Within them `getCurrentRun()` is the run.
 */
export interface TaskHooks {
  onTaskStart?(run: RunFacts): void | Promise<void>
  onTaskError?(error: unknown, run: RunFacts): void | Promise<void>
  onTaskFinish?(finish: TaskFinish, run: RunFacts): void | Promise<void>
}

/**
 * Hooks as a class to extend. Its own methods do nothing: lines are logged and alerts are sent whether hooks are there or not.
 *
 * @example
 * class Paging extends TaskLogger {
 *   override onTaskError(error: unknown) {
 *     super.onTaskError(error)
 *     page(String(error))
 *   }
 * }
 * export const sync = task(syncOrders, { hooks: new Paging() })
 */
export class TaskLogger implements TaskHooks {
  onTaskStart(_run?: RunFacts): void | Promise<void> {}
  onTaskError(_error?: unknown, _run?: RunFacts): void | Promise<void> {}
  onTaskFinish(_finish?: TaskFinish, _run?: RunFacts): void | Promise<void> {}
}

const names = ['onTaskStart', 'onTaskError', 'onTaskFinish'] as const

/** @throws TypeError when none of the hooks is there, or one is no function */
export function readHooks(hooks: unknown): TaskHooks {
  const form = `an object with ${names.slice(0, 2).join(', ')} or ${names[2]}`
  if (typeof hooks !== 'object' || hooks === null) throw new TypeError(`Expected \`hooks\` to be ${form}, got ${describeValue(hooks)}${typeof hooks === 'function' ? '; make an instance of it' : ''}`)
  for (const name of names) {
    const hook = (hooks as Record<string, unknown>)[name]
    if (hook !== undefined && typeof hook !== 'function') throw new TypeError(`Expected \`hooks.${name}\` to be a function, got ${describeValue(hook)}`)
  }
  const mistyped = Object.keys(hooks).find((name) => name.startsWith('on') && !(names as readonly string[]).includes(name))
  if (mistyped !== undefined || !names.some((name) => name in hooks)) throw new TypeError(`Expected \`hooks\` to be ${form}, got ${mistyped === undefined ? 'none of them' : `\`${mistyped}\``}`)
  return hooks as TaskHooks
}
