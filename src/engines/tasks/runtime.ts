/**
 * What tasks of this process use from outside. `src/task-runtime.ts` provides it
 * when the first task runs; tests provide their own.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { AlertMessage } from '../../kernel/alerts/message.ts'
import type { Log } from '../../kernel/observe/log.ts'
import type { RunOutcome, TaskObserver } from './run.ts'
import type { TaskMessages } from './task-messages.ts'

/** Where an alert goes: one of the destinations of `taskflows/alerts`. The engine never looks inside. */
export type AlertDestination = object

/** Makes a message, with what makes messages: few tasks have alerts, so that is loaded with the first one. */
export type ComposeAlert = (messages: TaskMessages) => AlertMessage

/** Takes messages and sends them in the background. Never throws. */
export interface AlertDispatcher {
  send(destination: AlertDestination, compose: ComposeAlert): void
  /** Resolves when everything that was taken has been sent or given up. */
  drain(): Promise<void>
}

export interface IsolatedCall {
  /** URL of the module that exports the task. */
  readonly module: string
  readonly name: string
  /** Where the module has the function, such as `jobs.resize`, when it need not be a task. Default: the exported task of that name. */
  readonly export?: string
  readonly args: readonly unknown[]
  /** For the context of the run inside the child. */
  readonly run: { readonly id: string; readonly attempt: number; readonly startedAt: number; readonly correlationId: string; readonly traceparent: string }
  /** Aborting ends the whole process tree: SIGTERM, then SIGKILL. */
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total?: number, message?: string) => void
}

/** Runs one attempt in a process of its own. Rejects with what the function threw, rebuilt with its name, message, stack and own fields. */
export type RunIsolated = (call: IsolatedCall) => Promise<unknown>

/** Where the run is looked at by people: Grafana Explore with the run's own window and query. `undefined` when none is configured. */
export type LogLink = (run: { readonly id: string; readonly name: string; readonly fromMs: number; readonly toMs: number; readonly errorsOnly: boolean }) => string | undefined

/** The span of one attempt, within that of its run. */
export interface AttemptSpan {
  /** What the function hands on. */
  readonly traceparent: string
  /** Calls the function with the span active, so that spans made within become its children. */
  within<T>(work: () => T): T
  /** @param failure none when the attempt succeeded */
  end(failure?: { readonly error: unknown; readonly timedOut: boolean }): void
}

export interface RunSpan {
  readonly traceparent: string
  startAttempt(attempt: number): AttemptSpan
  end(outcome: RunOutcome, error: unknown): void
}

/** Makes spans of runs; there only where the process has an OpenTelemetry SDK. */
export interface TaskTracer {
  /** @param parent what the run continues unless a span is active: the calling run's trace context, else the process' */
  startRun(run: { readonly id: string; readonly name: string; readonly startedAt: number; readonly parent: string | undefined }): RunSpan
}

export interface TaskRuntime {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** For tasks without a logger of their own. */
  readonly log: Log
  readonly observers: ReadonlySet<TaskObserver>
  readonly alerts: AlertDispatcher
  readonly runIsolated: RunIsolated
  readonly logLink: LogLink
  readonly tracer?: TaskTracer | undefined
  /**
   * Sends what runs left behind, such as alerts and reports; what is left after so many milliseconds is kept for later or
   * given up. For whoever ends the process.
   */
  readonly settle?: (patienceMs: number) => Promise<void>
  /** W3C trace context of whoever started this process. */
  readonly traceparent: string | undefined
  /** The run that started this process, when a run did. */
  readonly correlationId: string | undefined
}

type Provider = () => Promise<TaskRuntime>

interface Shared {
  provider: Provider | undefined
  /** Set once it is there, so that later runs do not wait. */
  runtime: TaskRuntime | undefined
  loading: Promise<TaskRuntime> | undefined
  /** Instead of the runtime's own, in tests. */
  clock: Clock | undefined
}

// A module that resolved another copy of this package runs its tasks under the same runtime.
const key = Symbol.for('taskflows.task-runtime')
const shared: Shared = ((globalThis as Record<symbol, unknown>)[key] ??= { provider: undefined, runtime: undefined, loading: undefined, clock: undefined } satisfies Shared) as Shared

/** Says how to make the runtime; the first one that says so is asked, when the first task runs. */
export function provideRuntime(provider: Provider): void {
  shared.provider ??= provider
}

/** The runtime, or `undefined` while none was made: then `loadRuntime`. */
export function currentRuntime(): TaskRuntime | undefined {
  return shared.runtime
}

export function loadRuntime(): Promise<TaskRuntime> {
  if (shared.loading) return shared.loading
  if (!shared.provider) throw new TypeError('Expected a task runtime: import tasks from "taskflows"')
  return (shared.loading = shared.provider().then((runtime) => (shared.runtime = runtime)))
}

/** The log of the process. What is said before the runtime is there is logged when it is. */
export function processLog(): Log {
  return shared.runtime?.log ?? { debug: sayLater('debug'), info: sayLater('info'), warn: sayLater('warn'), error: sayLater('error') }
}

function sayLater(level: keyof Log): Log['info'] {
  return (fields, message) => {
    if (shared.provider) void loadRuntime().then(({ log }) => log[level](fields, message))
  }
}

/** Puts another runtime in place, for tests. Disposing of what it returns brings the one before back. */
export function useRuntime(runtime: TaskRuntime): Disposable {
  const before = { ...shared }
  shared.runtime = runtime
  shared.loading = Promise.resolve(runtime)
  return { [Symbol.dispose]: () => { Object.assign(shared, before) } }
}

/** The time that tasks go by. */
export function clockOf(runtime: TaskRuntime): Clock {
  return shared.clock ?? runtime.clock
}

/**
 * Tasks go by this clock, until what it resolves to is disposed of. For tests: retries, time-outs and kept results wait for
 * nobody. Alerts and reports keep the real time.
 *
 * @example
 * const clock = new FakeClock()
 * using _ = await useTaskClock(clock)
 * const called = flaky()
 * await clock.advance(60_000)
 * expect(await called).toBe('done')
 */
export async function useTaskClock(clock: Clock): Promise<Disposable> {
  // Loaded before, so that a call runs at once and sleeps by the time the clock is moved.
  await loadRuntime()
  const before = shared.clock
  shared.clock = clock
  return { [Symbol.dispose]: () => { shared.clock = before } }
}
