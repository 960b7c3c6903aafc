import { describe, expect, test } from 'vitest'
import { activeRuns } from './active-runs.ts'
import { matching, refuseNothing, servicesIn } from './match-services.ts'
import type { InstalledUnit, UnitDetails, UnitRole, UnitState } from '../service-manager.ts'
import { statusOf, viewOf } from './views.ts'

const nowMs = Date.parse('2030-01-07T12:00:00Z')
const file = (unit: string, service: string, role: UnitRole, text = ''): InstalledUnit => ({ unit, service, role, text, path: `/units/${unit}`, dropIns: [], enabled: role === 'timer' })
const state = (unit: string, activeState: string, subState = '', loadState = 'loaded'): UnitState => ({ unit, activeState, subState, loadState, description: '' })
const states = (...list: UnitState[]) => new Map(list.map((one) => [one.unit, one]))
const seen = { states: states(), details: new Map<string, UnitDetails>(), runs: [], drift: [], nowMs }

const nightly = [file('taskflows-nightly.service', 'nightly', 'service', '[Unit]\nDescription=100%% done\n'), file('taskflows-nightly.timer', 'nightly', 'timer', '[Timer]\nOnCalendar=*-*-* 03:00:00 UTC\nOnBootSec=1s\nOnUnitInactiveSec=300s\nAccuracySec=100us\n')]
const worker = [file('taskflows-worker@.service', 'worker@', 'service')]
const services = servicesIn([...worker, ...nightly, file('taskflows-web.service', 'web', 'service')], 'user', () => ['1', '2'])

describe('status', () => {
  test.each([
    ['running', state('', 'active', 'running'), undefined],
    ['active', state('', 'active', 'exited'), undefined],
    ['running', state('', 'reloading', 'reload'), undefined],
    ['starting', state('', 'activating', 'start'), undefined],
    ['restarting', state('', 'activating', 'auto-restart'), undefined],
    ['stopping', state('', 'deactivating', 'stop-sigterm'), undefined],
    ['failed', state('', 'failed', 'failed'), state('', 'active', 'waiting')],
    ['waiting', state('', 'inactive', 'dead'), state('', 'active', 'waiting')],
    ['waiting', undefined, state('', 'active', 'waiting')],
    ['inactive', undefined, undefined],
    ['inactive', state('', 'inactive', 'dead'), state('', 'inactive', 'dead')],
    ['not_loaded', state('', 'inactive', 'dead', 'not-found'), undefined],
    ['not_loaded', state('', 'inactive', 'dead', 'bad-setting'), state('', 'active', 'waiting')],
  ] as const)('%s', (word, service, timer) => expect(statusOf(service, timer)).toBe(word))
})

