import { expect, test } from 'vitest'
import { FakeClock } from '../../../testing/fake-clock.ts'
import type { UnitChanges, UnitDetails } from '../service-manager.ts'
import { createLiveUnits } from './live-units.ts'

const details = (unit: string, changes: Partial<UnitDetails> = {}): UnitDetails => ({
  unit, description: '', loadState: 'loaded', activeState: 'inactive', subState: 'dead', unitFileState: '', result: 'success', mainPid: null, exitCode: null, exitSignal: null, restarts: 0, statusText: null,
  invocationId: null, startedAt: null, endedAt: null, activeSince: null, nextElapseAt: null, lastTriggerAt: null, memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null, tasks: null, conditionsMet: null,
  needsReload: false, dropIns: [], ...changes,
})
const up = { activeState: 'active', subState: 'running', mainPid: 7 }
const failed = { activeState: 'failed', subState: 'failed', result: 'exit-code', exitCode: 3 }
const run = 'run-taskflows-web@1.service'

/** Live units of a manager that says these, in order; resolves when all is heard. */
async function heard(...changes: readonly UnitChanges[]) {
  const told: string[] = []
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const units = createLiveUnits({
    clock: new FakeClock(), unitsOnDisk: async () => [], onSeen: () => {}, onRead: () => {}, onTrouble: (error) => { throw error },
    onEvents: (events) => told.push(...events.map(({ type, service, unit, invocationId, end }) => [type, service, unit === run ? 'beside' : unit, invocationId, end?.result].filter(Boolean).join(' '))),
    manager: {
      scope: 'user', states: async () => [], details: async () => [],
      watch: async function* (signal) {
        yield { kind: 'lost' }
        // All was read.
        await units.details()
        yield* changes
        resolve()
        await new Promise((stopped) => signal.addEventListener('abort', stopped))
      },
    },
  })
  await units.start()
  await over
  return { told, units: [...units.known.keys()], generation: units.generation, stop: () => units.stop() }
}
const changed = (change: Partial<UnitChanges & { kind: 'changed' }>): UnitChanges => ({ kind: 'changed', units: [], gone: [], seen: [], ...change })

test('a run beside its service is told of as signals tell it, also when systemd has forgotten it by the time it is asked', async () => {
  const { told, units, generation, stop } = await heard(
    changed({ seen: [details(run, { ...up, invocationId: 'a' })], units: [details(run, { ...up, invocationId: 'a' })] }),
    changed({ seen: [details(run, { ...failed, invocationId: 'a' })], units: [details(run)] }),
    changed({ gone: [run] }),
  )
  expect(told).toEqual(['service.started web beside a', 'service.failed web beside a exit-code'])
  expect([units, generation]).toEqual([[], 0])
  await stop()
})

test('a run that is over before anybody looks has begun and ended', async () => {
  const { told, units, stop } = await heard(changed({ seen: [details(run, { ...up, invocationId: 'a' }), details(run, { invocationId: 'a', exitCode: 0 })], gone: [run] }))
  expect(told).toEqual(['service.started web beside a', 'service.stopped web beside a success'])
  expect(units).toEqual([])
  await stop()
})

test('what is told before a run has begun is none', async () => {
  const { told, units, stop } = await heard(changed({ seen: [details(run, { invocationId: 'a' })], units: [details(run)] }))
  expect([told, units]).toEqual([[], []])
  await stop()
})
