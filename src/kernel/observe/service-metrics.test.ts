import { expect, test } from 'vitest'
import { renderFamilies } from './metrics-text.ts'
import { type MeasuredService, createServiceMetrics } from './service-metrics.ts'

const service = (name: string, activeState: string, over: Partial<MeasuredService> = {}): MeasuredService =>
  ({ name, activeState, subState: activeState === 'active' ? 'running' : 'dead', activeSince: activeState === 'active' ? 1_000 : null, ...over })
const linesOf = (services: readonly MeasuredService[], metrics = createServiceMetrics()) => renderFamilies(metrics.families(services, 61_000)).split('\n').filter((line) => !line.startsWith('#') && line !== '')

test('a service is in one state, and up since it became active', () => {
  expect(linesOf([service('web', 'active')])).toEqual([
    'taskflows_service_state{service_name="web",state="failed"} 0',
    'taskflows_service_state{service_name="web",state="inactive"} 0',
    'taskflows_service_state{service_name="web",state="active"} 1',
    'taskflows_service_restarts_total{service_name="web",reason="failed"} 0',
    'taskflows_service_restarts_total{service_name="web",reason="manual"} 0',
    'taskflows_service_uptime_seconds{service_name="web"} 60',
  ])
})

test.for([
  ['failed', 'failed', 'failed'], ['inactive', 'dead', 'inactive'], ['activating', 'start', 'active'], ['activating', 'auto-restart', 'inactive'],
  ['reloading', 'reload', 'active'], ['deactivating', 'stop-sigterm', 'inactive'],
])('%s (%s) counts as %s', ([activeState, subState, state]) => {
  expect(linesOf([service('web', activeState!, { subState: subState! })])).toContain(`taskflows_service_state{service_name="web",state="${state}"} 1`)
})

test('restarts are counted by their reason while there is such a service', () => {
  const metrics = createServiceMetrics()
  for (const reason of ['failed', 'failed', 'watchdog']) metrics.restarted('web', reason)
  expect(linesOf([service('web', 'active')], metrics)).toEqual(expect.arrayContaining([
    'taskflows_service_restarts_total{service_name="web",reason="failed"} 2', 'taskflows_service_restarts_total{service_name="web",reason="watchdog"} 1',
  ]))
  linesOf([], metrics)
  expect(linesOf([service('web', 'active')], metrics)).toContain('taskflows_service_restarts_total{service_name="web",reason="failed"} 0')
})

test('of two services of one name the worse is shown', () => {
  for (const both of [['active', 'failed'], ['failed', 'active']]) {
    const lines = linesOf(both.map((state) => service('web', state)))
    expect(lines).toContain('taskflows_service_state{service_name="web",state="failed"} 1')
    expect(lines).toHaveLength(6)
  }
})

test('of very many services those that are well are left out first', () => {
  const lines = linesOf([...Array.from({ length: 3_000 }, (_, at) => service(`web-${at}`, 'active')), service('nightly', 'failed')])
  expect(lines.filter((line) => line.includes('uptime'))).toHaveLength(2_000)
  expect(lines).toContain('taskflows_service_state{service_name="nightly",state="failed"} 1')
})

test('slots are counted by what became of them, and the usual ones are there with the first', () => {
  const metrics = createServiceMetrics()
  expect(linesOf([], metrics)).toEqual([])
  for (const verdict of ['missed', 'missed', 'late']) metrics.slotJudged(verdict, verdict === 'late' ? 'host_down' : 'timer_off')
  expect(linesOf([], metrics)).toEqual(expect.arrayContaining([
    'taskflows_service_slots_total{verdict="on_time",reason="none"} 0', 'taskflows_service_slots_total{verdict="missed",reason="timer_off"} 2', 'taskflows_service_slots_total{verdict="late",reason="host_down"} 1',
  ]))
})
