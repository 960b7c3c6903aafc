/** Lets so many calls of a task run at once; the others wait in the order in which they came. */

interface Waiting {
  readonly most: number
  readonly enter: () => void
}

export class Gate {
  #inside = 0
  // Sets keep their order, and give up those in the middle that no longer want to wait.
  readonly #waiting = new Set<Waiting>()

  /**
   * Resolves with `true` once the caller is inside, and must `leave`; with `false` when the signal aborted before.
   * @param most how many may be inside with it
   */
  enter(most: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(waiting)
        resolve(false)
      }
      const waiting: Waiting = {
        most,
        enter: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve(true)
        },
      }
      this.#waiting.add(waiting)
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#admit()
    })
  }

  leave(): void {
    this.#inside -= 1
    this.#admit()
  }

  #admit(): void {
    for (const waiting of this.#waiting) {
      if (this.#inside >= waiting.most) return
      this.#waiting.delete(waiting)
      this.#inside += 1
      waiting.enter()
    }
  }
}
