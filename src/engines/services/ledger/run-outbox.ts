/** Runs on their way to the ledger: told at once, written soon, and again while the database is away. */
import type { Clock } from '../../../kernel/clock.ts'
import type { ServiceLedger, ServiceRun } from './service-run.ts'

export interface RunOutbox extends AsyncDisposable {
  tell(runs: readonly ServiceRun[]): void
}

export interface RunOutboxParts {
  readonly ledger: Pick<ServiceLedger, 'record'>
  readonly clock: Clock
  /** What is not written yet is tried again. */
  readonly onError: (error: unknown) => void
}

const atOnce = 500
/** What is kept while the database is away. Of more the oldest are left to the journal, which has them too. */
const mostWaiting = 10_000
const [firstDelayMs, longestDelayMs] = [500, 30_000]

export function createRunOutbox({ ledger, clock, onError }: RunOutboxParts): RunOutbox {
  const over = new AbortController()
  let waiting: ServiceRun[] = []
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    for (let delay = firstDelayMs; waiting.length > 0;) {
      const batch = waiting.slice(0, atOnce)
      try {
        await ledger.record(batch)
        const written = new Set(batch)
        waiting = waiting.filter((run) => !written.has(run))
        delay = firstDelayMs
      } catch (error) {
        onError(error)
        if (over.signal.aborted) return
        await clock.sleep(delay, over.signal)
        delay = Math.min(delay * 2, longestDelayMs)
      }
    }
  }

  return {
    tell: (runs) => {
      if (runs.length === 0) return
      waiting = [...waiting, ...runs].slice(-mostWaiting)
      writing ??= write().finally(() => { writing = undefined })
    },
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await writing
    },
  }
}