describe('a view', () => {
  test('reads description and schedules from the disk, and computes the next run of a running timer', () => {
    const one = services.find(({ name }) => name === 'nightly')!
    expect(viewOf(one, seen)).toMatchObject({ description: '100% done', schedules: ['*-*-* 03:00:00 UTC', '5 min after each end, from boot'], timers: ['taskflows-nightly.timer'], timerEnabled: true, serviceEnabled: false, nextStartAt: null })
    expect(viewOf(one, { ...seen, states: states(state('taskflows-nightly.timer', 'active', 'waiting')) })).toMatchObject({ status: 'waiting', nextStartAt: Date.parse('2030-01-08T03:00:00Z') })
  })

  test('has the next start of a period from whoever knows it', () => {
    const one = services.find(({ name }) => name === 'nightly')!
    const running = { ...seen, states: states(state('taskflows-nightly.timer', 'active', 'waiting')) }
    expect(viewOf(one, { ...running, elapses: new Map([['taskflows-nightly.timer', 77]]) }).nextStartAt).toBe(77)
    expect(viewOf(one, { ...running, elapses: new Map([['taskflows-nightly.timer', null]]) }).nextStartAt).toBe(Date.parse('2030-01-08T03:00:00Z'))
    expect(viewOf(one, { ...seen, elapses: new Map([['taskflows-nightly.timer', 77]]) }).nextStartAt).toBeNull()
  })

  test('of an instance is about the unit of that instance', () => {
    const one = services.find(({ name }) => name === 'worker@2')!
    expect(viewOf(one, { ...seen, states: states(state('taskflows-worker@2.service', 'active', 'running')) })).toMatchObject({ name: 'worker@2', unit: 'taskflows-worker@2.service', status: 'running', timerEnabled: null })
  })

  test('is of all runs that go on: its state that of one of them, its memory that of all', () => {
    const name = (id: string) => `run-taskflows-nightly@${id}.service`
    const started = (unit: string, startedAt: number) => ({ ...state(unit, 'active', 'running'), startedAt, activeSince: startedAt, mainPid: 7, memoryBytes: 100 }) as UnitDetails
    const details = new Map([started(name('a'), 1_000), started(name('b'), 2_000)].map((each) => [each.unit, each]))
    const known = new Map<string, UnitState>([...details, [name('c'), state(name('c'), 'failed', 'failed')], ['taskflows-nightly.timer', state('taskflows-nightly.timer', 'active', 'waiting')]])
    const one = services.find(({ name }) => name === 'nightly')!
    const runs = activeRuns(known.values()).get('nightly')!
    expect(viewOf(one, { ...seen, states: known, details, runs })).toMatchObject({ status: 'running', activeState: 'active', activeRuns: 2, lastStartAt: 2_000, activeSince: 1_000, mainPid: null, memoryBytes: 200 })
    expect(viewOf(one, { ...seen, states: known, details, runs: runs.slice(0, 1) })).toMatchObject({ activeRuns: 1, mainPid: 7 })
    const masked = new Map([...known, ['taskflows-nightly.service', state('taskflows-nightly.service', 'inactive', 'dead', 'masked')]])
    expect(viewOf(one, { ...seen, states: masked, runs })).toMatchObject({ status: 'not_loaded', activeRuns: 2 })
  })

  test('of two thousand services takes no time to speak of', () => {
    const many = servicesIn(Array.from({ length: 2000 }, (_, n) => nightly.map((unit) => ({ ...unit, unit: unit.unit.replace('nightly', `s${n}`), service: `s${n}` }))).flat(), 'user', () => [])
    const known = states(...many.flatMap(({ units }) => [...units.values()].map((unit) => state(unit, 'active', 'waiting'))))
    const before = performance.now()
    expect(many.map((one) => viewOf(one, { ...seen, states: known }))).toHaveLength(2000)
    // A slow machine at work; alone it takes a tenth.
    expect(performance.now() - before).toBeLessThan(1000)
  })
})

describe('a name or a pattern means', () => {
  const names = (match?: string) => matching(services, match).map(({ name }) => name)
  test.each([
    ['web', ['web']], ['w*', ['web', 'worker@1', 'worker@2']], ['*', ['nightly', 'web', 'worker@1', 'worker@2']], ['worker@', ['worker@1', 'worker@2']], ['worker@2', ['worker@2']],
    ['worker@9', ['worker@9']], ['worker@9*', []], ['taskflows-web', ['web']], ['taskflows-nightly.timer', ['nightly']], ['we', []], ['', []],
  ])('%s', (match, expected) => expect(names(match)).toEqual(expected))

  test('nothing, and then the nearest name is told', () => {
    expect(() => refuseNothing([], services, 'nighty', undefined)).toThrow(expect.objectContaining({ code: 'service.not_found', message: 'There is no service nighty on this host', hint: 'Did you mean nightly?' }))
    expect(() => refuseNothing([], services, 'x*', 'user')).toThrow(expect.objectContaining({ message: 'No service in the user scope has a name like x*', hint: 'tf list' }))
  })
})
