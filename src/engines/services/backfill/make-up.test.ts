/** Making up for times with a systemd that does as it is told here, and what is written down on a real PostgreSQL. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../../adapters/database/postgres/index.ts'
import type { BackfillStore, NewBackfill } from '../../../kernel/backfills.ts'
import { type Clock, systemClock } from '../../../kernel/clock.ts'
import { createBackfillStore } from '../../../kernel/database/backfills.ts'
import type { Database } from '../../../kernel/database/database.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { serviceRun } from '../../../testing/service-run.ts'
import { testLifecycle } from '../../../testing/lifecycle-suite.ts'
import { createTestDatabase } from '../../../testing/test-database.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { UnitDetails, UnitFile, UnitOutcome } from '../service-manager.ts'
import { createBackfillWorker } from './backfill-worker.ts'
import { type MakeUpParts, makeUp } from './make-up.ts'
import { slotUnit } from './slot-unit.ts'

const stack = new AsyncDisposableStack()
let database: Database
let store: BackfillStore
beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl')))
  database = createPostgres({ source: urlSource(url) })
  stack.defer(() => database.close())
  store = createBackfillStore(database, { host: 'db1', account: '0' })
})
afterAll(() => stack.disposeAsync())

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)
const slotAt = (at: number): number => start + at * hour
const active = { activeState: 'active' } as UnitDetails
const gone = { activeState: 'inactive' } as UnitDetails
/** Waits no longer than it must. */
const hurried: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) }

let services = 0
interface Given {
  readonly hours?: number
  readonly act?: (unit: string, signal: AbortSignal | undefined) => Promise<UnitOutcome>
  readonly details?: (unit: string) => UnitDetails
  readonly runs?: () => readonly ServiceRun[]
  readonly template?: () => UnitFile
  readonly maxParallel?: number
}

async function world({ hours = 3, act = async (unit) => ({ unit, result: 'done' }), details = () => gone, runs = () => [], template, maxParallel = 1 }: Given = {}) {
  const service = `s${services += 1}`
  const backfill: NewBackfill = {
    id: newId(Date.now()), host: 'db1', scope: 'user', service, origin: 'backfill', first: start, last: slotAt(hours), slots: Array.from({ length: hours }, (_, at) => slotAt(at)),
    maxParallel, again: false, createdBy: 'ada', createdAt: Date.now(),
  }
  await store.add(backfill)
  await store.hold('one', ['user'])
  const [asked, trouble, done]: [string[], string[], string[]] = [[], [], []]
  const written = new Map<string, string>()
  const parts: MakeUpParts = {
    holder: 'one', store, clock: hurried, caughtUp: async () => {}, ledger: { between: async (_key, from) => runs().filter(({ startedAt }) => startedAt! >= from) },
    manager: () => ({
      act: async (_verb, [unit], { signal } = {}) => {
        asked.push(unit!)
        return [await act(unit!, signal)]
      },
      details: async ([unit]) => [details(unit!)],
      reload: async () => { done.push(`reload with ${written.size}`) },
      writeRuntime: async ({ units, removed }) => {
        const before = JSON.stringify([...written])
        for (const { unit, text } of units) written.set(unit, text)
        for (const unit of removed) written.delete(unit)
        return JSON.stringify([...written]) !== before
      },
    }),
    template: async () => template?.() ?? { unit: `slot-taskflows-${service}@.service`, service, role: 'slot-service', text: 'the present' },
    onTrouble: (error) => void trouble.push(String(error)),
  }
  const shown = async () => (await store.get(backfill.id))!
  return {
    backfill, service, asked, trouble, done, parts, shown, states: async () => (await shown()).slots.map(({ state }) => state),
    go: async (signal = new AbortController().signal) => makeUp((await shown()).backfill, parts, signal),
  }
}

test('each time is one start, the oldest first, between the writing of the template and its removal', async () => {
  const { go, asked, service, done, shown } = await world()
  expect(await go()).toBe(true)
  expect(asked).toEqual([0, 1, 2].map((at) => slotUnit(service, slotAt(at))))
  expect(done).toEqual(['reload with 1', 'reload with 0'])
  expect((await shown()).backfill).toMatchObject({ state: 'done', counts: { succeeded: 3, waiting: 0 } })
})

test('a run that fails or is skipped is told with its reason, and stops no other', async () => {
  const outcomes = [{ result: 'failed', problem: 'exited with 3' }, { result: 'skipped' }, { result: 'done' }]
  const { go, shown } = await world({ act: async (unit) => ({ unit, ...outcomes.shift()! }) })
  await go()
  expect((await shown()).slots.map(({ state, reason }) => [state, reason])).toEqual([['failed', 'exited with 3'], ['skipped', 'its conditions were not met'], ['succeeded', null]])
})

test('as many at the same time as was asked for, and no more', async () => {
  let [now, most] = [0, 0]
  const three = Promise.withResolvers<void>()
  const { go } = await world({ hours: 9, maxParallel: 3, act: async (unit) => {
    most = Math.max(most, now += 1)
    if (now === 3) three.resolve()
    await three.promise
    await systemClock.sleep(1)
    now -= 1
    return { unit, result: 'done' }
  } })
  await go()
  expect(most).toBe(3)
})

