/**
 * Time that moves when the test says so.
 */
import type { Clock } from '../kernel/clock.ts'

interface Sleeper {
  readonly until: number
  wake(): void
}

export class FakeClock implements Clock {
  #now: number
  readonly #sleepers = new Set<Sleeper>()

  /** @param startMs epoch milliseconds; default the first moment of 2030, far from the real time. */
  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper: Sleeper = { until: this.#now + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  timer(ms: number, wake: () => void): Disposable {
    const sleeper: Sleeper = {
      until: this.#now + Math.max(0, ms),
      wake: () => {
        this.#sleepers.delete(sleeper)
        wake()
      },
    }
    this.#sleepers.add(sleeper)
    return { [Symbol.dispose]: () => { this.#sleepers.delete(sleeper) } }
  }

  /**
   * Lets `ms` pass. Sleepers wake in the order in which they are due, each at its own moment, and what
   * they do next (sleep again, for one) happens before later ones wake. Resolves when all have run.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#earliest(); next !== undefined && next.until <= end; next = this.#earliest()) {
      this.#now = next.until
      next.wake()
      await settle()
    }
    this.#now = end
  }

  /** How many are asleep: a test that waits for its subject to sleep can look here. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  #earliest(): Sleeper | undefined {
    // Insertion order decides between equals, since `<` keeps the first.
    return [...this.#sleepers].reduce<Sleeper | undefined>((first, sleeper) => (first === undefined || sleeper.until < first.until ? sleeper : first), undefined)
  }
}

/** A turn of the event loop: every promise that can go on has gone on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
