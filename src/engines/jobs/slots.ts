/**
 * The running attempts of a worker, one slot each.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import type { TaskDefinition } from '../tasks/index.ts'
import { AttemptStopped, type Ending, type ParentResult, type RunningAttempt, startAttempt } from './attempt.ts'
import type { ClaimedJob } from './claimed-job.ts'
import type { Pulse } from './lease-keeper.ts'
import type { SqlClient } from './sql-client.ts'

interface SlotsParts {
  readonly tasks: ReadonlyMap<string, TaskDefinition>
  readonly count: number
  readonly clock: Clock
  readonly time: DatabaseClock
  readonly pulse: Pulse
  readonly parentsOf: (job: ClaimedJob) => Promise<ParentResult[]>
  /** Times are epoch milliseconds by the database's clock. */
  readonly complete: (job: ClaimedJob, startedAt: number, client: SqlClient, result: string | null) => Promise<void>
  readonly onEnd: (job: ClaimedJob, startedAt: number, ending: Ending) => void
}

export class Slots {
  readonly #parts: SlotsParts
  /** `null` while its handler is being called for the first time. */
  readonly #running = new Map<ClaimedJob, RunningAttempt | null>()
  /** When those with a time-out must be over (epoch milliseconds). */
  readonly #deadlines = new Map<ClaimedJob, number>()

  constructor(parts: SlotsParts) {
    this.#parts = parts
  }

  get used(): number {
    return this.#running.size
  }

  get free(): number {
    return this.#parts.count - this.#running.size
  }

  /** Calls the handler. It may end before this returns. */
  start(job: ClaimedJob): void {
    const { tasks, clock, time, parentsOf, complete, onEnd } = this.#parts
    const task = tasks.get(job.name)!
    const timeoutMs = job.policy.timeoutMs ?? task.policy.timeoutMs
    const startedAt = time.now()
    this.#running.set(job, null)
    if (timeoutMs !== undefined) this.#deadlines.set(job, clock.now() + timeoutMs)
    this.#tellDeadline()
    const attempt = startAttempt({
      job, task, timeoutMs, clock,
      parents: () => parentsOf(job),
      complete: (client, result) => complete(job, startedAt, client, result),
      onEnd: (ending) => {
        this.#running.delete(job)
        this.#deadlines.delete(job)
        this.#tellDeadline()
        onEnd(job, startedAt, ending)
      },
    })
    if (this.#running.has(job)) this.#running.set(job, attempt)
  }

  /** Tells the handlers of the jobs that fit to stop. */
  stop(fits: (job: ClaimedJob) => boolean, reason: () => AttemptStopped): void {
    for (const [job, attempt] of this.#running) if (fits(job)) attempt?.stop(reason())
  }

  /** Frees every slot, whatever the handlers still do, and returns their jobs. */
  abandonAll(): ClaimedJob[] {
    const jobs = [...this.#running.keys()]
    for (const attempt of this.#running.values()) attempt?.abandon()
    this.#running.clear()
    this.#deadlines.clear()
    this.#tellDeadline()
    return jobs
  }

  /** A worker whose event loop is blocked keeps its leases until this moment. */
  #tellDeadline(): void {
    const unbounded = this.#running.size > this.#deadlines.size
    this.#parts.pulse.deadline = unbounded ? Infinity : this.#deadlines.size === 0 ? 0 : Math.max(...this.#deadlines.values())
  }
}
