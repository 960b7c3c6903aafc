/** The ledger of services on a real PostgreSQL: told twice, late and by several, each run is there once, and whole. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../adapters/database/postgres/index.ts'
import { serviceRun } from '../../testing/service-run.ts'
import { createTestDatabase } from '../../testing/test-database.ts'
import type { ServiceLedger, ServiceRun } from '../service-runs.ts'
import type { Database } from './database.ts'
import { forgetServiceRuns, serviceRunsKeptDays } from './service-runs/forget-runs.ts'
import { createServiceLedger } from './service-runs.ts'

const stack = new AsyncDisposableStack()
let database: Database
let ledger: ServiceLedger
beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl')))
  database = createPostgres({ source: urlSource(url) })
  stack.defer(() => database.close())
  ledger = createServiceLedger(database, { account: '1000' })
})
afterAll(() => stack.disposeAsync())

let services = 0
/** A run of a service that no other test knows. */
const fresh = (changes: Partial<ServiceRun> = {}) => serviceRun({ service: `s${services += 1}`, ...changes })
const kept = ({ host, scope, service }: ServiceRun) => ledger.between({ host, scope, service }, 0, 1e13)
const ended = { state: 'failed', endedAt: 5_000, result: 'exit-code', exitCode: 3, reason: 'exit code 3' } as const

test('a run that was told once is there as it was told', async () => {
  const run = fresh({ ...ended, cpuSeconds: 0.25, memoryPeakBytes: 5_000_000_000, slot: 900, bootId: 'b'.repeat(32) })
  expect(await ledger.record([run])).toEqual([run])
  expect(await kept(run)).toEqual([run])
})

test('telling it again is no news, and changes nothing', async () => {
  const run = fresh(ended)
  await ledger.record([run])
  expect(await ledger.record([run, { ...run, state: 'running', endedAt: null }])).toEqual([])
  expect(await kept(run)).toEqual([run])
})

test.for<[string, Partial<ServiceRun>, Partial<ServiceRun>, Partial<ServiceRun>]>([
  ['an end follows a start', {}, ended, ended],
  ['a run that ended does not run again', ended, {}, ended],
  ['the first end counts', ended, { state: 'succeeded', endedAt: 9_000, result: 'success' }, ended],
  ['a run that was given up for lost', {}, { state: 'lost', reason: 'gone' }, { state: 'lost', reason: 'gone', endedAt: null }],
  ['its end is found after all', { state: 'lost', reason: 'gone' }, ended, ended],
  ['a known end is not lost again', ended, { state: 'lost', reason: 'gone' }, ended],
  ['an end that was seen counts more than one that was inferred', { state: 'succeeded', result: 'success', exitCode: 0 }, { state: 'cancelled', exitCode: null, endedAt: 9_000, reason: 'stopped by command' }, { state: 'cancelled', exitCode: null, endedAt: 9_000 }],
  ['and is not inferred again', { state: 'cancelled', endedAt: 9_000, reason: 'stopped by command' }, { state: 'succeeded', result: 'success', exitCode: 0 }, { state: 'cancelled', endedAt: 9_000 }],
  ['a stop by command that one teller saw counts, whatever the end looks like to another', { state: 'succeeded', endedAt: 5_000, result: 'success' }, { state: 'cancelled', endedAt: 5_001, result: 'success', reason: 'stopped by command' }, { state: 'cancelled', endedAt: 5_001, result: 'success' }],
  ['and is not taken for a mere end again', { state: 'cancelled', endedAt: 5_001, result: 'success' }, { state: 'succeeded', endedAt: 5_000, result: 'success' }, { state: 'cancelled', endedAt: 5_001 }],
  ['what one does not know another fills', { state: 'succeeded', result: 'success' }, { state: 'succeeded', result: 'success', endedAt: 5_000, cpuSeconds: 2 }, { state: 'succeeded', endedAt: 5_000, cpuSeconds: 2 }],
  ['also of a run that has not ended', {}, { slot: 900 }, { state: 'running', slot: 900 }],
])('%s, whether told apart or together', async ([, first, then, whole]) => {
  const [apart, together] = [fresh(first), fresh(first)]
  await ledger.record([apart])
  await ledger.record([{ ...apart, ...then }])
  await ledger.record([together, { ...together, ...then }])
  for (const run of [apart, together]) expect(await kept(run)).toEqual([expect.objectContaining(whole)])
})

test('tellers of the same runs at the same time write each once', async () => {
  const runs = Array.from({ length: 300 }, () => fresh())
  await Promise.all(Array.from({ length: 6 }, (_, at) => ledger.record((at % 2 === 0 ? runs : runs.toReversed()).map((run) => ({ ...run, ...(at > 2 && ended) })))))
  expect((await Promise.all(runs.map(kept))).flat()).toEqual(runs.map((run) => ({ ...run, ...ended })))
})

test('a slot without a run is there once, and beside the runs', async () => {
  const run = fresh({ startedAt: 2_000 })
  const missed = { ...run, invocationId: null, state: 'missed', startedAt: null, slot: 1_000, reason: 'the host was down' } as const
  await ledger.record([missed, run])
  expect(await ledger.record([missed])).toEqual([])
  expect(await kept(run)).toEqual([missed, run])
})

test('copies of a machine keep their runs apart', async () => {
  const one = fresh()
  const other = { ...one, host: 'copy', ...ended }
  await ledger.record([one, other])
  expect([...await kept(one), ...await kept(other)]).toEqual([one, other])
})

test('those that run are found by account, host and scope', async () => {
  const other = createServiceLedger(database, { account: '1001' })
  const [mine, theirs, shared] = [fresh({ host: 'm' }), fresh({ host: 'm' }), fresh({ host: 'm', scope: 'system' })]
  await ledger.record([mine, fresh({ host: 'm', ...ended }), fresh({ host: 'n' })])
  await other.record([theirs, shared])
  expect(await ledger.running({ host: 'm', scope: 'user' })).toEqual([mine])
  expect(await ledger.running({ host: 'm', scope: 'system' })).toEqual([shared])
})

test('the place of a reader is kept', async () => {
  expect(await ledger.position('journal m')).toBeNull()
  for (const place of ['a', 'b']) await ledger.keepPosition('journal m', place)
  expect(await ledger.position('journal m')).toBe('b')
})

test('what ended long ago is forgotten, and what runs is not', async () => {
  const long = Date.now() - (serviceRunsKeptDays + 1) * 86_400_000
  const [old, running, recent] = [fresh({ ...ended, endedAt: long, startedAt: long }), fresh({ startedAt: long }), fresh({ ...ended, startedAt: long, endedAt: Date.now() })]
  await ledger.record([old, running, recent])
  await forgetServiceRuns(database, new AbortController().signal)
  expect([await kept(old), await kept(running), await kept(recent)].map(({ length }) => length)).toEqual([0, 1, 1])
})
