import { expect, test } from 'vitest'
import type { ServiceRun } from '../../../kernel/service-runs.ts'
import { serviceRun } from '../../../testing/service-run.ts'
import { type ManagerMessage, type ManagerWord, createJournalRuns, settleUnwritten } from './journal-runs.ts'

const [thisBoot, lastBoot] = ['b'.repeat(32), 'a'.repeat(32)]
let clock = 0
/** What one manager writes, a second after the last: `starting a`. */
const said = (line: string, more: Partial<ManagerMessage> = {}): ManagerMessage => {
  const [word, invocationId = null] = line.split(' ') as [ManagerWord, string?]
  return {
    at: (clock += 1_000), word, unit: 'taskflows-web.service', invocationId, bootId: thisBoot, manager: `${more.bootId ?? thisBoot}/1`, job: null, result: null,
    exitCode: null, exitSignal: null, cpuSeconds: null, memoryPeakBytes: null, ...more,
  }
}
const reader = (open: readonly ServiceRun[] = [], { manager = `${thisBoot}/1`, isWhole = true } = {}) => createJournalRuns({ host: 'db1', scope: 'user', open, manager, isWhole })
/** `a failed exit-code 3`: what was told of each run, in order. */
const wordsOf = (runs: readonly ServiceRun[]) => runs.map(({ invocationId, state, result, exitCode, exitSignal }) => [invocationId, state, result, exitSignal ?? exitCode].filter((word) => word !== null).join(' '))
const told = (messages: readonly ManagerMessage[], isRunning: ((run: ServiceRun) => boolean) | undefined): string[] => {
  const runs = reader()
  return wordsOf([...messages.flatMap((message) => runs.take(message)), ...runs.settle({ bootId: thisBoot, now: clock, isRunning })])
}

const exit = (id: string, exitCode: number) => said(`exited ${id}`, { exitCode })
const failed = (id: string, result = 'exit-code') => said(`failed ${id}`, { result })

test.for<[string, () => ManagerMessage[], string[]]>([
  ['a failure', () => [said('starting a'), said('started a'), exit('a', 3), failed('a')], ['a failed exit-code 3']],
  ['a failure before it was up', () => [said('starting a'), exit('a', 3), failed('a')], ['a failed exit-code 3']],
  ['a kill', () => [said('started a'), said('exited a', { exitSignal: 'SIGKILL' }), failed('a', 'signal')], ['a failed signal SIGKILL']],
  ['a time-out', () => [said('started a'), failed('a', 'timeout')], ['a timed_out timeout']],
  ['a run of type oneshot', () => [said('starting a'), said('finished a')], ['a succeeded success 0']],
  ['an end that the manager of the machine tells of', () => [said('starting a'), said('started a'), said('succeeded a')], ['a succeeded success 0']],
  ['a stop', () => [said('started a'), said('stopping a'), said('stopped a', { job: 'stop' })], ['a cancelled success']],
  ['a stop of which only the end is told', () => [said('started a'), said('stopped a', { job: 'stop' })], ['a cancelled success']],
  ['a program that ends badly when it is stopped', () => [said('started a'), said('stopping a'), exit('a', 143), failed('a')], ['a cancelled exit-code 143']],
  ['a restart by command', () => [said('started a'), said('stopping a'), said('stopped a', { job: 'restart' }), said('started b'), failed('b')], ['a cancelled success', 'b failed exit-code']],
  ['a restart after a failure', () => [said('started a'), exit('a', 1), failed('a'), said('restarting a'), said('stopped a', { job: 'restart' }), said('started b'), exit('b', 1), failed('b')], ['a failed exit-code 1', 'b failed exit-code 1']],
  ['a restart after a good end', () => [said('started a'), said('restarting a'), said('stopped a', { job: 'restart' }), said('started b'), failed('b')], ['a succeeded success 0', 'b failed exit-code']],
  ['giving up', () => [said('started a'), exit('a', 1), failed('a'), failed('a', 'start-limit-hit')], ['a failed exit-code 1']],
  ['silence until the next run', () => [said('starting a'), said('started a'), said('starting b'), said('started b'), failed('b')], ['a succeeded success 0', 'b failed exit-code']],
  ['silence to the end', () => [said('starting a'), said('started a')], ['a succeeded success 0']],
  ['what was used, behind the end', () => [said('started a'), failed('a'), said('measured a', { cpuSeconds: 2 })], ['a failed exit-code', 'a failed exit-code']],
  ['the failure of a run whose start is not in the journal any more', () => [failed('a')], ['a failed exit-code']],
  ['the stop of a run that was taken for over before journald had it', () => [said('stopping a'), said('stopped a', { job: 'stop' })], ['a cancelled success']],
  ['units of others, and timers', () => [said('started a', { unit: 'ssh.service' }), said('started b', { unit: 'taskflows-web.timer' }), said('started c', { unit: 'stop-taskflows-web.service' })], []],
])('%s', ([, messages, runs]) => {
  expect(told(messages(), () => false)).toEqual(runs)
})

