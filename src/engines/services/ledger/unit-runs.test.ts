import { expect, test } from 'vitest'
import type { UnitDetails } from '../service-manager.ts'
import { type SeenRun, type Sight, seeRun } from './unit-runs.ts'

const place = { host: 'db1', scope: 'user', bootId: 'b'.repeat(32) } as const
const unit: UnitDetails = {
  unit: 'taskflows-web.service', description: '', loadState: 'loaded', activeState: 'inactive', subState: 'dead', unitFileState: '', result: 'success', mainPid: null,
  exitCode: null, exitSignal: null, restarts: 0, statusText: null, invocationId: null, startedAt: null, endedAt: null, activeSince: null, nextElapseAt: null, lastTriggerAt: null,
  memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null, tasks: null, conditionsMet: null, needsReload: false, dropIns: [],
}
type Look = Partial<UnitDetails>
const begun = { invocationId: 'a', startedAt: 1_000 }
/** As systemd tells them: with the process, and before the state has changed; then on its way up; then up. */
const forked: Look = { ...begun, mainPid: 7 }
const starting: Look = { ...forked, activeState: 'activating', subState: 'start' }
const running: Look = { ...forked, activeState: 'active', subState: 'running' }
const exited = { ...begun, mainPid: null, endedAt: 3_000 }
const dead: Look = { ...exited, exitCode: 0 }
const failed: Look = { ...exited, activeState: 'failed', subState: 'failed', result: 'exit-code', exitCode: 3 }
const stopping: Look = { ...running, activeState: 'deactivating', subState: 'stop-sigterm' }

const see = (looks: readonly Look[], { by, now }: Sight = { by: 'signal', now: 9_000 }) => looks.reduce<SeenRun | undefined>((before, look) => seeRun(place, before, { ...unit, ...look }, { by, now }), undefined)
const words = (seen: SeenRun | undefined) => (seen === undefined ? 'nothing' : [seen.run.invocationId, seen.run.state, seen.run.result, seen.run.exitSignal ?? seen.run.exitCode].filter((word) => word !== null).join(' '))

test('runs in units of their own are runs of their service, and those that make up for a time say which', () => {
  const runOf = (name: string) => seeRun(place, undefined, { ...unit, ...running, unit: name }, { by: 'signal', now: 9_000 })?.run
  expect(runOf('run-taskflows-web@c0ffee.service')).toMatchObject({ service: 'web', slot: null, state: 'running' })
  expect(runOf('slot-taskflows-web@2026-11-21T03:00:00Z.service')).toMatchObject({ service: 'web', slot: Date.UTC(2026, 10, 21, 3) })
  expect([runOf('start-taskflows-web.service'), runOf('taskflows-web.timer')]).toEqual([undefined, undefined])
})

test.for<[string, Look[], string]>([
  ['a start', [forked, starting], 'a running'],
  ['a run', [forked, starting, running, dead], 'a succeeded success 0'],
  ['a run that was too short to be up', [forked, starting, dead], 'a succeeded success 0'],
  ['a failure', [forked, starting, failed], 'a failed exit-code 3'],
  ['a failure before a restart', [running, { ...failed, activeState: 'activating', subState: 'auto-restart' }], 'a failed exit-code 3'],
  ['a stop', [running, stopping, { ...exited, exitSignal: 'SIGTERM' }], 'a cancelled success SIGTERM'],
  ['a stop that took too long', [running, stopping, { ...failed, result: 'timeout', exitCode: null, exitSignal: 'SIGKILL' }], 'a cancelled timeout SIGKILL'],
  ['what is left behind an end is stopped', [running, { ...stopping, mainPid: null, endedAt: 3_000, exitCode: 0 }, dead], 'a succeeded success 0'],
  ['a run that took longer than it may', [running, { ...stopping, result: 'timeout' }, { ...failed, result: 'timeout', exitCode: null, exitSignal: 'SIGTERM' }], 'a timed_out timeout SIGTERM'],
  ['a unit that stays up without processes', [running, { ...exited, activeState: 'active', subState: 'exited', exitCode: 0 }], 'a succeeded success 0'],
  ['a condition command that says no', [{ invocationId: 'a', activeState: 'activating', subState: 'condition' }, { invocationId: 'a', result: 'exec-condition' }], 'a skipped exec-condition'],
  ['an end is not taken back', [running, dead, running], 'a succeeded success 0'],
  ['a start with what the unit remembers of the run before', [failed, { ...failed, invocationId: 'b', activeState: 'inactive', subState: 'dead', result: 'success' }], 'a failed exit-code 3'],
  ['a program before the main one fails, and the unit remembers the run before', [running, dead, { ...dead, invocationId: 'b', activeState: 'activating', subState: 'start-pre' }, { ...dead, invocationId: 'b', activeState: 'failed', subState: 'failed', result: 'exit-code' }], 'b failed exit-code'],
  ['an answer of which the second half is of the next run', [running, { ...forked, activeState: 'failed', subState: 'failed' }], 'a running'],
  ['a unit that was forgotten', [running, { loadState: 'not-found' }], 'a running'],
  ['a timer', [{ ...running, unit: 'taskflows-web.timer' }], 'nothing'],
])('%s', ([, looks, run]) => {
  expect(words(see(looks))).toBe(run)
})

test('an answer tells of a run that was over before', () => {
  expect(see([dead], { by: 'answer', now: 9_000 })?.run).toMatchObject({ invocationId: 'a', state: 'succeeded', startedAt: 1_000, endedAt: 3_000, bootId: place.bootId })
})

test('what it used counts when it is over, and only if it was this run', () => {
  expect(see([{ ...running, cpuSeconds: 5 }])?.run.cpuSeconds).toBeNull()
  expect(see([running, dead, { ...dead, cpuSeconds: 6, memoryPeakBytes: 7 }])?.run).toMatchObject({ cpuSeconds: 6, memoryPeakBytes: 7 })
  expect(see([running, dead, { ...dead, startedAt: 4_000, cpuSeconds: 1 }])?.run.cpuSeconds).toBeNull()
})

test('a clock that was set back does not make a run end before it began', () => {
  expect(see([running, { ...dead, endedAt: 500 }])?.run).toMatchObject({ startedAt: 1_000, endedAt: 1_000 })
})

test('what is no news is the same object', () => {
  const seen = see([running])
  expect(seeRun(place, seen, { ...unit, ...running, memoryBytes: 9 }, { by: 'answer', now: 10_000 })).toBe(seen)
})
