import { expect, test } from 'vitest'
import type { UnitState } from '../service-manager.ts'
import { stopRuns } from './stop-runs.ts'

test('what goes on beside services is stopped, and tells what became of it; nothing of others is', async () => {
  const state = (unit: string, activeState = 'active'): UnitState => ({ unit, activeState, subState: '', loadState: 'loaded', description: '' })
  const stopped: string[] = []
  const manager = {
    states: async () => [
      state('taskflows-web.service'), state('run-taskflows-web@1.service'), state('run-taskflows-web@2.service', 'failed'), state('slot-taskflows-web@2026-11-21T03:00:00Z.service', 'activating'),
      state('run-taskflows-other@1.service'), state('start-taskflows-web.service'),
    ],
    act: async (_: string, units: readonly string[]) => {
      stopped.push(...units)
      return units.map((unit) => ({ unit, result: 'done' }))
    },
  }
  const runs = ['run-taskflows-web@1.service', 'slot-taskflows-web@2026-11-21T03:00:00Z.service']
  expect(await stopRuns(new Set(['web']), manager)).toEqual(runs.map((unit) => ({ service: 'web', outcome: { unit, result: 'done' } })))
  expect(stopped).toEqual(runs)
  expect(await stopRuns(new Set(), { ...manager, states: () => Promise.reject(new Error('was asked')) })).toEqual([])
})
