import { expect, test } from 'vitest'
import { isSingleRun, patternOfRun, runUnitOf, serviceUnit, singleRunPattern } from './run-units.ts'
import { matchesGlob } from '../../kernel/glob.ts'

test.for<[string, ReturnType<typeof runUnitOf>]>([
  ['taskflows-web.service', { service: 'web', kind: 'service', slot: null }],
  ['taskflows-worker@1.service', { service: 'worker@1', kind: 'service', slot: null }],
  ['run-taskflows-web@2f0c6f0e.service', { service: 'web', kind: 'run', slot: null }],
  ['slot-taskflows-web@2026-11-21T03:00:00Z.service', { service: 'web', kind: 'slot', slot: Date.UTC(2026, 10, 21, 3) }],
  ['slot-taskflows-web@yesterday.service', { service: 'web', kind: 'slot', slot: null }],
  ['slot-taskflows-web@2026-13-41T03:00:00Z.service', { service: 'web', kind: 'slot', slot: null }],
  ['taskflows-web.timer', undefined],
  ['start-taskflows-web.service', undefined],
  ['stop-taskflows-web.service', undefined],
  ['run-taskflows-web@.service', undefined],
  ['slot-taskflows-web.service', undefined],
  ['ssh.service', undefined],
])('%s', ([unit, run]) => {
  expect(runUnitOf(unit)).toEqual(run)
  expect(isSingleRun(unit)).toBe(run !== undefined && run.kind !== 'service')
})

test('a pattern means the runs of a service, and those of no other', () => {
  const units = ['run-taskflows-web@1.service', 'slot-taskflows-web@2026-11-21T03:00:00Z.service', 'run-taskflows-web-2@1.service', 'run-taskflows-web@.timer', serviceUnit('web')]
  for (const [kind, unit] of [['run', units[0]], ['slot', units[1]]] as const) {
    expect(units.filter((each) => matchesGlob(each, singleRunPattern('web', kind)))).toEqual([unit])
    expect(units.filter((each) => patternOfRun(each) === singleRunPattern('web', kind))).toEqual([unit])
  }
})
