/**
 * Finds what `catchUp: 'all'` is to make up for: times of which the ledger says that they were missed because the machine or its
 * systemd was down. Looked for there, and not told by whoever judged them, so that no death of a server loses one.
 */
import type { BackfillStore } from '../../../kernel/backfills.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { newId } from '../../../kernel/ids.ts'
import { type Lifecycle, lifecycle } from '../../../kernel/lifecycle.ts'
import type { ServiceLedger, ServiceRun } from '../ledger/service-run.ts'
import { causeOf } from '../slots/judge-slots.ts'
import type { ScheduledService } from '../slots/scheduled-services.ts'
import { mostTimes } from './plan-backfill.ts'

export interface CatchUpParts {
  readonly host: string
  readonly scheduled: () => Promise<readonly ScheduledService[]>
  readonly ledger: Pick<ServiceLedger, 'between'>
  readonly store: Pick<BackfillStore, 'addCatchUp'>
  readonly clock: Clock
  /** So many times of a service are made up for, of so many that were missed. */
  readonly onCaught: (service: ScheduledService, added: number, missed: number) => void
  readonly onTrouble: (error: unknown) => void
}

export interface CatchUp extends Lifecycle {
  /** Times were missed: it looks at once. */
  changed(): void
}

const lookMs = 60_000

/** Looks in a server, when it is told to and once a minute. */
export function createCatchUp(parts: CatchUpParts): CatchUp {
  const { clock, onTrouble } = parts
  let over = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let soon = new AbortController()
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      soon = new AbortController()
      await lookForMissed(parts).catch(onTrouble)
      await clock.sleep(lookMs, AbortSignal.any([soon.signal, over.signal]))
    }
  }
  return {
    changed: () => soon.abort(),
    ...lifecycle({
      start: async () => {
        over = new AbortController()
        running = run()
      },
      stop: async () => {
        over.abort()
        await running
      },
    }),
  }
}

async function lookForMissed({ host, scheduled, ledger, store, clock, onCaught }: CatchUpParts): Promise<void> {
  for (const service of await scheduled()) {
    const { name, scope, catchUpMs } = service
    if (catchUpMs === null) continue
    const [now, key] = [clock.now(), { host, scope, service: name }]
    // Before that it was another service, or wanted something else.
    const missed = downTimes(await ledger.between(key, Math.max(now - catchUpMs, service.since ?? now), now))
    const slots = missed.slice(-mostTimes)
    if (slots.length === 0) continue
    const added = await store.addCatchUp({
      ...key, id: newId(now), origin: 'catch_up', first: slots[0]!, last: slots.at(-1)!, slots, maxParallel: 1, again: false, createdBy: 'system', createdAt: now,
    })
    if (added > 0) onCaught(service, added, missed.length)
  }
}

/** Not those at which somebody wanted nothing to begin: a timer that was off, a condition, a run that went on. */
export function downTimes(runs: readonly ServiceRun[]): number[] {
  const missed = runs.filter((run) => run.state === 'missed' && ['host_down', 'systemd_down'].includes(causeOf(run)))
  return missed.flatMap(({ slot }) => slot ?? []).sort((one, other) => one - other)
}
