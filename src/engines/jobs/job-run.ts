/** An attempt at a job as the run that its handler, and all that it calls, is part of: `getCurrentRun()`. */
import type { Log } from '../../kernel/observe/log.ts'
import { type CurrentRun, continueTrace, logWith, processLog } from '../tasks/index.ts'
import type { JobContext } from './attempt.ts'

export class JobRun implements CurrentRun {
  readonly startedAt: number
  readonly #context: JobContext
  #traceparent: string | undefined

  constructor(context: JobContext, startedAt: number) {
    this.#context = context
    this.startedAt = startedAt
  }

  get id(): string {
    return this.#context.job.id
  }

  get name(): string {
    return this.#context.job.name
  }

  get attempt(): number {
    return this.#context.job.attempt
  }

  get correlationId(): string {
    return this.#context.job.correlationId
  }

  get traceparent(): string {
    return (this.#traceparent ??= continueTrace(this.#context.job.traceparent))
  }

  get signal(): AbortSignal {
    return this.#context.signal
  }

  get log(): Log {
    return logWith(processLog, { task_id: this.id, task_name: this.name, attempt: this.attempt })
  }

  /** Jobs do not keep how far they are. */
  progress(): void {}
}
