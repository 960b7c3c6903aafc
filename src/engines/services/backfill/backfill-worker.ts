/**
 * Works in a server on what is to be made up for. It takes what nobody has and keeps that while it lives; when it is killed
 * another, or itself anew, goes on within seconds. `make-up.ts` does the work on one.
 */
import type { Backfill } from '../../../kernel/backfills.ts'
import { type Lifecycle, lifecycle } from '../../../kernel/lifecycle.ts'
import type { ServiceScope } from '../service-definition.ts'
import { type MakeUpParts, makeUp } from './make-up.ts'

export interface BackfillWorkerParts extends MakeUpParts {
  /** Whose units may be written. */
  readonly scopes: readonly ServiceScope[]
  readonly onEnd: (backfill: Backfill) => void
}

export interface BackfillWorker extends Lifecycle {
  /** Something was added, or cancelled. */
  changed(): void
}

/** Well within the time for which the store gives it. */
const keepMs = 4_000
const troubleMs = 5_000

interface Work {
  readonly over: AbortController
  readonly done: Promise<void>
}

export function createBackfillWorker({ scopes, onEnd, ...parts }: BackfillWorkerParts): BackfillWorker {
  const { store, holder, clock, onTrouble } = parts
  const works = new Map<string, Work>()
  let over = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let wake = (): void => {}
  let isTold = false

  const changed = (): void => {
    isTold = true
    wake()
  }

  const work = async (backfill: Backfill, signal: AbortSignal): Promise<void> => {
    try {
      if (!(await makeUp(backfill, parts, signal))) return
      const found = await store.get(backfill.id)
      if (found !== undefined) onEnd(found.backfill)
    } catch (error) {
      if (signal.aborted) return
      onTrouble(error)
      await clock.sleep(troubleMs, signal)
    }
  }

  /** Also keeps what it has. */
  const take = async (): Promise<void> => {
    const held = await store.hold(holder, scopes)
    const ids = new Set(held.map(({ id }) => id))
    for (const [id, { over }] of works) if (!ids.has(id)) over.abort()
    for (const backfill of held) {
      if (works.has(backfill.id)) continue
      const own = new AbortController()
      const done = work(backfill, AbortSignal.any([own.signal, over.signal])).finally(() => {
        works.delete(backfill.id)
        changed()
      })
      works.set(backfill.id, { over: own, done })
    }
  }

  const untilDue = (): Promise<void> => new Promise((resolve) => {
    const timer = clock.timer(keepMs, resolve)
    wake = () => {
      timer[Symbol.dispose]()
      resolve()
    }
    if (isTold || over.signal.aborted) wake()
  })

  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      isTold = false
      await take().catch(onTrouble)
      await untilDue()
    }
    await Promise.all([...works.values()].map(({ done }) => done))
    await store.release(holder).catch(onTrouble)
  }

  return {
    changed,
    ...lifecycle({
      start: async () => {
        over = new AbortController()
        running = run()
      },
      stop: async () => {
        over.abort()
        wake()
        await running
      },
    }),
  }
}
