/**
 * Changes of units of ours, as signals tell them. A restart makes a dozen signals: changes are collected for a
 * moment, and then the units concerned are read once. A reload makes three for every unit and changes none of
 * their states, but all else that is known of them, so it counts as a loss: everything must be read again.
 */
import { isSingleRun } from '../../../engines/services/run-units.ts'
import type { UnitChanges, UnitDetails } from '../../../engines/services/service-manager.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Bus, type BusListener, managerObject, signalsOfManager } from './bus.ts'
import type { BusSignal } from './bus-connection.ts'
import { createGlimpses } from './glimpses.ts'
import { readDetails } from './read-units.ts'
import { changesOfUnits, unitOfPath } from './unit-details.ts'
import { parseUnitName } from '../files/unit-names.ts'

const collectMs = 50
const rules = [changesOfUnits, signalsOfManager('Reloading'), signalsOfManager('UnitNew'), signalsOfManager('UnitRemoved')]
const [firstRetryMs, longestRetryMs] = [100, 5000]

/** Begins with `lost`: what is read from then on, and what is told, leave no gap. @throws `systemd.unavailable` if it cannot begin */
export async function* watch(bus: Bus, signal: AbortSignal): AsyncGenerator<UnitChanges> {
  for (let first = true; !signal.aborted; first = false) {
    const [changes, glimpses] = [createChanges(), createGlimpses()]
    const listener: BusListener = {
      heard: (said) => {
        glimpses.heard(said)
        changes.heard(said)
      },
      lost: changes.lost,
    }
    const subscription = await (first ? bus.listen(rules, listener) : listenAgain(bus, listener, signal))
    if (!subscription) return
    using _ = subscription
    yield { kind: 'lost' }
    while (!signal.aborted && !changes.isOver()) {
      await changes.some(signal)
      await systemClock.sleep(collectMs, signal)
      const [told, seen] = [changes.take(), glimpses.take()]
      if (told !== 'all') yield* read(bus, told, seen, signal)
      else {
        if (seen.length > 0) yield { kind: 'changed', units: [], gone: [], seen }
        yield { kind: 'lost' }
      }
    }
  }
}

async function* read(bus: Bus, { changed: told, gone }: Told, seen: readonly UnitDetails[], signal: AbortSignal): AsyncGenerator<UnitChanges> {
  const states = new Map(seen.map(({ unit, activeState }) => [unit, activeState]))
  // Of a single run that is over systemd knows nothing any more: it would only read its template anew.
  const changed = told.filter((unit) => !isSingleRun(unit) || !['inactive', 'failed'].includes(states.get(unit) ?? ''))
  if (signal.aborted || changed.length + gone.length + seen.length === 0) return
  let units: readonly UnitDetails[] = []
  try {
    units = await readDetails(bus, changed, signal)
  } catch (error) {
    // The connection went meanwhile: the next round finds out, and begins anew.
    if (!signal.aborted && !isUnavailable(error)) throw error
    gone = []
  }
  yield { kind: 'changed', units, gone, seen }
}

async function listenAgain(bus: Bus, listener: BusListener, signal: AbortSignal): Promise<Disposable | undefined> {
  for (let delay = firstRetryMs; !signal.aborted; delay = Math.min(delay * 2, longestRetryMs)) {
    try {
      return await bus.listen(rules, listener)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      await systemClock.sleep(delay, signal)
    }
  }
  return undefined
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TaskflowsError && error.code === 'systemd.unavailable'
}

interface Told {
  readonly changed: readonly string[]
  readonly gone: readonly string[]
}

interface Changes {
  heard(signal: BusSignal): void
  lost(): void
  isOver(): boolean
  /** Resolves when there is something to take, or nothing any more. */
  some(signal: AbortSignal): Promise<void>
  take(): Told | 'all'
}

/** Collects what signals tell of units of ours. */
export function createChanges(): Changes {
  const changed = new Set<string>()
  const gone = new Set<string>()
  // Whoever looks at a unit that is not loaded has it loaded for a moment, which is no change, and does not bring it back.
  const looked = new Set<string>()
  let [reloading, all, over] = [false, false, false]
  let wake = () => {}

  function onManager(member: string, [unit]: readonly unknown[]): void {
    if (member === 'Reloading') {
      reloading = unit === true
      all ||= !reloading
      looked.clear()
    } else if (reloading || typeof unit !== 'string' || !parseUnitName(unit)) {
      return
    } else if (member === 'UnitNew') {
      looked.add(unit)
    } else if (member === 'UnitRemoved' && !looked.delete(unit)) {
      changed.delete(unit)
      gone.add(unit)
    }
  }

  return {
    heard: ({ interface: face, path, member, body }) => {
      if (face === managerObject.interface) onManager(member, body)
      const unit = member === 'PropertiesChanged' ? unitOfPath(path) : undefined
      if (unit !== undefined && parseUnitName(unit)) {
        looked.delete(unit)
        gone.delete(unit)
        changed.add(unit)
      }
      if (all || changed.size + gone.size > 0) wake()
    },
    lost: () => {
      over = true
      wake()
    },
    isOver: () => over,
    some: (signal) => new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done)
        wake = () => {}
        resolve()
      }
      wake = done
      signal.addEventListener('abort', done)
      if (signal.aborted || over || all || changed.size + gone.size > 0) done()
    }),
    take: () => {
      const told = { changed: [...changed], gone: [...gone] }
      const everything = all
      changed.clear()
      gone.clear()
      all = false
      return everything ? 'all' : told
    },
  }
}
