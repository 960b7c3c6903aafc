/**
 * What a worker holds in memory: claimed jobs, and the leases they came under.
 */
import type { JobPolicy } from './job.ts'

/** A batch of jobs under one lease. It is closed once each of its jobs has ended and been recorded. */
export interface HeldLease {
  readonly id: string
  readonly queue: string
  /** Epoch milliseconds, by the database's clock. */
  readonly claimedAt: number
  /** It holds one job alone, which ends in a transaction of the user's (own-leases.ts). */
  readonly own?: true
  /** Jobs whose end has not been sent to the database yet. */
  open: number
  /** Statements under way that write ends of it. */
  inFlight: number
  /** The database no longer knows it: nothing that ends under it counts. */
  lost: boolean
}

export interface ClaimedJob {
  readonly id: string
  /** Changes when the job gets one of its own. */
  lease: HeldLease
  readonly name: string
  readonly tenant: string
  readonly rank: number
  readonly tag: number
  /** From 1. */
  readonly attempt: number
  readonly spent: number
  /** JSON text. */
  payload: string
  readonly policy: JobPolicy
  /** `null`: its own id. */
  readonly correlation: string | null
  readonly traceparent: string | null
}

/** Claimed jobs that wait for a free slot, in claim order. */
export class JobBuffer {
  #jobs: ClaimedJob[] = []
  #head = 0

  get size(): number {
    return this.#jobs.length - this.#head
  }

  push(jobs: readonly ClaimedJob[]): void {
    this.#jobs = this.size === 0 ? [...jobs] : [...this.#jobs.slice(this.#head), ...jobs]
    this.#head = 0
  }

  shift(): ClaimedJob | undefined {
    return this.#jobs[this.#head++] ?? this.#empty()
  }

  /** Takes out those that fit. */
  remove(fits: (job: ClaimedJob) => boolean): ClaimedJob[] {
    const jobs = this.#jobs.slice(this.#head)
    const removed = jobs.filter(fits)
    if (removed.length > 0) {
      this.#jobs = jobs.filter((job) => !fits(job))
      this.#head = 0
    }
    return removed
  }

  #empty(): undefined {
    this.#jobs = []
    this.#head = 0
    return undefined
  }
}
