import { expect, test } from 'vitest'
import { absentUnit, unitDetails, unitOfPath, unitPath } from './unit-details.ts'

const clocks = { now: 1_800_000_000_000, monotonic: 5_000_000 }
const never = 2 ** 64
const unit = { Description: 'a web server', LoadState: 'loaded', ActiveState: 'active', SubState: 'running', ActiveEnterTimestamp: 1_799_999_000_000_000, ConditionTimestamp: 1_799_999_000_000_000, ConditionResult: true, AssertResult: true }
const details = (common: Record<string, unknown>, own: Record<string, unknown> = {}) => unitDetails('taskflows-web.service', { ...unit, ...common }, own, clocks)

test('times are milliseconds, and what systemd does not measure is null', () => {
  expect(details({ InvocationID: Buffer.from('00ff', 'hex'), DropInPaths: ['/etc/x.conf'], NeedDaemonReload: true }, {
    Result: 'success', MainPID: 42, ExecMainCode: 0, ExecMainStatus: 0, ExecMainStartTimestamp: 1_799_999_000_500_000, ExecMainExitTimestamp: 0, NRestarts: 3, StatusText: '', MemoryCurrent: 4096, MemoryPeak: never, CPUUsageNSec: 2_500_000_000, TasksCurrent: never,
  })).toMatchObject({
    mainPid: 42, exitCode: null, exitSignal: null, startedAt: 1_799_999_000_500, endedAt: null, activeSince: 1_799_999_000_000, restarts: 3, statusText: null,
    memoryBytes: 4096, memoryPeakBytes: null, cpuSeconds: 2.5, tasks: null, invocationId: '00ff', dropIns: ['/etc/x.conf'], needsReload: true, conditionsMet: true,
  })
})

test.each([[1, 3, 3, null], [2, 9, null, 'SIGKILL'], [3, 11, null, 'SIGSEGV'], [2, 35, null, 'signal 35'], [0, 0, null, null]])('an end of kind %i with %i is exit code %j, signal %j', (ExecMainCode, ExecMainStatus, exitCode, exitSignal) => {
  expect(details({}, { ExecMainCode, ExecMainStatus })).toMatchObject({ exitCode, exitSignal })
})

test('a timer elapses at the sooner of its calendar time and its time since the boot', () => {
  const next = (NextElapseUSecRealtime: number, NextElapseUSecMonotonic: number) => unitDetails('taskflows-web.timer', unit, { NextElapseUSecRealtime, NextElapseUSecMonotonic }, clocks).nextElapseAt
  expect(next(1_800_000_100_000_000, never)).toBe(1_800_000_100_000)
  expect(next(0, 5_060_000_000)).toBe(1_800_000_060_000)
  expect(next(1_800_000_100_000_000, 5_060_000_000)).toBe(1_800_000_060_000)
  expect(next(never, 0)).toBeNull()
})

test('whether conditions were met is known once they were looked at', () => {
  const inactive = { ActiveState: 'inactive', SubState: 'dead' }
  expect(details({ ...inactive, ConditionTimestamp: 0, ConditionResult: false }).conditionsMet).toBeNull()
  expect(details({ ...inactive, ConditionResult: false }).conditionsMet).toBe(false)
  expect(details({ ...inactive, AssertResult: false }).conditionsMet).toBe(false)
  expect(details(inactive).conditionsMet).toBe(true)
  expect(details(inactive).activeSince).toBeNull()
})

test('what is not there is not found', () => {
  expect(absentUnit('taskflows-x.service')).toMatchObject({ unit: 'taskflows-x.service', loadState: 'not-found', activeState: 'inactive', result: null, nextElapseAt: null })
})

test.each(['taskflows-web.service', 'taskflows-a_b@1.timer', '1.service', 'taskflows-x\\x2dy:z.service'])('%s has a path and comes back from it', (name) => {
  expect(unitPath(name)).toMatch(/^\/org\/freedesktop\/systemd1\/unit\/[A-Za-z0-9_]+$/)
  expect(unitOfPath(unitPath(name))).toBe(name)
})

test('paths are escaped as systemd does it', () => {
  expect(unitPath('taskflows-web.service')).toBe('/org/freedesktop/systemd1/unit/taskflows_2dweb_2eservice')
  expect(unitPath('1.service')).toBe('/org/freedesktop/systemd1/unit/_31_2eservice')
  expect(unitOfPath('/org/freedesktop/systemd1/job/1')).toBeUndefined()
})
