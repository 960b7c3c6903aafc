import { describe, expect, test } from 'vitest'
import { deedsOf } from './act-on-services.ts'
import { servicesIn } from '../look/match-services.ts'
import type { InstalledUnit, UnitRole } from '../service-manager.ts'

/** `web` with these units besides its service. */
function web(timer?: string, more: readonly UnitRole[] = []) {
  const unit = (role: UnitRole, name: string, text: string): InstalledUnit => ({ unit: name, service: 'web', role, path: `/units/${name}`, text, dropIns: [], enabled: true })
  const units = [
    unit('service', 'taskflows-web.service', '[Service]\nType=exec\n'),
    ...(timer === undefined ? [] : [unit('timer', 'taskflows-web.timer', `[Timer]\n${timer}\n`)]),
    ...more.map((role) => unit(role, `${role}`, '')),
  ]
  return servicesIn(units, 'user', () => [])[0]!
}

const calendar = 'OnCalendar=*-*-* 03:00:00'
const told = (...given: Parameters<typeof deedsOf>) => deedsOf(...given).map(({ verb, unit }) => `${verb} ${unit.replace('taskflows-web.', '')}`)

describe('what a verb is about', () => {
  test.each([
    ['start', {}, ['start service'], ['start timer']],
    ['start', { services: true }, ['start service'], ['start service']],
    ['start', { timers: true }, [], ['start timer']],
    ['start', { timers: true, services: true }, ['start service'], ['start timer']],
    ['stop', {}, ['stop service'], ['stop service', 'stop timer']],
    ['stop', { timers: true }, [], ['stop timer']],
    ['restart', {}, ['restart service'], ['try-restart service', 'restart timer']],
    ['restart', { services: true }, ['restart service'], ['restart service']],
    ['enable', {}, ['enable service'], ['enable timer']],
    ['disable', {}, ['disable service'], ['disable service', 'disable timer']],
  ] as const)('%s with %j', (verb, flags, plain, scheduled) => {
    expect(told(verb, web(), flags)).toEqual(plain)
    expect(told(verb, web(calendar), flags)).toEqual(scheduled)
  })

  test('a period that begins by command begins with a start of the service', () => {
    expect(told('start', web('OnUnitActiveSec=5min'), {})).toEqual(['start service', 'start timer'])
    expect(told('start', web('OnBootSec=1s\nOnUnitActiveSec=5min'), {})).toEqual(['start timer'])
  })

  test('stop and restart schedules go with the timers', () => {
    expect(told('start', web(undefined, ['stop-service', 'stop-timer']), {})).toEqual(['start service', 'start stop-timer'])
    expect(told('stop', web(undefined, ['stop-service', 'stop-timer']), { services: true })).toEqual(['stop service'])
  })
})
