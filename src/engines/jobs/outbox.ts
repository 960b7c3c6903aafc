/**
 * Ends that are waiting to be written, and which leases may be closed with them.
 *
 * A lease is closed by the statement that writes its last end, but only when no
 * other statement is still writing ends of it: closed first, it would fence them off.
 */
import type { Ending } from './attempt.ts'
import type { ClaimedJob, HeldLease } from './claimed-job.ts'
import { column, uuids } from './sql/columns.ts'

export interface Ended {
  readonly job: ClaimedJob
  readonly startedAt: number
  readonly endedAt: number
  readonly ending: Exclude<Ending, { kind: 'stopped' }>
}

/** What one statement writes. */
export interface Delivery {
  readonly ends: readonly Ended[]
  /** Every lease that the ends name. */
  readonly leases: readonly HeldLease[]
  readonly close: readonly HeldLease[]
}

export class Outbox {
  #succeeded: Ended[] = []
  #others: Ended[] = []
  readonly #closable = new Set<HeldLease>()

  /** The job ended, and its end is to be written. */
  put(ended: Ended): void {
    if (ended.ending.kind === 'succeeded') this.#succeeded.push(ended)
    else this.#others.push(ended)
  }

  /** Jobs of a lease will have no end of ours: they were cancelled or given back. */
  drop(lease: HeldLease, jobs: number): void {
    lease.open -= jobs
    this.#offerClosing(lease)
  }

  get hasSuccesses(): boolean {
    return this.#succeeded.length > 0 || this.#closable.size > 0
  }

  get hasOthers(): boolean {
    return this.#others.length > 0
  }

  get isEmpty(): boolean {
    return !this.hasSuccesses && !this.hasOthers
  }

  takeSuccesses(): Delivery {
    const ends = this.#succeeded
    this.#succeeded = []
    return this.#take(ends)
  }

  takeOthers(): Delivery {
    const ends = this.#others
    this.#others = []
    return this.#take(ends)
  }

  /** The statement was carried out. */
  delivered({ leases, close }: Delivery): void {
    for (const lease of leases) {
      lease.inFlight -= 1
      if (!close.includes(lease)) this.#offerClosing(lease)
    }
  }

  /** The statement was not carried out, as far as these ends are concerned: they wait again. */
  returned({ leases, close }: Delivery, unwritten: readonly Ended[]): void {
    for (const { job } of unwritten) job.lease.open += 1
    this.#succeeded = [...unwritten.filter(({ ending }) => ending.kind === 'succeeded'), ...this.#succeeded]
    this.#others = [...unwritten.filter(({ ending }) => ending.kind !== 'succeeded'), ...this.#others]
    for (const lease of leases) lease.inFlight -= 1
    for (const lease of new Set([...leases, ...close])) this.#offerClosing(lease)
  }

  #take(ends: readonly Ended[]): Delivery {
    const leases = new Set<HeldLease>()
    for (const { job } of ends) {
      job.lease.open -= 1
      leases.add(job.lease)
    }
    const close = [...this.#closable].filter((lease) => !leases.has(lease))
    this.#closable.clear()
    for (const lease of leases) {
      lease.inFlight += 1
      if (lease.open === 0 && lease.inFlight === 1) close.push(lease)
    }
    return { ends, leases: [...leases], close }
  }

  #offerClosing(lease: HeldLease): void {
    if (lease.open === 0 && lease.inFlight === 0 && !lease.lost) this.#closable.add(lease)
  }
}

/** The parameters of `step` after those of the claim: what succeeded. */
export function successColumns({ ends, leases, close }: Delivery): unknown[] {
  const results = ends.map(({ ending }) => (ending.kind === 'succeeded' ? ending.result : null))
  return [
    uuids(leases.map(({ id }) => id)),
    uuids(ends.map(({ job }) => job.id)),
    uuids(column(ends.map(({ job }) => job.lease.id))),
    column(ends.map(({ job }) => job.attempt)),
    ends.map(({ startedAt }) => startedAt),
    ends.map(({ endedAt }) => endedAt),
    results.every((result) => result === null) ? [] : results,
    column(ends.map(({ job }) => job.tenant)),
    column(ends.map(({ job }) => job.name)),
    uuids(close.map(({ id }) => id)),
    column(ends.map(({ job }) => job.correlation)),
  ]
}

/** What `settle-attempts` needs to know of one end besides its row. */
export interface Settlement {
  /** `null`: the job tries again. */
  readonly final: 'FAILED' | 'DEAD' | null
  readonly delayMs: number
  readonly decision: string
}

/** The parameters of `settle-attempts`: what did not succeed, and what follows. */
export function settlementColumns({ ends, leases, close }: Delivery, settle: (ended: Ended) => Settlement): unknown[] {
  const settlements = ends.map(settle)
  return [
    leases.map(({ id }) => id),
    ends.map(({ job }) => job.id),
    ends.map(({ job }) => job.lease.id),
    ends.map(({ job }) => job.attempt),
    ends.map(({ startedAt }) => startedAt),
    ends.map(({ endedAt }) => endedAt),
    ends.map(({ ending }) => ending.kind),
    settlements.map(({ final }) => final),
    ends.map(({ ending }) => (ending.kind === 'succeeded' ? null : ending.errorType)),
    ends.map(({ ending }) => (ending.kind === 'succeeded' ? null : ending.errorMessage)),
    settlements.map(({ decision }) => decision),
    settlements.map(({ delayMs }) => delayMs),
    ends.map(({ job }) => job.tenant),
    ends.map(({ job }) => job.name),
    ends.map(({ job }) => job.lease.queue),
    ends.map(({ job }) => job.spent),
    close.map(({ id }) => id),
    ends.map(({ job }) => job.correlation),
  ]
}
