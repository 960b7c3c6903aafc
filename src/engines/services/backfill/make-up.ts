/**
 * Makes up for the times of one backfill: each is a unit of its own, `slot-unit.ts`, an instance of a template that is compiled
 * from the present definition, written when the first is due and removed behind the last.
 *
 * A row says that a time is `running` before systemd is asked, so a server that comes after one that was killed has nothing to
 * guess: what runs it waits for, what ended the ledger tells, and what never began waits again. systemd has a unit once, so no
 * time runs twice at the same time, whoever asks for it.
 */
import type { Backfill, BackfillStore, MadeUpEnd, MadeUpSlot } from '../../../kernel/backfills.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { ServiceLedger, ServiceRun } from '../ledger/service-run.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { ServiceManager, UnitDetails, UnitFile, UnitOutcome } from '../service-manager.ts'
import { slotUnit } from './slot-unit.ts'

export interface MakeUpParts {
  /** Who works, as the store knows it. */
  readonly holder: string
  readonly store: BackfillStore
  readonly ledger: Pick<ServiceLedger, 'between'>
  readonly manager: (scope: ServiceScope) => Pick<ServiceManager, 'act' | 'details' | 'reload' | 'writeRuntime'>
  /** By the present definition. @throws `backfill.invalid` when there is none, and what compiling throws */
  readonly template: (scope: ServiceScope, service: string) => Promise<UnitFile>
  /** Resolves when what systemd wrote until that moment is in the ledger, or when it cannot be. */
  readonly caughtUp: (moment: number) => Promise<void>
  readonly clock: Clock
  /** It goes on by itself. */
  readonly onTrouble: (error: unknown) => void
}

const lookMs = 1_000
const troubleMs = 5_000
/** The ledger settles a run that ended while nobody looked within a minute. */
const longestDoubtMs = 180_000

/** @returns whether it is over; not when `signal` aborted, or somebody else has it */
export async function makeUp(backfill: Backfill, { holder, store, ledger, manager: managerOf, template, caughtUp, clock, onTrouble }: MakeUpParts, signal: AbortSignal): Promise<boolean> {
  const { id, scope, service } = backfill
  const manager = managerOf(scope)
  const unsettled = [...await store.underWay(id)]
  let reason: string | undefined
  let written: string | undefined

  /** One after the other, since lanes want it at the same time. */
  let turn: Promise<void> = Promise.resolve()
  const ready = (): Promise<void> => (turn = turn.catch(() => {}).then(async () => {
    const unit = await template(scope, service)
    const isNew = await manager.writeRuntime({ units: [unit], removed: [] })
    // Somebody may have written it, and been killed before systemd was told.
    if (isNew || written === undefined) await manager.reload()
    written = unit.unit
  }))

  const start = async (slot: number): Promise<void> => {
    const startedAt = clock.now()
    try {
      await ready()
    } catch (error) {
      await store.putBack(id, slot)
      if (!isOfDefinition(error)) throw error
      reason = error.message
      return
    }
    try {
      const [outcome] = await manager.act('start', [slotUnit(service, slot)], { wait: true, signal })
      await store.settle(id, slot, endOf(outcome!))
    } catch (error) {
      if (signal.aborted) return
      onTrouble(error)
      await clock.sleep(troubleMs, signal)
      await inquire({ slot, startedAt })
    }
  }

  /** What became of one that nobody waits for. */
  const inquire = async ({ slot, startedAt }: Pick<MadeUpSlot, 'slot' | 'startedAt'>): Promise<void> => {
    const unit = slotUnit(service, slot)
    let endedBy: number | undefined
    for (; !signal.aborted; await clock.sleep(lookMs, signal)) {
      try {
        const [details] = await manager.details([unit])
        if (!isOver(details!)) continue
        endedBy ??= clock.now()
        await caughtUp(endedBy)
        const run = (await ledger.between(backfill, startedAt ?? 0, clock.now() + 1)).findLast((each) => each.slot === slot && each.startedAt !== null)
        if (run === undefined) return await store.putBack(id, slot)
        if (run.state !== 'running') return await store.settle(id, slot, endOfRun(run))
        if (clock.now() - endedBy > longestDoubtMs) return await store.settle(id, slot, { state: 'failed', reason: 'how it ended is not known' })
      } catch (error) {
        onTrouble(error)
        await clock.sleep(troubleMs, signal)
      }
    }
  }

  const lane = async (): Promise<void> => {
    for (let slot = unsettled.shift(); slot !== undefined && !signal.aborted; slot = unsettled.shift()) await inquire(slot)
    while (!signal.aborted && reason === undefined) {
      const slot = await store.next(id, holder, clock.now())
      if (slot === undefined) return
      await start(slot)
    }
  }
  await Promise.all(Array.from({ length: backfill.maxParallel }, lane))
  if (signal.aborted) return false
  if (await manager.writeRuntime({ units: [], removed: [templateOf(service)] })) await manager.reload()
  return store.end(id, holder, reason)
}

const templateOf = (service: string): string => `slot-taskflows-${service}@.service`

function isOver({ activeState }: UnitDetails): boolean {
  return activeState === 'inactive' || activeState === 'failed'
}

/** What waiting cannot mend. */
function isOfDefinition(error: unknown): error is TaskflowsError {
  return error instanceof TaskflowsError && ['backfill.invalid', 'service.invalid', 'service.unsafe', 'environment.not_found', 'environment.invalid'].includes(error.code)
}

function endOf({ result, problem }: UnitOutcome): MadeUpEnd {
  if (problem !== undefined) return { state: 'failed', reason: problem }
  return result === 'skipped' ? { state: 'skipped', reason: 'its conditions were not met' } : { state: 'succeeded', reason: null }
}

function endOfRun({ state, reason }: ServiceRun): MadeUpEnd {
  return { state: state === 'succeeded' || state === 'skipped' ? state : 'failed', reason: state === 'succeeded' ? null : reason }
}
