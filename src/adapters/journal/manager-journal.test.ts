import { expect, test } from 'vitest'
import { messageOf } from './manager-journal.ts'

const [invocation, boot] = ['cab71f96214f4f15bb45cc1d106a332b', '6e6ab87ca1a24c81a96311dbc2c8c7c9']
/** As journalctl of systemd 252 prints them. */
const entry = (id: string, message: string, more: Record<string, unknown> = {}) => ({
  MESSAGE_ID: id, MESSAGE: message, USER_UNIT: 'taskflows-b.service', USER_INVOCATION_ID: invocation, _BOOT_ID: boot, _PID: '57',
  __REALTIME_TIMESTAMP: '1795279572311065', _SOURCE_REALTIME_TIMESTAMP: '1795279572311000', ...more,
})
const started = '39f53479d3a045ac8e11786248231fbf'
const exited = '98e322203f7a4ed290d09fe03c09fe15'

test('a failure is read with whose it is, when and how', () => {
  expect(messageOf(entry('d9b373ed55a64feb8242e02dbe79a49c', "taskflows-b.service: Failed with result 'exit-code'.", { UNIT_RESULT: 'exit-code' }), 'user')).toEqual({
    at: 1795279572311, word: 'failed', unit: 'taskflows-b.service', invocationId: invocation, bootId: boot, manager: `${boot}/57`, job: null, result: 'exit-code', reason: null,
    exitCode: null, exitSignal: null, cpuSeconds: null, memoryPeakBytes: null,
  })
})

test('an exit has its code or its signal', () => {
  expect(messageOf(entry(exited, 'taskflows-b.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED', { EXIT_CODE: 'exited', EXIT_STATUS: '3' }), 'user')).toMatchObject({ word: 'exited', exitCode: 3, exitSignal: null })
  expect(messageOf(entry(exited, 'taskflows-b.service: Main process exited, code=killed, status=9/KILL', { EXIT_CODE: 'killed', EXIT_STATUS: '9' }), 'user')).toMatchObject({ exitCode: null, exitSignal: 'SIGKILL' })
  expect(messageOf(entry(exited, 'taskflows-b.service: Control process exited, code=exited, status=1/FAILURE', { EXIT_CODE: 'exited', EXIT_STATUS: '1' }), 'user')).toBeUndefined()
})

test.each([
  ['Started taskflows-b.service.', 'started', null],
  ['Started taskflows-b.service - Does what was skipped, later.', 'started', null],
  ['Finished taskflows-b.service - Nightly.', 'finished', null],
  ['taskflows-b.service - Nightly was skipped because of an unmet condition check (ConditionMemory=>=900000000000000).', 'forbidden', 'not met: ConditionMemory=>=900000000000000'],
  ['Nightly was skipped because of an unmet condition check (ConditionPathExists=!/run/(x)).', 'forbidden', 'not met: ConditionPathExists=!/run/(x)'],
  ['taskflows-b.service - Nightly skipped, unmet condition check ConditionPathExists=!/run/(x)', 'forbidden', 'not met: ConditionPathExists=!/run/(x)'],
  ['taskflows-b.service was skipped because no trigger condition checks were met.', 'forbidden', 'not met: none of its conditions with |, of which one must hold'],
  // Of ExecCondition=, after it said so under another id.
  ['Condition check resulted in taskflows-b.service being skipped.', undefined, undefined],
])('%s', (message, word, reason) => {
  const told = messageOf(entry(started, message), 'user')
  expect([told?.word, told?.reason]).toEqual([word, reason])
})

test('a start that was forbidden has no invocation, whatever systemd says of the one before', () => {
  expect(messageOf(entry(started, 'taskflows-b.service was skipped because of an unmet condition check (ConditionCPUs=>=5000).'), 'user')?.invocationId).toBeNull()
  expect(messageOf(entry('be02cf6855d2428ba40df7e9d022f03d', 'Assertion failed for taskflows-b.service.', { JOB_RESULT: 'assert', USER_INVOCATION_ID: '' }), 'user'))
    .toMatchObject({ word: 'forbidden', invocationId: null, reason: 'an assertion of its unit did not hold' })
})

test('a condition that is a command has an invocation', () => {
  expect(messageOf(entry('0e4284a0caca4bfc81c0bb6786972673', "taskflows-b.service: Skipped due to 'exec-condition'.", { UNIT_RESULT: 'exec-condition' }), 'user'))
    .toMatchObject({ word: 'skipped', invocationId: invocation, result: 'exec-condition' })
})

test('the manager of the machine names units and invocations otherwise, and neither is taken for the other', () => {
  const ofMachine = { ...entry(started, 'Started'), USER_UNIT: undefined, USER_INVOCATION_ID: undefined, UNIT: 'taskflows-b.service', INVOCATION_ID: invocation, _PID: '1' }
  expect(messageOf(ofMachine, 'system')).toMatchObject({ word: 'started', unit: 'taskflows-b.service', invocationId: invocation })
  expect(messageOf(ofMachine, 'user')).toBeUndefined()
  expect(messageOf(entry(started, 'Started'), 'system')).toBeUndefined()
})

test('what a run used is measured, where it is told: systemd tells of memory since its version 255', () => {
  expect(messageOf(entry('ae8f7b866b0347b9af31fe1c80b127c0', 'taskflows-b.service: Consumed 2.5s CPU time, 1M memory peak, 0B memory swap peak.', { CPU_USAGE_NSEC: '2500000000', MEMORY_PEAK: '1048576' }), 'user')).toMatchObject({ word: 'measured', cpuSeconds: 2.5, memoryPeakBytes: 1_048_576 })
  expect(messageOf(entry('ae8f7b866b0347b9af31fe1c80b127c0', 'taskflows-b.service: Consumed 2.5s CPU time.', { CPU_USAGE_NSEC: '2500000000' }), 'user')).toMatchObject({ word: 'measured', cpuSeconds: 2.5, memoryPeakBytes: null })
})

test('a manager says when all that it ran has ended', () => {
  expect(messageOf(entry(started, 'Reached target shutdown.target - Shutdown.', { USER_UNIT: 'shutdown.target' }), 'user')).toMatchObject({ word: 'all_stopped' })
})

test('other messages say nothing of runs', () => {
  expect(messageOf(entry('be02cf6855d2428ba40df7e9d022f03d', 'Failed to start'), 'user')).toBeUndefined()
})
