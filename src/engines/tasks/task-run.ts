/** One run of a task while it lasts: its facts, and what it runs under. `attempt.ts` has one attempt at it. */
import type { Clock } from '../../kernel/clock.ts'
import { newId } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { getCurrentRun } from './context.ts'
import type { RunFacts } from './run.ts'
import { type RunSpan, type TaskRuntime, clockOf } from './runtime.ts'
import type { TaskDefinition } from './task.ts'
import type { TaskSettings } from './task-options.ts'
import { continueTrace } from './trace-context.ts'

export class TaskRun implements RunFacts {
  readonly id: string
  readonly name: string
  readonly startedAt: number
  readonly correlationId: string
  readonly parentId: string | null
  readonly maxAttempts: number
  // Private, so that a hook can print a run, or make JSON of it.
  readonly #definition: TaskDefinition
  readonly #runtime: TaskRuntime
  readonly #clock: Clock
  readonly #continues: string | undefined
  readonly #span: RunSpan | undefined
  #traceparent: string | undefined

  constructor(definition: TaskDefinition, runtime: TaskRuntime) {
    const clock = clockOf(runtime)
    const parent = getCurrentRun()
    this.startedAt = clock.now()
    this.id = newId(this.startedAt)
    this.name = definition.name
    this.correlationId = parent?.correlationId ?? runtime.correlationId ?? this.id
    this.parentId = parent?.id ?? null
    this.maxAttempts = definition.settings.retries.maxAttempts
    this.#definition = definition
    this.#runtime = runtime
    this.#clock = clock
    // The text alone: a run that held on to its parent would keep a whole chain of them in memory.
    this.#continues = parent?.traceparent ?? runtime.traceparent
    this.#span = runtime.tracer?.startRun({ id: this.id, name: this.name, startedAt: this.startedAt, parent: this.#continues })
  }

  /** Made when somebody asks: most runs hand it to nobody. */
  get traceparent(): string {
    return this.#span?.traceparent ?? (this.#traceparent ??= continueTrace(this.#continues))
  }

  get definition(): TaskDefinition {
    return this.#definition
  }

  get settings(): TaskSettings {
    return this.#definition.settings
  }

  get runtime(): TaskRuntime {
    return this.#runtime
  }

  get clock(): Clock {
    return this.#clock
  }

  get log(): Log {
    return this.#definition.settings.log ?? this.#runtime.log
  }

  get span(): RunSpan | undefined {
    return this.#span
  }
}
