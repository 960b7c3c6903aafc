import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runUnitOf } from '../run-units.ts'
import { slotUnit } from './slot-unit.ts'

test('a time is in the name of its unit as people read it', () => {
  expect(slotUnit('report', Date.UTC(2026, 10, 21, 3))).toBe('slot-taskflows-report@2026-11-21T03:00:00Z.service')
  expect(slotUnit('web-2.x', Date.UTC(2026, 10, 21, 3, 0, 0, 500))).toBe('slot-taskflows-web-2.x@2026-11-21T03:00:00.500Z.service')
})

test('and is read out of it again', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(2199, 0, 1) }), (slot) => {
    expect(runUnitOf(slotUnit('report', slot))).toEqual({ service: 'report', kind: 'slot', slot })
  }))
})
