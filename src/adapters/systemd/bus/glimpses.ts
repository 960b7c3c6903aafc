/**
 * What signals tell of services by themselves, step by step: a run may be over, and forgotten by systemd, before anybody
 * could ask about it. `watch.ts` asks about what stays. Pure.
 *
 * A change makes two signals, first with the properties of its kind and then with those of the unit, which are one
 * picture of one moment (`bus_unit_send_change_signal` of systemd: "clients may rely on this order to get atomic behavior").
 */
import { runUnitOf } from '../../../engines/services/run-units.ts'
import type { UnitDetails } from '../../../engines/services/service-manager.ts'
import type { BusSignal } from './bus-connection.ts'
import { managerObject } from './bus.ts'
import { type Properties, unitDetails, unitOfPath } from './unit-details.ts'

export interface Glimpses {
  heard(signal: BusSignal): void
  /** Since it was called last, in order. */
  take(): readonly UnitDetails[]
}

export function createGlimpses(): Glimpses {
  /** By unit: the first half of a picture. */
  const halves = new Map<string, Properties>()
  const last = new Map<string, string>()
  let seen: UnitDetails[] = []
  let isReloading = false

  const look = (unit: string, common: Properties, own: Properties): void => {
    const details = unitDetails(unit, { ...common, LoadState: 'loaded' }, own, { now: 0, monotonic: 0 })
    const { invocationId, activeState, subState, mainPid, result, endedAt } = details
    const picture = [invocationId, activeState, subState, mainPid, result, endedAt].join(' ')
    // Most signals are of other things, such as the job.
    if (last.get(unit) === picture) return
    last.set(unit, picture)
    seen.push(details)
  }

  return {
    heard: ({ interface: face, path, member, body: [first, properties] }) => {
      // While it reads its units again it puts them together anew, and tells what they look like by then.
      if (face === managerObject.interface && member === 'Reloading') isReloading = first === true
      if (face === managerObject.interface && member === 'UnitRemoved' && typeof first === 'string') last.delete(first)
      const unit = member === 'PropertiesChanged' && !isReloading ? unitOfPath(path) : undefined
      if (unit === undefined || runUnitOf(unit) === undefined) return
      if (first === 'org.freedesktop.systemd1.Service') halves.set(unit, properties as Properties)
      const own = halves.get(unit)
      if (first !== 'org.freedesktop.systemd1.Unit' || own === undefined) return
      halves.delete(unit)
      look(unit, properties as Properties, own)
    },
    take: () => {
      const taken = seen
      seen = []
      return taken
    },
  }
}
