/** Waits for the end of runs: for units that were started until they are inactive or failed again. */
import type { UnitState } from '../../../engines/services/service-manager.ts'
import type { Bus } from './bus.ts'
import { readDetails } from './read-units.ts'
import { changesOfUnits, unitOfPath } from './unit-details.ts'

export interface EndWatch extends Disposable {
  /** Resolves to `false` when the connection went before. */
  ended(unit: string): Promise<boolean>
}

export function hasEnded({ activeState }: Pick<UnitState, 'activeState'>): boolean {
  return activeState === 'inactive' || activeState === 'failed'
}

/** To be called before the start, so that no end is missed. */
export async function watchEnds(bus: Bus): Promise<EndWatch> {
  const states = new Map<string, string>()
  const waiting = new Map<string, (ended: boolean) => void>()
  let lost = false
  const subscription = await bus.listen([changesOfUnits], {
    heard: ({ path, member, body: [, properties] }) => {
      const unit = member === 'PropertiesChanged' ? unitOfPath(path) : undefined
      const activeState = (properties as { readonly ActiveState?: string } | undefined)?.ActiveState
      if (unit === undefined || activeState === undefined) return
      states.set(unit, activeState)
      if (hasEnded({ activeState })) waiting.get(unit)?.(true)
    },
    lost: () => {
      lost = true
      for (const tell of waiting.values()) tell(false)
    },
  })
  return {
    ended: async (unit) => {
      // Without a change it was running before it was started.
      const activeState = states.get(unit) ?? (await readDetails(bus, [unit]))[0]!.activeState
      if (hasEnded({ activeState: states.get(unit) ?? activeState })) return true
      return !lost && new Promise((resolve) => { waiting.set(unit, resolve) })
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  }
}
