/**
 * One attempt at a run: calls the function, watches the time and the caller's
 * signal, and says how it went. Whether there is another is decided in `run-task.ts`.
 */
import { isThenable } from '../../kernel/is-thenable.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { withinRun } from './context.ts'
import type { CurrentRun } from './run.ts'
import type { AttemptSpan } from './runtime.ts'
import { TaskTimeoutError } from './task-errors.ts'
import { logWith } from './task-log.ts'
import type { TaskRun } from './task-run.ts'
import { tellProgress } from './tell-run.ts'

export type Settled =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw' | 'timed_out' | 'cancelled'; readonly error: unknown }

/** How long an attempt may take, and whether that is what is left of the whole run. */
export interface TimeLimit {
  readonly ms: number
  readonly total: boolean
}

export class Attempt implements CurrentRun {
  /** From 1. */
  readonly attempt: number
  readonly #run: TaskRun
  #span: AttemptSpan | undefined
  #beganAt = 0
  // Most functions never look at their signal, and making one costs more than calling them.
  #controller: AbortController | undefined
  #log: Log | undefined
  /** How it ended, though the function, or the process that it is in, still runs. */
  #stopped: Settled | undefined
  #over = false

  constructor(run: TaskRun, attempt: number) {
    this.#run = run
    this.attempt = attempt
  }

  get id(): string {
    return this.#run.id
  }

  get name(): string {
    return this.#run.name
  }

  get startedAt(): number {
    return this.#run.startedAt
  }

  get correlationId(): string {
    return this.#run.correlationId
  }

  get traceparent(): string {
    return this.#span?.traceparent ?? this.#run.traceparent
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#stopped && !this.#controller.signal.aborted) this.#controller.abort(reasonOf(this.#stopped))
    return this.#controller.signal
  }

  get log(): Log {
    return (this.#log ??= logWith(() => this.#run.log, { task_id: this.id, task_name: this.name, attempt: this.attempt }))
  }

  /** Epoch milliseconds. */
  get beganAt(): number {
    return this.#beganAt
  }

  progress(done: number, total?: number, message?: string): void {
    if (!this.#over && Number.isFinite(done)) tellProgress(this.#run, { done, total: total ?? null, message: message ?? null })
  }

  /** Calls the function. What resolves is final: whatever the function does later is ignored. */
  make(self: unknown, args: readonly unknown[], limit: TimeLimit | undefined): Promise<Settled> {
    const { settings: { signal, isolate }, clock } = this.#run
    this.#beganAt = clock.now()
    this.#span = this.#run.span?.startAttempt(this.attempt)
    return new Promise((resolve) => {
      const finish = (settled: Settled): void => {
        if (this.#over) return
        this.#over = true
        timer?.[Symbol.dispose]()
        signal?.removeEventListener('abort', cancel)
        this.#endSpan(settled)
        resolve(settled)
      }
      const stop = (settled: Settled): void => {
        if (this.#over || this.#stopped) return
        this.#stopped = settled
        this.#controller?.abort(reasonOf(settled))
        // A process is waited for: when a task has ended nothing of it is left.
        if (!isolate) finish(settled)
      }
      const settle = (settled: Settled): void => {
        // A function that blocked the event loop is late although nobody could say so in time.
        const late = limit !== undefined && clock.now() - this.#beganAt > limit.ms
        finish(this.#stopped ?? (late ? this.#timedOut(limit) : settled))
      }
      const cancel = (): void => stop({ kind: 'cancelled', error: signal?.reason })
      const timer = limit && clock.timer(limit.ms, () => stop(this.#timedOut(limit)))
      signal?.addEventListener('abort', cancel)
      const threw = (error: unknown): void => settle({ kind: 'threw', error })
      try {
        const returned = this.#call(self, args)
        if (isThenable(returned)) Promise.resolve(returned).then((value) => settle({ kind: 'returned', value }), threw)
        else settle({ kind: 'returned', value: returned })
      } catch (error) {
        threw(error)
      }
    })
  }

  #call(self: unknown, args: readonly unknown[]): unknown {
    const { definition, settings } = this.#run
    if (settings.isolate) return this.#callElsewhere(args)
    const span = this.#span
    if (span) return withinRun(this, () => span.within(() => definition.fn.apply(self, args as unknown[])))
    return withinRun(this, apply, definition.fn, self, args)
  }

  #callElsewhere(args: readonly unknown[]): Promise<unknown> {
    const { definition: { origin }, runtime } = this.#run
    return runtime.runIsolated({
      module: origin?.module ?? '', name: origin?.name ?? this.name, ...(origin?.export !== undefined && { export: origin.export }), args, signal: this.signal,
      run: { id: this.id, attempt: this.attempt, startedAt: this.startedAt, correlationId: this.correlationId, traceparent: this.traceparent },
      onProgress: (done, total, message) => this.progress(done, total, message),
    })
  }

  #timedOut({ total }: TimeLimit): Settled {
    const { definition: { name }, settings } = this.#run
    const timeoutMs = (total ? settings.totalTimeoutMs : settings.policy.timeoutMs) ?? 0
    return { kind: 'timed_out', error: new TaskTimeoutError(name, timeoutMs, total) }
  }

  #endSpan(settled: Settled): void {
    if (settled.kind === 'returned') this.#span?.end()
    else this.#span?.end({ error: settled.error, timedOut: settled.kind === 'timed_out' })
  }
}

function apply(fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): unknown {
  return fn.apply(self, args as never[])
}

function reasonOf(settled: Settled): unknown {
  return settled.kind === 'returned' ? undefined : settled.error
}
