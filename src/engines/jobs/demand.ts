/**
 * How many jobs a worker asks for: its free slots, and about one second of what
 * it gets through. So a fast worker claims in large batches, and a slow one does
 * not sit on jobs that others could run.
 */
import type { Clock } from '../../kernel/clock.ts'

/** Jobs that are claimed ahead at most. */
export const largestBuffer = 1_000
const windowMs = 250

export class Demand {
  readonly #clock: Clock
  readonly #slots: number
  #perSecond = 0
  #ended = 0
  #since: number

  constructor(slots: number, clock: Clock) {
    this.#slots = slots
    this.#clock = clock
    this.#since = clock.now()
  }

  /** A job ended. */
  count(): void {
    this.#ended += 1
  }

  /** How many to ask for, with so many in the buffer, running, and asked for already. */
  ask(buffered: number, running: number, asked: number): number {
    this.#measure()
    const ahead = Math.min(Math.floor(this.#perSecond), largestBuffer)
    const wanted = this.#slots + ahead - buffered - running - asked
    // Below half of the buffer it is filled up; a slot that is free now is worth a claim of its own.
    const free = this.#slots - running - buffered - asked
    return free > 0 || wanted * 2 >= ahead ? Math.max(wanted, 0) : 0
  }

  /** Jobs had to be given back: the rate was an overestimate. */
  halve(): void {
    this.#perSecond /= 2
  }

  #measure(): void {
    const now = this.#clock.now()
    const passed = now - this.#since
    if (passed < windowMs && !(this.#perSecond === 0 && this.#ended > 0 && passed > 0)) return
    const rate = (this.#ended * 1000) / passed
    this.#perSecond = this.#perSecond === 0 ? rate : this.#perSecond * 0.5 + rate * 0.5
    this.#ended = 0
    this.#since = now
  }
}
