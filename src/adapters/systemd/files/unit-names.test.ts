import { expect, test } from 'vitest'
import { dependencyUnit, parseUnitName, sliceUnit, unitName } from './unit-names.ts'

const roles = ['service', 'timer', 'start-service', 'stop-service', 'stop-timer', 'restart-service', 'restart-timer'] as const

test('the name of a unit tells the service and the role', () => {
  for (const service of ['web', 'a.b_c-d', 'worker@', 'worker@1', 'stop-taskflows-x', 'x.timer']) {
    for (const role of roles) expect(parseUnitName(unitName(service, role))).toEqual({ service, role })
  }
  expect(unitName('web', 'stop-timer')).toBe('stop-taskflows-web.timer')
  expect(parseUnitName('taskflows-worker@1.service')).toEqual({ service: 'worker@1', role: 'service' })
})

test('units of others have neither', () => {
  for (const unit of ['web.service', 'taskflows-.service', 'taskflows-web.socket', 'start-taskflows-web.timer', 'taskflows-a b.service', 'xtaskflows-a.service']) expect(parseUnitName(unit)).toBeUndefined()
})

test.each(['', 'a b', 'a/b', 'a\nb', 'a%b', 'é', 'a@b@c', 'x'.repeat(250)])('no unit has the name %j', (name) => {
  expect(() => unitName(name, 'service')).toThrow(expect.objectContaining({ code: 'service.invalid' }))
})

test('a bare name in a dependency is a service of ours, a whole one is kept', () => {
  expect(['db', 'worker@1', 'network-online.target', 'home-my\\x2ddir.mount', 'taskflows-a.timer'].map((name) => dependencyUnit(name, 'startAfter')))
    .toEqual(['taskflows-db.service', 'taskflows-worker@1.service', 'network-online.target', 'home-my\\x2ddir.mount', 'taskflows-a.timer'])
})

test('a template is no dependency, and the error names an instance', () => {
  expect(() => dependencyUnit('worker@', 'requires')).toThrow(expect.objectContaining({ code: 'service.invalid', hint: 'Name an instance: worker@1.' }))
  expect(() => dependencyUnit('getty@.service', 'requires')).toThrow(/is a template/)
})

test.each(['a b.service', 'a/b.mount', '%n.service', 'a;b'])('%j is no dependency', (name) => {
  expect(() => dependencyUnit(name, 'wants')).toThrow(expect.objectContaining({ code: 'service.invalid' }))
})

test('a slice may be named with or without its ending', () => {
  expect([sliceUnit('batch'), sliceUnit('a-b.slice')]).toEqual(['batch.slice', 'a-b.slice'])
  expect(() => sliceUnit('a b')).toThrow(/no name of a slice/)
})
