/**
 * Progress on its way to the parent. A loop that tells of each round and never
 * yields would fill memory with what nobody has heard yet, so then only some of
 * it is told, and what came last.
 */
import type { ProgressArguments } from './messages.ts'

const mostUnheard = 100
const leastPauseMs = 100

/** @param tell calls `heard` once the message is on its way */
export class ProgressTeller {
  readonly #tell: (progress: ProgressArguments, heard: () => void) => void
  #unheard = 0
  #toldAt = -Infinity
  #latest: ProgressArguments | undefined

  constructor(tell: (progress: ProgressArguments, heard: () => void) => void) {
    this.#tell = tell
  }

  say(progress: ProgressArguments): void {
    const now = performance.now()
    this.#latest = progress
    if (this.#unheard < mostUnheard || now - this.#toldAt >= leastPauseMs) this.flush(now)
  }

  /** Tells what was held back. */
  flush(now = performance.now()): void {
    if (this.#latest === undefined) return
    this.#toldAt = now
    this.#unheard += 1
    this.#tell(this.#latest, () => {
      this.#unheard -= 1
      if (this.#unheard === 0) this.flush()
    })
    this.#latest = undefined
  }
}
