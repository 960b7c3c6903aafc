import { describe, expect, test } from 'vitest'
import type { ServiceRun } from '../../../kernel/service-runs.ts'
import { serviceRun } from '../../../testing/service-run.ts'
import { type ManagerMessage, type ManagerWord, createJournalRuns, settleUnwritten } from './journal-runs.ts'

const [thisBoot, lastBoot] = ['b'.repeat(32), 'a'.repeat(32)]
let clock = 0
/** What one manager writes, a second after the last: `starting a`. */
const said = (line: string, more: Partial<ManagerMessage> = {}): ManagerMessage => {
  const [word, invocationId = null] = line.split(' ') as [ManagerWord, string?]
  return {
    at: (clock += 1_000), word, unit: 'taskflows-web.service', invocationId, bootId: thisBoot, manager: `${more.bootId ?? thisBoot}/1`, job: null, result: null, reason: null,
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
  ['a condition that is a command', () => [said('starting a'), said('skipped a', { result: 'exec-condition' })], ['a skipped exec-condition']],
  ['a start that a condition forbade, while one that ended is silent', () => [said('started a'), said('forbidden'), said('started b'), failed('b')], ['skipped', 'a succeeded success 0', 'b failed exit-code']],
  ['silence until the next run', () => [said('starting a'), said('started a'), said('starting b'), said('started b'), failed('b')], ['a succeeded success 0', 'b failed exit-code']],
  ['silence to the end', () => [said('starting a'), said('started a')], ['a succeeded success 0']],
  ['what was used, behind the end', () => [said('started a'), failed('a'), said('measured a', { cpuSeconds: 2 })], ['a failed exit-code', 'a failed exit-code']],
  ['the most memory of a run, by its unit, before its end', () => [said('started a'), said('peaked a', { memoryPeakBytes: 5, manager: 'other' }), failed('a')], ['a failed exit-code']],
  ['and behind it', () => [said('started a'), failed('a'), said('peaked a', { memoryPeakBytes: 5, manager: 'other' })], ['a failed exit-code', 'a failed exit-code']],
  ['the most memory of nobody knows what', () => [said('peaked z', { memoryPeakBytes: 5 })], []],
  ['the failure of a run whose start is not in the journal any more', () => [failed('a')], ['a failed exit-code']],
  ['the stop of a run that was taken for over before journald had it', () => [said('stopping a'), said('stopped a', { job: 'stop' })], ['a cancelled success']],
  ['units of others, and timers', () => [said('started a', { unit: 'ssh.service' }), said('started b', { unit: 'taskflows-web.timer' }), said('started c', { unit: 'stop-taskflows-web.service' })], []],
])('%s', ([, messages, runs]) => {
  expect(told(messages(), () => false)).toEqual(runs)
})

test('the most memory of a run is kept, whatever systemd measures besides', () => {
  const runs = reader()
  for (const message of [said('started a'), said('peaked a', { memoryPeakBytes: 5, manager: 'of no manager' })]) expect(runs.take(message)).toEqual([])
  expect(runs.manager).not.toBe('of no manager')
  expect(runs.take(failed('a'))).toMatchObject([{ memoryPeakBytes: 5 }])
  expect(runs.take(said('measured a', { cpuSeconds: 2 }))).toMatchObject([{ cpuSeconds: 2, memoryPeakBytes: 5 }])
})

test('a run has the time of its start, and of its process when that ended before systemd had its say', () => {
  const runs = reader()
  const [start, end, failure] = [said('starting a'), exit('a', 3), failed('a')]
  expect([start, end, failure].flatMap((message) => runs.take(message))).toEqual([serviceRun({
    host: 'db1', invocationId: 'a', bootId: thisBoot, state: 'failed', startedAt: start.at, endedAt: end.at, result: 'exit-code', exitCode: 3, reason: 'exit code 3',
  })])
})

test('a start that was forbidden is there with its moment and its condition, each once', () => {
  const messages = [1.017, 2.003].map((at) => said('forbidden', { at, reason: 'not met: ConditionCPUs=>=8' }))
  expect(messages.flatMap((message) => reader().take(message))).toEqual([1, 2].map((startedAt) => serviceRun({
    host: 'db1', invocationId: null, bootId: thisBoot, state: 'skipped', startedAt, reason: 'not met: ConditionCPUs=>=8',
  })))
})

describe('runs side by side', () => {
  const of = (id: string) => ({ unit: `run-taskflows-web@${id.repeat(32)}.service` })
  const began = ['a', 'b', 'c'].map((id) => said(`starting ${id}`, of(id)))

  test('end each by itself, and with the service that nobody started', () => {
    const end = [said('exited b', { ...of('b'), exitCode: 3 }), said('failed b', { ...of('b'), result: 'exit-code' }), said('measured b', { ...of('b'), cpuSeconds: 2 }), said('starting d'), said('failed d', { result: 'exit-code' })]
    const runs = reader()
    expect(wordsOf([...began, ...end].flatMap((message) => runs.take(message)))).toEqual(['b failed exit-code 3', 'b failed exit-code 3', 'd failed exit-code'])
    expect(runs.open().map(({ invocationId, service }) => `${invocationId} ${service}`)).toEqual(['a web', 'c web'])
    expect(wordsOf(runs.settle({ bootId: thisBoot, now: clock, isRunning: ({ invocationId }) => invocationId === 'c' }))).toEqual(['a succeeded success 0', 'c running'])
  })

  test('are known to the next reading by their units: a start of the service itself ends none of them', () => {
    const first = reader()
    for (const message of began) first.take(message)
    const next = createJournalRuns({ host: 'db1', scope: 'user', open: first.open(), manager: first.manager, isWhole: true, units: first.units() })
    expect(wordsOf([said('starting d'), said('failed d', { result: 'exit-code' }), said('failed c', { ...of('c'), result: 'timeout' })].flatMap((message) => next.take(message)))).toEqual(['d failed exit-code', 'c timed_out timeout'])
    expect(next.open().map(({ invocationId }) => invocationId)).toEqual(['a', 'b'])
  })

  test('that signals told of, and of which nobody knows the unit, get it with their beginning', () => {
    const runs = reader(['a', 'b'].map((invocationId) => serviceRun({ invocationId, bootId: thisBoot })))
    expect(wordsOf([...began.slice(0, 2), said('starting d'), said('failed a', { ...of('a'), result: 'exit-code' })].flatMap((message) => runs.take(message)))).toEqual(['a failed exit-code'])
    expect(runs.units()).toEqual({ b: of('b').unit })
  })

  test('that make up for a time have it', () => {
    const runs = reader()
    const unit = 'slot-taskflows-web@2026-11-21T03:00:00Z.service'
    expect([said('starting a', { unit }), said('failed a', { unit, result: 'exit-code' })].flatMap((message) => runs.take(message))).toMatchObject([{ service: 'web', slot: Date.UTC(2026, 10, 21, 3), state: 'failed' }])
  })
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

test('a run that is silent when its manager has stopped all others had ended well', () => {
  const runs = reader()
  const messages = [said('started a'), said('all_stopped', { unit: 'shutdown.target' }), said('manager_started', { unit: '', manager: `${thisBoot}/2` })]
  expect(wordsOf(messages.flatMap((message) => runs.take(message)))).toEqual(['a succeeded success 0'])
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
