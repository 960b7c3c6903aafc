/** One manager of systemd over its bus: the half of the port that needs it to run. The files are in unit-files.ts. */
import type { ServiceManager } from '../../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Bus, managerObject } from './bus.ts'
import { setEnabledByLinks } from '../files/enable-units.ts'
import { readDetails, readNextElapses, readStates } from './read-units.ts'

export type LiveManager = Pick<ServiceManager, 'reload' | 'setEnabled' | 'act' | 'resetFailed' | 'states' | 'details' | 'nextElapses' | 'conditions' | 'since' | 'watch' | typeof Symbol.asyncDispose>

/** A reload of thousands of units takes seconds, and more on a busy machine. */
const reloadTimeoutMs = 300_000
/** SD_SYSTEMD_UNIT_FORCE: links in the way are replaced. */
const force = 2

/** @param directory where units of ours are */
export function createLiveManager(bus: Bus, directory: string): LiveManager {
  return {
    // Answers when it is over.
    reload: async () => void await bus.call({ ...managerObject, member: 'Reload' }, { timeoutMs: reloadTimeoutMs }),
    setEnabled: async (units, on) => {
      const left = setEnabledByLinks(directory, units, on)
      if (left.length === 0) return
      await bus.call(on
        ? { ...managerObject, member: 'EnableUnitFilesWithFlags', signature: 'ast', args: [left, force] }
        : { ...managerObject, member: 'DisableUnitFilesWithFlags', signature: 'ast', args: [left, 0] })
    },
    act: async (verb, units, options) => (await import('./act.ts')).act(bus, verb, units, options),
    resetFailed: async (units) => void await Promise.all(units.map((unit) => resetFailed(bus, unit))),
    states: () => readStates(bus),
    details: (units) => readDetails(bus, units),
    nextElapses: (timers) => readNextElapses(bus, timers),
    conditions: async (unit) => (await import('./conditions.ts')).readConditions(bus, unit),
    since: async () => (await import('./conditions.ts')).managerSince(bus),
    watch: async function* (signal) { yield* (await import('./watch.ts')).watch(bus, signal) },
    [Symbol.asyncDispose]: async () => { await bus[Symbol.asyncDispose]() },
  }
}

/** What is not loaded has not failed. */
async function resetFailed(bus: Bus, unit: string): Promise<void> {
  try {
    await bus.call({ ...managerObject, member: 'ResetFailedUnit', signature: 's', args: [unit] })
  } catch (error) {
    if (!(error instanceof TaskflowsError) || error.details['error'] !== 'org.freedesktop.systemd1.NoSuchUnit') throw error
  }
}
