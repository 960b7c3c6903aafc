import { expect, test } from 'vitest'
import type { BusSignal } from './bus-connection.ts'
import { createGlimpses } from './glimpses.ts'
import { unitPath } from './unit-details.ts'

const manager = 'org.freedesktop.systemd1.Manager'
const said = (member: string, ...body: unknown[]): BusSignal => ({ path: '/org/freedesktop/systemd1', interface: manager, member, body })
const half = (kind: 'Service' | 'Unit', properties: object, unit = 'taskflows-web.service'): BusSignal =>
  ({ path: unitPath(unit), interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', body: [`org.freedesktop.systemd1.${kind}`, properties, []] })
const invocation = Buffer.alloc(16, 1)
const change = (service: object, unit: object, name?: string) => [half('Service', service, name), half('Unit', { InvocationID: invocation, ...unit }, name)]
const running = change({ MainPID: 7, Result: 'success' }, { ActiveState: 'active', SubState: 'running' })
const dead = change({ MainPID: 0, Result: 'success', ExecMainCode: 1, ExecMainStatus: 0, ExecMainExitTimestamp: 5_000_000 }, { ActiveState: 'inactive', SubState: 'dead' })

const seen = (signals: readonly (BusSignal | undefined)[]) => {
  const glimpses = createGlimpses()
  for (const signal of signals) if (signal !== undefined) glimpses.heard(signal)
  return glimpses.take().map(({ unit, invocationId, activeState, mainPid, endedAt }) => [unit, invocationId?.slice(0, 2), activeState, mainPid, endedAt])
}
const web = 'taskflows-web.service'

test('both halves of a change are one picture, and each is kept, however fast they come', () => {
  expect(seen([...running, ...dead])).toEqual([[web, '01', 'active', 7, null], [web, '01', 'inactive', null, 5_000]])
})

test('a change of something else is no other picture', () => {
  expect(seen([...running, ...running])).toHaveLength(1)
})

test('a unit that was forgotten and began anew is seen anew', () => {
  expect(seen([...dead, said('UnitRemoved', web, unitPath(web)), ...dead])).toHaveLength(2)
})

test('what a reload says is not what happened', () => {
  expect(seen([said('Reloading', true), ...dead, said('Reloading', false), ...running])).toEqual([[web, '01', 'active', 7, null]])
})

test('runs side by side are seen each by itself', () => {
  const name = (id: string) => `run-taskflows-web@${id}.service`
  const states = [['a', 'active'], ['b', 'active'], ['a', 'failed']] as const
  expect(seen(states.flatMap(([id, ActiveState]) => change({ MainPID: 0 }, { ActiveState }, name(id)))).map(([unit, , state]) => [unit, state])).toEqual(states.map(([id, state]) => [name(id), state]))
})

test('timers, other units and halves alone say nothing', () => {
  expect(seen([...change({}, {}, 'taskflows-web.timer'), ...change({}, {}, 'ssh.service'), ...change({}, {}, 'stop-taskflows-web.service'), running[1]!, running[0]!])).toEqual([])
})

test('what was taken is not there again', () => {
  const glimpses = createGlimpses()
  for (const signal of running) glimpses.heard(signal)
  expect([glimpses.take().length, glimpses.take().length]).toEqual([1, 0])
})
