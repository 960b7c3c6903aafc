import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type EventWriters, openEventWriters } from '../../../test/testbed/event-writers.ts'
import { type NewEvent, appendEventsOnce } from './append-events.ts'
import { createEventLog } from './event-log.ts'

let site: EventWriters
beforeAll(async () => { site = await openEventWriters(inject('postgresUrl')) })
afterAll(() => site[Symbol.asyncDispose]())

const fact = (over: Partial<NewEvent> = {}): NewEvent => ({
  type: 'service.started', subject: 'web-1/user/api', name: 'api', actor: 'system', correlationId: 'run-1', data: { to: 'running' }, ...over,
})

async function told(subject: string) {
  const { items } = await createEventLog(site.database).list({ tenant: null }, { limit: 100, subject })
  return items.map(({ type, correlationId }) => `${type} ${correlationId}`)
}

test('a fact reads as it was written, and belongs to no tenant', async () => {
  await appendEventsOnce(site.database, 'web-1', [fact({ subject: 'whole' })])
  const { items } = await createEventLog(site.database).list({ tenant: null }, { limit: 10, subject: 'whole' })
  expect(items).toMatchObject([{ type: 'service.started', subject: 'whole', name: 'api', tenant: null, actor: 'system', correlationId: 'run-1', data: { to: 'running' } }])
  expect((await createEventLog(site.database).list({ tenant: 'default' }, { limit: 10, subject: 'whole' })).items).toEqual([])
})

test('facts keep their order', async () => {
  await appendEventsOnce(site.database, 'web-1', [fact({ subject: 'order' }), fact({ subject: 'order', type: 'service.stopped' }), fact({ subject: 'order', correlationId: 'run-2' })])
  expect(await told('order')).toEqual(['service.started run-1', 'service.stopped run-1', 'service.started run-2'])
})

test('of many that tell the same at once, one counts', async () => {
  const rounds = Array.from({ length: 20 }, (_, run) => [fact({ subject: 'once', correlationId: `run-${run}` }), fact({ subject: 'once', type: 'service.stopped', correlationId: `run-${run}` })])
  await Promise.all(rounds.flatMap((facts) => [1, 2, 3].map(() => appendEventsOnce(site.database, 'web-1', facts))))
  const all = await told('once')
  expect(all).toHaveLength(40)
  expect(new Set(all).size).toBe(40)
})
