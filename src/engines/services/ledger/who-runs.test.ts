import { expect, test } from 'vitest'
import { serviceRun } from '../../../testing/service-run.ts'
import type { UnitDetails } from '../service-manager.ts'
import { whoRuns } from './who-runs.ts'

const unit = (name: string, invocationId: string | null, changes: Partial<UnitDetails> = {}): UnitDetails => ({
  unit: name, description: '', loadState: 'loaded', activeState: 'active', subState: 'running', unitFileState: '', result: 'success', mainPid: 7, exitCode: null, exitSignal: null, restarts: 0,
  statusText: null, invocationId, startedAt: 1, endedAt: null, activeSince: 1, nextElapseAt: null, lastTriggerAt: null, memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null, tasks: null,
  conditionsMet: null, needsReload: false, dropIns: [], ...changes,
})
const runs = ['a', 'b', 'c'].map((invocationId) => serviceRun({ invocationId }))

/** Answers, and what it was asked about. */
function managerOf(units: readonly UnitDetails[]) {
  const asked: string[] = []
  return {
    asked,
    states: async () => units,
    details: async (names: readonly string[]) => {
      asked.push(...names)
      return units.filter(({ unit }) => names.includes(unit))
    },
  }
}

test('those go on that some unit of their service has as its invocation', async () => {
  const manager = managerOf([
    unit('taskflows-web.service', 'a'), unit('run-taskflows-web@1.service', 'b'), unit('slot-taskflows-web@2026-11-21T03:00:00Z.service', 'c', { activeState: 'failed', subState: 'failed' }), unit('taskflows-other.service', 'd'),
  ])
  expect(await whoRuns(manager, runs, new Map())).toEqual(new Set(['a', 'b']))
  expect(manager.asked).toEqual(['taskflows-web.service', 'run-taskflows-web@1.service'])
})

test('nothing is asked about those that are known to go on', async () => {
  const manager = managerOf([])
  const known = new Map([unit('taskflows-web.service', 'a'), unit('run-taskflows-web@1.service', 'b'), unit('run-taskflows-web@2.service', 'c')].map((each) => [each.unit, each]))
  expect(await whoRuns({ ...manager, states: () => Promise.reject(new Error('was asked')) }, runs, known)).toEqual(new Set(['a', 'b', 'c']))
})

test('of a manager that does not answer nothing is known', async () => {
  expect(await whoRuns({ ...managerOf([]), states: () => Promise.reject(new Error('away')) }, runs, new Map())).toBeUndefined()
})