test('a template of another definition is told to systemd before the next start', async () => {
  let version = 1
  const { go, done } = await world({ act: async (unit) => ({ unit, result: 'done' }), template: () => ({ unit: 'slot-taskflows-x@.service', service: 'x', role: 'slot-service', text: `version ${Math.min(2, version++)}` }) })
  await go()
  expect(done.slice(0, 2)).toEqual(['reload with 1', 'reload with 1'])
})

test('after a server that was killed, what runs is waited for, what ended is known, and what never began begins', async () => {
  const over = { running: true }
  const runs: ServiceRun[] = []
  const { go, backfill, service, asked, shown } = await world({ hours: 4, details: (unit) => (unit.includes('T00') && over.running ? active : gone), runs: () => runs })
  const claimed = Date.now()
  for (let at = 0; at < 3; at += 1) await store.next(backfill.id, 'one', claimed)
  runs.push(serviceRun({ service, slot: slotAt(1), startedAt: claimed + 1, endedAt: claimed + 2, state: 'failed', reason: 'exit code 4' }))
  // One of long ago is another one.
  runs.push(serviceRun({ service, slot: slotAt(2), startedAt: claimed - hour, endedAt: claimed - hour, state: 'succeeded' }))
  const going = go()
  await systemClock.sleep(20)
  expect(asked).toEqual([])
  runs.push(serviceRun({ service, slot: slotAt(0), startedAt: claimed + 1, endedAt: claimed + 30, state: 'succeeded' }))
  over.running = false
  expect(await going).toBe(true)
  expect(asked).toEqual([2, 3].map((at) => slotUnit(service, slotAt(at))))
  expect((await shown()).slots.map(({ state, reason }) => [state, reason])).toEqual([['succeeded', null], ['failed', 'exit code 4'], ['succeeded', null], ['succeeded', null]])
})

test('a bus that breaks is no end: what became of the run is asked', async () => {
  const runs: ServiceRun[] = []
  let isBroken = true
  const { go, service, trouble, asked, states } = await world({ hours: 2, runs: () => runs, act: async (unit) => {
    if (!isBroken) return { unit, result: 'done' }
    isBroken = false
    runs.push(serviceRun({ service, slot: start, startedAt: Date.now() + 1, endedAt: Date.now() + 2, state: 'succeeded' }))
    throw new TaskflowsError('systemd.unavailable', 'the bus went away')
  } })
  expect(await go()).toBe(true)
  expect(trouble).toEqual([expect.stringContaining('the bus went away')])
  expect(asked).toHaveLength(2)
  expect(await states()).toEqual(['succeeded', 'succeeded'])
})

test('a service that is not there any more ends it, with the reason', async () => {
  let left = 2
  const { go, shown } = await world({ template: () => {
    if ((left -= 1) < 0) throw new TaskflowsError('backfill.invalid', 'it is not there any more')
    return { unit: 'slot-taskflows-x@.service', service: 'x', role: 'slot-service', text: '' }
  } })
  expect(await go()).toBe(true)
  expect((await shown()).backfill).toMatchObject({ state: 'cancelled', reason: 'it is not there any more', counts: { succeeded: 2, cancelled: 1 } })
})

test('a server that stops leaves what runs, and the row says so', async () => {
  const stop = new AbortController()
  const { go, states } = await world({ act: (_unit, signal) => new Promise((_, reject) => {
    signal!.addEventListener('abort', () => reject(signal!.reason as Error))
    stop.abort()
  }) })
  expect(await go(stop.signal)).toBe(false)
  expect(await states()).toEqual(['running', 'waiting', 'waiting'])
})

test('a worker takes what is there, what comes, and what is cancelled meanwhile', async () => {
  const { parts, shown } = await world({ hours: 1 })
  const ended: string[] = []
  await store.release('one')
  await using worker = createBackfillWorker({ ...parts, scopes: ['user'], holder: 'worker', onEnd: ({ service, state }) => void ended.push(`${service} ${state}`) })
  await worker.start()
  await expect.poll(async () => (await shown()).backfill.state, { timeout: 10_000 }).toBe('done')
  const next = await world({ hours: 2 })
  await store.release('one')
  worker.changed()
  await expect.poll(async () => (await next.shown()).backfill.state, { timeout: 10_000 }).toBe('done')
  const cancelled = await world({ hours: 2 })
  await store.cancel(cancelled.backfill.id)
  await store.release('one')
  worker.changed()
  await expect.poll(async () => (await cancelled.shown()).backfill.state, { timeout: 10_000 }).toBe('cancelled')
  await expect.poll(() => ended, { timeout: 10_000 }).toEqual(expect.arrayContaining([`${next.service} done`, `${cancelled.service} cancelled`]))
})

testLifecycle(async () => {
  const { parts } = await world({ hours: 1 })
  return createBackfillWorker({ ...parts, scopes: ['user'], holder: 'suite', onEnd: () => {} })
})
