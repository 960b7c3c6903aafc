/**
 * Runs a task: its attempts, the delays between them, and what comes of it.
 *
 *   call ─► kept? ─► waits its turn ─► start ─► attempt ─┬─► succeeded ────────► finish
 *                                                ▲       ├─► cancelled ────────►
 *                                                │       └─► failed, timed out ►  no try left
 *                                                └─ delay ◄──────┘
 *
 * `attempt.ts` makes one attempt, `tell-run.ts` tells of it all.
 */
import { retryDelay } from '../../kernel/backoff.ts'
import { Attempt, type TimeLimit } from './attempt.ts'
import { Gate } from './gate.ts'
import { KeptRuns } from './kept-runs.ts'
import type { RunEnd, RunFacts, RunOutcome } from './run.ts'
import { type TaskRuntime, clockOf, currentRuntime, loadRuntime } from './runtime.ts'
import { TaskTimeoutError, isWorthAnotherTry } from './task-errors.ts'
import { failureOf } from './task-failure.ts'
import type { TaskSettings } from './task-options.ts'
import { TaskRun } from './task-run.ts'
import type { TaskDefinition } from './task.ts'
import { tellEnd, tellFailure, tellStart } from './tell-run.ts'

/** A call of a task. */
export interface TaskCall {
  readonly definition: TaskDefinition
  readonly self: unknown
  readonly args: readonly unknown[]
  /** Calls of the same owner wait for each other and share their results. */
  readonly owner: object
}

export interface EndedRun {
  readonly run: RunFacts
  readonly end: RunEnd
}

/** What the function returned; else, unless the task is required, a TaskFailure. @throws the last error, if it is required */
export async function callTask(call: TaskCall): Promise<unknown> {
  const runtime = currentRuntime() ?? (await loadRuntime())
  const { settings } = call.definition
  const { run, end } = await (settings.cache ? runOrShare(call, runtime, settings.cache) : runInTurn(call, runtime))
  if (end.outcome === 'succeeded') return end.value
  if (settings.required) throw end.error
  return failureOf(run, end)
}

const shared = new WeakMap<object, { readonly gate: Gate; readonly kept: KeptRuns }>()

function sharedBy(owner: object): { readonly gate: Gate; readonly kept: KeptRuns } {
  const found = shared.get(owner)
  if (found) return found
  const made = { gate: new Gate(), kept: new KeptRuns() }
  shared.set(owner, made)
  return made
}

function runOrShare(call: TaskCall, runtime: TaskRuntime, { keyOf, keepMs }: NonNullable<TaskSettings['cache']>): Promise<EndedRun> {
  const key = keyFor(call, runtime, keyOf)
  if (key === undefined) return runInTurn(call, runtime)
  const clock = clockOf(runtime)
  return sharedBy(call.owner).kept.share(key, keepMs, () => clock.now(), () => runInTurn(call, runtime))
}

/** A key that cannot be made keeps nothing, and nothing from running. */
function keyFor({ definition: { name }, args }: TaskCall, runtime: TaskRuntime, keyOf: (...args: readonly unknown[]) => unknown): unknown {
  try {
    return keyOf(...args) ?? undefined
  } catch (error) {
    runtime.log.warn({ task_name: name, err: error }, 'cacheKey of a task failed')
    return undefined
  }
}

function runInTurn(call: TaskCall, runtime: TaskRuntime): Promise<EndedRun> {
  const { concurrency, signal } = call.definition.settings
  if (signal?.aborted) return Promise.resolve(notBegun(call, runtime))
  return concurrency === 0 ? run(call, runtime) : runBehindGate(call, runtime, sharedBy(call.owner).gate)
}

async function runBehindGate(call: TaskCall, runtime: TaskRuntime, gate: Gate): Promise<EndedRun> {
  const { concurrency, signal } = call.definition.settings
  if (!(await gate.enter(concurrency, signal))) return notBegun(call, runtime)
  try {
    return await run(call, runtime)
  } finally {
    gate.leave()
  }
}

/** Nobody is told of a run that never was. */
function notBegun({ definition }: TaskCall, runtime: TaskRuntime): EndedRun {
  const run = new TaskRun(definition, runtime)
  return { run, end: { outcome: 'cancelled', attempts: 0, endedAt: run.startedAt, error: definition.settings.signal?.reason, errors: [], value: undefined } }
}

async function run(call: TaskCall, runtime: TaskRuntime): Promise<EndedRun> {
  const run = new TaskRun(call.definition, runtime)
  const first = new Attempt(run, 1)
  const started = tellStart(run, first)
  if (started) await started
  const { end, last } = await tryUntilOver(run, first, call)
  const told = tellEnd(run, last, end)
  if (told) await told
  return { run, end }
}

async function tryUntilOver(run: TaskRun, first: Attempt, { self, args }: TaskCall): Promise<{ readonly end: RunEnd; readonly last: Attempt }> {
  const { settings: { signal }, clock } = run
  const errors: unknown[] = []
  let attempt = first
  let made = 0
  const over = (outcome: RunOutcome, error?: unknown, value?: unknown) => ({ end: { outcome, attempts: made, endedAt: clock.now(), error, errors, value }, last: attempt })
  for (let failed: RunOutcome = 'timed_out'; ; attempt = new Attempt(run, made + 1)) {
    if (signal?.aborted) return over('cancelled', signal.reason)
    // Hooks are waited for, and may have used up all the time.
    if (timeLeft(run) <= 0) return over(failed, made === 0 ? totalTimeout(run) : errors.at(-1))
    const settled = await attempt.make(self, args, limitOf(run))
    made = attempt.attempt
    if (settled.kind === 'returned') return over('succeeded', undefined, settled.value)
    const { kind, error } = settled
    if (kind === 'cancelled') return over('cancelled', error)
    errors.push(error)
    failed = kind === 'timed_out' ? 'timed_out' : 'failed'
    const endedAt = clock.now()
    const retryInMs = delayAfter(run, made, error, endedAt)
    const told = tellFailure(run, attempt, { attempt: made, startedAt: attempt.beganAt, endedAt, error, timedOut: kind === 'timed_out', retryInMs })
    if (told) await told
    if (retryInMs === null) return over(failed, error)
    if (retryInMs > 0) await clock.sleep(retryInMs, signal)
  }
}

/** Milliseconds from the end of the attempt that failed to the next one; `null` when there is none. */
function delayAfter(run: TaskRun, attempt: number, error: unknown, now: number): number | null {
  const { settings: { retries, policy }, runtime } = run
  if (attempt >= retries.maxAttempts || !isWorthAnotherTry(error, policy.retryIf)) return null
  const delay = retryDelay(retries, attempt, runtime.random())
  return delay < timeLeft(run, now) ? delay : null
}

function timeLeft({ settings: { totalTimeoutMs }, startedAt, clock }: TaskRun, now?: number): number {
  return totalTimeoutMs === undefined ? Infinity : startedAt + totalTimeoutMs - (now ?? clock.now())
}

function limitOf(run: TaskRun): TimeLimit | undefined {
  const { policy: { timeoutMs }, totalTimeoutMs } = run.settings
  if (timeoutMs === undefined && totalTimeoutMs === undefined) return undefined
  const left = timeLeft(run)
  return timeoutMs === undefined || left <= timeoutMs ? { ms: left, total: true } : { ms: timeoutMs, total: false }
}

function totalTimeout({ name, settings: { totalTimeoutMs = 0 } }: TaskRun): TaskTimeoutError {
  return new TaskTimeoutError(name, totalTimeoutMs, true)
}
