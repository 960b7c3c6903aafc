/** Runs that calls with equal keys share: while they last, and for some time after a success. */
import type { EndedRun } from './run-task.ts'

interface Kept {
  readonly run: Promise<EndedRun>
  /** Epoch milliseconds; not known while it runs. */
  until: number
}

/** More are forgotten, those first that nobody asked for the longest. */
const most = 1000

export class KeptRuns {
  readonly #byKey = new Map<unknown, Kept>()

  /** The run that is kept under the key, else a new one. */
  share(key: unknown, keepMs: number, now: () => number, start: () => Promise<EndedRun>): Promise<EndedRun> {
    const found = this.#byKey.get(key)
    this.#byKey.delete(key)
    const kept = found && found.until > now() ? found : this.#keep(key, keepMs, now, start())
    this.#byKey.set(key, kept)
    for (const [oldest] of this.#byKey) {
      if (this.#byKey.size <= most) break
      this.#byKey.delete(oldest)
    }
    return kept.run
  }

  #keep(key: unknown, keepMs: number, now: () => number, run: Promise<EndedRun>): Kept {
    const kept: Kept = { run, until: Infinity }
    const forget = (): void => {
      if (this.#byKey.get(key) === kept) this.#byKey.delete(key)
    }
    run.then(({ end }) => {
      if (end.outcome === 'succeeded') kept.until = now() + keepMs
      else forget()
    }, forget)
    return kept
  }
}