test('a run has the time of its start, and of its process when that ended before systemd had its say', () => {
  const runs = reader()
  const [start, end, failure] = [said('starting a'), exit('a', 3), failed('a')]
  expect([start, end, failure].flatMap((message) => runs.take(message))).toEqual([serviceRun({
    host: 'db1', invocationId: 'a', bootId: thisBoot, state: 'failed', startedAt: start.at, endedAt: end.at, result: 'exit-code', exitCode: 3, reason: 'exit code 3',
  })])
})

test('a run that goes on goes on', () => {
  expect(told([said('started a')], () => true)).toEqual(['a running'])
  expect(told([said('started a')], undefined)).toEqual(['a running'])
})

test('of silence nobody knows when it was over', () => {
  const runs = reader()
  runs.take(said('started a'))
  expect(runs.settle({ bootId: thisBoot, now: clock, isRunning: () => false })).toMatchObject([{ state: 'succeeded', endedAt: null }])
})

test('a clock that was set back while it ran does not make a run end before it began', () => {
  const runs = reader()
  runs.take(said('started a', { at: 90_000_000 }))
  expect(runs.take(failed('a'))).toMatchObject([{ startedAt: 90_000_000, endedAt: 90_000_000 }])
})

const earlier = serviceRun({ invocationId: 'a', bootId: thisBoot })

test('a run that was told of before ends with what the journal says of it', () => {
  const runs = reader([earlier])
  expect(wordsOf([...runs.take(exit('a', 3)), ...runs.take(failed('a'))])).toEqual(['a failed exit-code 3'])
  expect(runs.open()).toEqual([])
})

test.for<[string, ServiceRun, Parameters<typeof reader>[1], ManagerMessage[], string]>([
  ['with the machine', { ...earlier, bootId: lastBoot }, {}, [], 'the machine went down while it ran'],
  ['with the machine, and began anew after it', { ...earlier, bootId: lastBoot }, { manager: `${lastBoot}/1` }, [said('started b')], 'the machine went down while it ran'],
  ['with its manager', earlier, {}, [said('manager_started', { manager: `${thisBoot}/2` })], 'its systemd went away while it ran'],
  ['with its manager, and began anew under the next', earlier, {}, [said('started b', { manager: `${thisBoot}/2` })], 'its systemd went away while it ran'],
  ['when the journal was cut', earlier, { isWhole: false }, [], 'it ended while nobody looked, and the journal does not go back so far'],
])('a run is lost %s', ([, run, how, messages, reason]) => {
  const runs = reader([run], how)
  const all = [...messages.flatMap((message) => runs.take(message)), ...runs.settle({ bootId: thisBoot, now: clock, isRunning: ({ invocationId }) => invocationId === 'b' })]
  expect(all.find(({ invocationId }) => invocationId === 'a')).toEqual({ ...run, state: 'lost', reason })
})

test('a run whose start is read after it was told of belongs to the manager that wrote it', () => {
  const runs = reader([earlier], { isWhole: false })
  const after = { manager: `${thisBoot}/2` }
  expect(wordsOf([said('starting a', after), said('manager_started', after)].flatMap((message) => runs.take(message)))).toEqual([])
  expect(wordsOf(runs.settle({ bootId: thisBoot, now: clock, isRunning: () => false }))).toEqual(['a succeeded success 0'])
})

test('runs of which the journal says nothing are lost with the machine, or when their manager has not had them for a while', () => {
  const [old, gone, young, going] = [serviceRun({ bootId: lastBoot }), serviceRun({ bootId: thisBoot }), serviceRun({ bootId: thisBoot, startedAt: 95_000 }), serviceRun({ bootId: thisBoot })]
  const present = { bootId: thisBoot, now: 100_000, isRunning: (run: ServiceRun) => run === going }
  expect(settleUnwritten([old, gone, young, going], present).map(({ invocationId, state }) => [invocationId, state])).toEqual([[old.invocationId, 'lost'], [gone.invocationId, 'lost']])
  expect(settleUnwritten([gone], { ...present, isRunning: undefined })).toEqual([])
})
