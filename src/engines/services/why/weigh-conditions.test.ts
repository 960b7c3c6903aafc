import fc from 'fast-check'
import { expect, test } from 'vitest'
import { factsOf } from '../look/unit-facts.ts'
import { unheldConditions } from './weigh-conditions.ts'
import type { HostLoad } from './witness.ts'

const load: HostLoad = { memoryBytes: 4096, cpus: 2, pressure: (of, timespan) => (of === 'io' ? null : of === 'cpu' && timespan === '10sec' ? 91.5 : 10) }
const unheld = (...lines: readonly string[]) => unheldConditions(factsOf(`[Unit]\n${lines.join('\n')}\n`), load)

test('what holds is not told', () => {
  expect(unheld('ConditionMemory=>=4096', 'ConditionCPUs=<4', 'ConditionCPUPressure=50%/5min', 'AssertMemoryPressure=10%', 'ConditionPathExists=/nowhere', 'Description=x')).toEqual([])
})

test('what does not hold is told with what there is, and what becomes of the start', () => {
  expect(unheld('ConditionMemory=>=8192', 'AssertCPUs=>=4', 'ConditionCPUPressure=90%/10sec')).toEqual([
    'ConditionMemory=>=8192 does not hold: the machine has 4096 bytes, so its start is skipped',
    'AssertCPUs=>=4 does not hold: there are 2, so its start fails',
    'ConditionCPUPressure=90%/10sec does not hold: it was 91.5 % over 10sec, so its start is skipped',
  ])
})

test('a pressure that the kernel does not measure holds, as for systemd', () => {
  expect(unheld('ConditionIOPressure=1%')).toEqual([])
})

test('every operator means what it does', () => {
  const means: Readonly<Record<string, (a: number, b: number) => boolean>> = { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '=': (a, b) => a === b, '!=': (a, b) => a !== b, '>=': (a, b) => a >= b, '>': (a, b) => a > b, '': (a, b) => a >= b }
  fc.assert(fc.property(fc.constantFrom(...Object.keys(means)), fc.integer({ min: 0, max: 4 }), (operator, amount) => {
    expect(unheld(`ConditionCPUs=${operator}${amount}`).length === 0).toBe(means[operator]!(2, amount))
  }))
})
