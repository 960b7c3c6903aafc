import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type EventWriters, openEventWriters } from '../../../test/testbed/event-writers.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { systemClock } from '../clock.ts'
import type { NewEvent } from './append-events.ts'
import type { Database } from './database.ts'
import { createEventLog } from './event-log.ts'
import { createEventOutbox } from './event-outbox.ts'

let site: EventWriters
beforeAll(async () => { site = await openEventWriters(inject('postgresUrl')) })
afterAll(() => site[Symbol.asyncDispose]())

const fact = (subject: string, run: number): NewEvent => ({ type: 'service.started', subject, name: 'web', actor: 'system', correlationId: `run-${run}`, data: {} })
const toldOf = async (subject: string) => (await createEventLog(site.database).list({ tenant: null }, { limit: 1000, subject })).items.map(({ correlationId }) => correlationId)

test('what is told before the end is written, in its order', async () => {
  const outbox = createEventOutbox({ database: site.database, clock: systemClock, by: 'host', onError: (error) => expect.unreachable(String(error)) })
  for (let run = 0; run < 700; run += 1) outbox.tell([fact('order', run)])
  await outbox[Symbol.asyncDispose]()
  expect(await toldOf('order')).toEqual(Array.from({ length: 700 }, (_, run) => `run-${run}`))
})

test('while the database is away facts wait, and then each is written once', async () => {
  const clock = new FakeClock(Date.now())
  let isAway = true
  const database: Database = { ...site.database, transaction: (work) => (isAway ? Promise.reject(new Error('away')) : site.database.transaction(work)) }
  const failed = Promise.withResolvers<void>()
  await using outbox = createEventOutbox({ database, clock, by: 'host', onError: () => failed.resolve() })
  outbox.tell([fact('away', 1)])
  await failed.promise
  outbox.tell([fact('away', 2)])
  isAway = false
  await expect.poll(async () => {
    await clock.advance(1_000)
    return toldOf('away')
  }, { timeout: 10_000 }).toEqual(['run-1', 'run-2'])
})

test('a stop does not wait for a database that stays away', async () => {
  const database: Database = { ...site.database, transaction: () => Promise.reject(new Error('away')) }
  const outbox = createEventOutbox({ database, clock: new FakeClock(Date.now()), by: 'host', onError: () => {} })
  outbox.tell([fact('never', 1)])
  await outbox[Symbol.asyncDispose]()
  expect(await toldOf('never')).toEqual([])
})
