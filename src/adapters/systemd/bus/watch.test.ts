import { expect, test } from 'vitest'
import { unitPath } from './unit-details.ts'
import { createChanges } from './watch.ts'

const manager = 'org.freedesktop.systemd1.Manager'
const properties = (unit: string) => ({ path: unitPath(unit), interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', body: ['org.freedesktop.systemd1.Unit', {}, []] })
const said = (member: string, ...body: unknown[]) => ({ path: '/org/freedesktop/systemd1', interface: manager, member, body })
const web = 'taskflows-web.service'

test('many signals of a unit are one change, and units of others are none', () => {
  const changes = createChanges()
  for (const unit of [web, web, 'sshd.service', 'taskflows-web.timer', web, 'dev-taskflows-x.device']) changes.heard(properties(unit))
  expect(changes.take()).toEqual({ changed: [web, 'taskflows-web.timer'], gone: [] })
  expect(changes.take()).toEqual({ changed: [], gone: [] })
})

test('a unit that is not loaded any more is gone', () => {
  const changes = createChanges()
  changes.heard(properties(web))
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  expect(changes.take()).toEqual({ changed: [], gone: [web] })
})

test('reading a unit that is not loaded, which loads it for a moment, is no change', () => {
  const changes = createChanges()
  changes.heard(said('UnitNew', web, unitPath(web)))
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  expect(changes.take()).toEqual({ changed: [], gone: [] })
})

test('a unit that was loaded and changed is gone when it is unloaded', () => {
  const changes = createChanges()
  changes.heard(said('UnitNew', web, unitPath(web)))
  changes.heard(properties(web))
  changes.take()
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  expect(changes.take()).toEqual({ changed: [], gone: [web] })
})

test('a unit that is gone stays gone when somebody looks at it right after', () => {
  const changes = createChanges()
  changes.heard(properties(web))
  for (const member of ['UnitRemoved', 'UnitNew', 'UnitRemoved', 'UnitNew', 'UnitRemoved']) changes.heard(said(member, web, unitPath(web)))
  expect(changes.take()).toEqual({ changed: [], gone: [web] })
})

test('a unit that is gone and started again has changed', () => {
  const changes = createChanges()
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  changes.heard(said('UnitNew', web, unitPath(web)))
  changes.heard(properties(web))
  expect(changes.take()).toEqual({ changed: [web], gone: [] })
})

test('of a reload nothing is told but that all must be read again', () => {
  const changes = createChanges()
  changes.heard(said('Reloading', true))
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  changes.heard(said('UnitNew', web, unitPath(web)))
  changes.heard(said('Reloading', false))
  expect(changes.take()).toBe('all')
  changes.heard(said('UnitRemoved', web, unitPath(web)))
  expect(changes.take()).toEqual({ changed: [], gone: [web] })
})

test('who waits is woken by the first signal, by the loss and by the end', async () => {
  const stop = new AbortController()
  const changes = createChanges()
  const first = changes.some(stop.signal)
  changes.heard(properties(web))
  await first
  changes.take()
  const ended = changes.some(stop.signal)
  stop.abort()
  await ended
  const again = createChanges()
  const lost = again.some(new AbortController().signal)
  again.lost()
  await lost
  expect(again.isOver()).toBe(true)
})
