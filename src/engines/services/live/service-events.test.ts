import { expect, test } from 'vitest'
import { eventsBetween } from './service-events.ts'
import type { UnitDetails } from '../service-manager.ts'

const unknown: UnitDetails = {
  unit: 'taskflows-web.service', description: '', loadState: 'loaded', activeState: 'inactive', subState: 'dead', unitFileState: 'disabled', result: 'success',
  mainPid: null, exitCode: null, exitSignal: null, restarts: 0, statusText: null, invocationId: null, startedAt: null, endedAt: null, activeSince: null,
  nextElapseAt: null, lastTriggerAt: null, memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null, tasks: null, conditionsMet: null, needsReload: false, dropIns: [],
}
const details = (over: Partial<UnitDetails>): UnitDetails => ({ ...unknown, ...over })
const running = (invocationId: string, restarts = 0) => details({ activeState: 'active', subState: 'running', invocationId, restarts })
const dead = (invocationId: string, restarts = 0) => details({ invocationId, restarts })
const failed = (invocationId: string, over: Partial<UnitDetails> = {}) => details({ activeState: 'failed', subState: 'failed', invocationId, result: 'exit-code', exitCode: 3, ...over })
const waiting = (invocationId: string, over: Partial<UnitDetails> = {}) => details({ activeState: 'activating', subState: 'auto-restart', invocationId, result: 'signal', exitSignal: 'KILL', ...over })

/** `failed a exit-code`, one per fact. */
const told = (before: UnitDetails | undefined, after: UnitDetails): string[] =>
  eventsBetween('user', before, after).map(({ type, invocationId, reason, end }) => [type.replace('service.', ''), invocationId, reason ?? end?.result].filter((word) => word !== null && word !== undefined).join(' '))

test.for<[string, UnitDetails | undefined, UnitDetails, string[]]>([
  ['a start', dead('a'), running('b'), ['started b']],
  ['the first start', unknown, running('a'), ['started a']],
  ['a start of what was not known before', undefined, running('a'), ['started a']],
  ['a stop', running('a'), dead('a'), ['stopped a success']],
  ['a stop that takes long', running('a'), details({ activeState: 'deactivating', subState: 'stop-sigterm', invocationId: 'a' }), []],
  ['its end', details({ activeState: 'deactivating', subState: 'stop-sigterm', invocationId: 'a' }), dead('a'), ['stopped a success']],
  ['a stop after which systemd forgets the unit', running('a'), unknown, ['stopped a']],
  ['a failure', running('a'), failed('a'), ['failed a exit-code']],
  ['a run too short to be seen', dead('a'), dead('b'), ['started b', 'stopped b success']],
  ['a failure too short to be seen', dead('a'), failed('b'), ['started b', 'failed b exit-code']],
  ['a crash before a restart', running('a'), waiting('a'), ['crashed a signal']],
  ['an end before a restart', running('a'), waiting('a', { result: 'success', exitSignal: null }), ['stopped a success']],
  ['the restart after a crash', waiting('a'), running('b', 1), ['restarted b failed']],
  ['the restart after a crash that was counted already', waiting('a', { restarts: 1 }), running('b', 1), ['restarted b failed']],
  ['a start by command before the restart', waiting('a', { restarts: 1 }), running('b', 0), ['started b']],
  ['the restart after a hang', waiting('a', { result: 'watchdog' }), running('b', 1), ['restarted b watchdog']],
  ['the restart after an end', waiting('a', { result: 'success' }), running('b', 1), ['restarted b exited']],
  ['a restart that crashes at once', waiting('a', { restarts: 1 }), waiting('b', { restarts: 2 }), ['restarted b failed', 'crashed b signal']],
  ['giving up', waiting('a'), failed('a', { result: 'start-limit-hit' }), ['failed a start-limit-hit']],
  ['a crash and its restart at once', running('a'), running('b', 1), ['restarted b failed']],
  ['a restart by command', running('a', 2), running('b', 0), ['restarted b manual']],
  ['a start after a failure', failed('a'), running('b'), ['started b']],
  ['a failure that is forgotten', failed('a'), dead('a'), []],
  ['a failure of which systemd forgets the unit', failed('a'), unknown, []],
  ['nothing', running('a'), details({ ...running('a'), memoryBytes: 7 }), []],
  ['nothing, of what never ran', unknown, unknown, []],
])('%s', ([, before, after, facts]) => {
  expect(told(before, after)).toEqual(facts)
})

test('a fact says from which state to which, and how the run ended', () => {
  expect(eventsBetween('system', running('a', 1), failed('a', { restarts: 1 }))).toEqual([{
    type: 'service.failed', service: 'web', scope: 'system', unit: 'taskflows-web.service', invocationId: 'a', from: 'running', to: 'failed', restarts: 1,
    end: { result: 'exit-code', exitCode: 3, exitSignal: null },
  }])
})

test('timers, and what starts and stops by schedule, are no services', () => {
  const of = (unit: string) => eventsBetween('user', undefined, { ...running('a'), unit }).map(({ service }) => service)
  expect(['taskflows-web.timer', 'start-taskflows-web.service', 'other.service', 'taskflows-worker@1.service', 'run-taskflows-web@a.service'].flatMap(of)).toEqual(['worker@1', 'web'])
  expect(eventsBetween('user', undefined, details({ unit: 'stop-taskflows-web.service', invocationId: 'a' }))).toEqual([])
})
