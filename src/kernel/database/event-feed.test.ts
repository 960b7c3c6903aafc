import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { type EventWriters, type Fact, openEventWriters, writeFact } from '../../../test/testbed/event-writers.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import type { EventBatch, EventInterest, EventLog, FollowedEvent } from '../events.ts'
import { newId } from '../ids.ts'
import type { Database } from './database.ts'
import { createEventLog } from './event-log.ts'

let site: EventWriters
let database: Database
let writers: readonly pg.Client[]
let log: EventLog
beforeAll(async () => {
  site = await openEventWriters(inject('postgresUrl'))
  ;({ database, writers } = site)
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(async () => {
  await database.query('truncate taskflows.events')
  log = createEventLog(database)
})

const write = (fact: Fact = {}, client = writers[0]!) => writeFact(client, fact)
const newIds = (count: number) => Array.from({ length: count }, () => newId(Date.now()))

/** A reader that follows, and what it got so far. */
class Reader implements AsyncDisposable {
  readonly got: FollowedEvent[] = []
  readonly #over = new AbortController()
  readonly #batches: AsyncIterator<EventBatch>
  cursor = ''

  constructor(interest: EventInterest = {}, { tenant = null, from = log }: { tenant?: string | null; from?: EventLog } = {}) {
    this.#batches = from.follow({ tenant }, interest, this.#over.signal)[Symbol.asyncIterator]()
  }

  async next(): Promise<EventBatch> {
    const { value } = await this.#batches.next()
    this.got.push(...value.items)
    this.cursor = value.cursor
    return value
  }

  /** Reads on until the fact about this subject has come. */
  async until(subject: string): Promise<this> {
    while (!this.subjects.includes(subject)) await this.next()
    return this
  }

  get subjects(): (string | null)[] {
    return this.got.map(({ event }) => event.subject)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#batches.return?.()
  }
}

const follow = async (interest: EventInterest = {}, options?: ConstructorParameters<typeof Reader>[1]): Promise<Reader> => {
  const reader = new Reader(interest, options)
  await reader.next()
  return reader
}

test('two transactions that commit in reverse order are both seen, once', async () => {
  const [one, two] = writers as [pg.Client, pg.Client]
  await using reader = await follow()
  await one.query('begin')
  const [early] = await write({}, one)
  const [late] = await write({}, two)
  await reader.until(late!)
  await one.query('commit')
  await reader.until(early!)
  expect(reader.subjects).toEqual([late, early])
})

test('a follower begins with now, with a moment, or behind a cursor', async () => {
  const [before, after] = newIds(2)
  await write({ ids: [before!] })
  await using now = await follow()
  await using since = await follow({ since: Date.now() - 60_000 })
  await write({ ids: [after!] })
  expect((await now.until(after!)).subjects).toEqual([after])
  expect((await since.until(after!)).subjects).toEqual([before, after])
  await using resumed = await follow({ cursor: since.got[0]!.cursor })
  expect((await resumed.until(after!)).subjects).toEqual([after])
})

test('the cursor of a list goes on where the list ended, and the other way round', async () => {
  const ids = newIds(5)
  await write({ ids })
  const page = await log.list({ tenant: null }, { limit: 2 })
  await using reader = await follow({ cursor: page.nextCursor! })
  await reader.until(ids[4]!)
  expect(reader.subjects).toEqual(ids.slice(2))
  const rest = await log.list({ tenant: null }, { limit: 10, cursor: reader.got[1]!.cursor })
  expect(rest.items.map(({ subject }) => subject)).toEqual(ids.slice(4))
})

test('fifty followers with different filters get what the list says, before and after they came', async () => {
  const tenants = ['a', 'b', 'c']
  const types = ['jobs.added', 'jobs.failed', 'rules.fired']
  const subject = newId(Date.now())
  const writeSome = async () => {
    for (let count = 0; count < 20; count += 1) {
      const ids = [...newIds(3), subject]
      await write({ type: types[count % 3]!, ids, tenants: ids.map((_, at) => tenants[(count + at) % 3]!), correlations: ids.map((_, at) => `order-${(count + at) % 4}`) }, writers[count % 4]!)
    }
    await database.query(`insert into taskflows.events (at, type, subject) values (taskflows.now(), 'servers.started', 'host')`)
  }
  await writeSome()
  const filters: readonly EventInterest[] = [
    {}, { type: 'job.*' }, { type: 'rule.fired' }, { type: 'server.*' }, { subject }, { subject: 'host' }, { tenant: 'a' }, { correlationId: 'order-2' }, { type: 'job.failed', tenant: 'b', correlationId: 'order-1' }, { tenant: 'nobody' },
  ]
  const bounds = [null, 'a', 'b', 'c', 'nobody']
  const since = Date.now() - 60_000
  const cases = filters.flatMap((filter) => bounds.map((tenant) => ({ tenant, filter: { ...filter, since } })))
  expect(cases).toHaveLength(50)
  const readers = await Promise.all(cases.map(({ tenant, filter }) => follow(filter, { tenant })))
  await using all = await follow({ since })
  await writeSome()
  const [last] = await write({ type: 'ends.reached', tenants: ['end'] })
  await all.until(last!)
  for (const [at, { tenant, filter }] of cases.entries()) {
    const { items } = await log.list({ tenant }, { ...filter, limit: 1000 })
    const reader = readers[at]!
    while (reader.got.length < items.length) await reader.next()
    expect(reader.got.map(({ event }) => event), JSON.stringify({ tenant, filter })).toEqual(items)
    await reader[Symbol.asyncDispose]()
  }
})

test('facts from before a moment do not come, even if they are committed later', async () => {
  const [one] = writers as [pg.Client]
  await one.query('begin')
  await write({}, one)
  const since = Number((await database.query<{ now: number }>('select extract(epoch from taskflows.now())::float8 * 1000 as now'))[0]!.now)
  await using reader = await follow({ since })
  await one.query('commit')
  const [after] = await write()
  expect((await reader.until(after!)).subjects).toEqual([after])
})

test('followers with the same filter share each batch, whenever they began', async () => {
  const readers = await Promise.all([follow(), follow({ since: Date.now() - 60_000 }), follow({ since: Date.now() - 30_000 })])
  await write()
  const batches = await Promise.all(readers.map((reader) => reader.next()))
  expect(new Set(batches).size).toBe(1)
  for (const reader of readers) await reader[Symbol.asyncDispose]()
})

test('a slow follower misses nothing when what it has not read is not kept any more', async () => {
  await using slow = await follow()
  await using fast = await follow()
  const written: string[] = []
  for (let round = 0; round < 5; round += 1) {
    for (let row = 0; row < 12; row += 1) written.push(...await write({ ids: newIds(700) }))
    await fast.until(written.at(-1)!)
  }
  const [last] = await write()
  written.push(last!)
  expect((await slow.until(last!)).subjects).toEqual(written)
  expect((await fast.until(last!)).subjects).toEqual(written)
})

test('following can be resumed at any place of a row that holds thousands of facts', async () => {
  const ids = newIds(7_300)
  await using reader = await follow()
  await write({ ids })
  await reader.until(ids.at(-1)!)
  for (const place of [0, 1, 998, 999, 1000, 1001, 4_999, 5_000, 6_123, 7_298]) {
    for (const filter of [{}, { tenant: 'default' }]) {
      await using resumed = await follow({ ...filter, cursor: reader.got[place]!.cursor })
      expect((await resumed.until(ids.at(-1)!)).subjects).toEqual(ids.slice(place + 1))
    }
  }
})

test('when all have gone nothing is read, and those who come again miss nothing', async () => {
  const first = await follow()
  await write()
  await first.next()
  await first[Symbol.asyncDispose]()
  const ids = await write({ ids: newIds(3) })
  await using second = await follow({ cursor: first.cursor })
  const [live] = await write()
  expect((await second.until(live!)).subjects).toEqual([...ids, live])
})

test('a follower hears where it stands when nothing comes for it', async () => {
  const clock = new FakeClock(Date.now())
  const quiet = createEventLog(database, clock)
  const first = new Reader({ tenant: 'nobody' }, { from: quiet })
  const passTime = async <T>(awaited: Promise<T>): Promise<T> => {
    let over = false
    void awaited.finally(() => { over = true })
    while (!over) {
      await clock.advance(100)
      await new Promise(setImmediate)
    }
    return awaited
  }
  const { cursor } = await passTime(first.next())
  const startedAt = clock.now()
  const all = new Reader({}, { from: quiet })
  await passTime(all.next())
  const [unwanted] = await write()
  await passTime(all.until(unwanted!))
  const heard = await passTime(first.next())
  expect(heard.items).toEqual([])
  expect(heard.cursor).not.toBe(cursor)
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual(15_000)
  const { items } = await log.list({ tenant: null }, { cursor: heard.cursor, limit: 10 })
  expect(items).toEqual([])
  expect((await log.list({ tenant: null }, { cursor, limit: 10 })).items).toMatchObject([{ subject: unwanted }])
  for (const reader of [first, all]) await reader[Symbol.asyncDispose]()
})

test('a cursor that is not one of ours is refused before anything is handed out', async () => {
  const { nextCursor } = await log.list({ tenant: null }, { limit: 1 })
  const [of] = nextCursor!.split('.')
  for (const cursor of ['', 'x', `${of}.0:0:.0.0..0.0.0`, `${of}.9:5:.0.0..0.0.0`]) await expect(follow({ cursor }), cursor).rejects.toMatchObject({ code: 'cursor.invalid' })
  await expect(follow({ cursor: nextCursor!.replace(of!, 'AAAAAAAAAAAAAAAA') })).rejects.toMatchObject({ code: 'cursor.gone' })
})

test('when the database is replaced under them, followers are told that their cursors are gone', async () => {
  const [identity] = await database.query<{ id: string }>('select id from taskflows.installation')
  await using reader = await follow()
  await database.query('update taskflows.installation set id = gen_random_uuid()')
  await expect(reader.next()).rejects.toMatchObject({ code: 'cursor.gone' })
  await database.query('update taskflows.installation set id = $1::uuid', [identity!.id])
})

test('an aborted follower ends at once, whatever it waits for', async () => {
  const over = new AbortController()
  const batches = log.follow({ tenant: null }, {}, over.signal)[Symbol.asyncIterator]()
  await batches.next()
  const waiting = batches.next()
  over.abort()
  expect(await waiting).toEqual({ done: true, value: undefined })
})

interface Chain {
  reader: Reader
  /** What it got before it left and came back. */
  kept: FollowedEvent[]
  readonly joinedAt: number
  readonly tenant: string | undefined
}

const turn = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), writer: fc.nat(3), facts: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const), writer: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), tenant: fc.constantFrom(undefined, 'a', 'b') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), chain: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resume' as const), chain: fc.nat(5), behind: fc.nat(20), elsewhere: fc.boolean() }) },
)

test('whoever joins, leaves and resumes at any event while others write gets what was committed, once', async () => {
  await fc.assert(fc.asyncProperty(fc.array(turn, { minLength: 10, maxLength: 40 }), async (script) => {
    const logs = [createEventLog(database), createEventLog(database)]
    const open = new Map<number, { subject: string; tenant: string }[]>()
    const committed: { subject: string; tenant: string; at: number }[] = []
    const chains: Chain[] = []
    const end = async (writer: number, how: 'commit' | 'rollback', at: number) => {
      const facts = open.get(writer)
      if (facts === undefined) return
      open.delete(writer)
      await writers[writer]!.query(how)
      if (how === 'commit') committed.push(...facts.map((fact) => ({ ...fact, at })))
    }
    for (const [at, deed] of script.entries()) {
      if (deed.kind === 'write') {
        if (!open.has(deed.writer)) {
          await writers[deed.writer]!.query('begin')
          open.set(deed.writer, [])
        }
        const ids = newIds(deed.facts)
        const tenants = ids.map((_, place) => 'ab'[place % 2]!)
        await write({ ids, tenants }, writers[deed.writer]!)
        open.get(deed.writer)!.push(...ids.map((subject, place) => ({ subject, tenant: tenants[place]! })))
      } else if (deed.kind === 'join') {
        chains.push({ reader: await follow({ ...(deed.tenant !== undefined && { tenant: deed.tenant }) }, { from: logs[0]! }), kept: [], joinedAt: at, tenant: deed.tenant })
      } else if (deed.kind === 'take') {
        // Only if something is there for it: it is not a matter of waiting here.
        const chain = chains[deed.chain]
        if (chain && expected(chain).length > chain.kept.length + chain.reader.got.length) await chain.reader.next()
      } else if (deed.kind === 'resume') {
        const chain = chains[deed.chain]
        if (!chain) continue
        const all = [...chain.kept, ...chain.reader.got]
        const keep = Math.max(0, all.length - deed.behind)
        const cursor = keep === all.length ? chain.reader.cursor : keep > 0 ? all[keep - 1]!.cursor : undefined
        if (cursor === undefined) continue
        await chain.reader[Symbol.asyncDispose]()
        chain.kept = all.slice(0, keep)
        chain.reader = await follow({ cursor, ...(chain.tenant !== undefined && { tenant: chain.tenant }) }, { from: logs[deed.elsewhere ? 1 : 0]! })
      } else await end(deed.writer, deed.kind, at)
    }
    function expected({ joinedAt, tenant }: Chain): string[] {
      return committed.filter((fact) => fact.at > joinedAt && (tenant ?? fact.tenant) === fact.tenant).map(({ subject }) => subject)
    }
    for (const writer of [...open.keys()]) await end(writer, 'commit', script.length)
    const last = newIds(2)
    await write({ ids: last, tenants: ['a', 'b'] })
    for (const chain of chains) {
      await chain.reader.until(last[chain.tenant === 'b' ? 1 : 0]!)
      const got = [...chain.kept, ...chain.reader.got].map(({ event }) => event.subject!)
      const wanted = [...expected(chain), ...(chain.tenant === undefined ? last : [last[chain.tenant === 'b' ? 1 : 0]!])]
      if (chain.tenant === undefined) while (chain.reader.got.length + chain.kept.length < wanted.length) await chain.reader.next()
      expect([...chain.kept, ...chain.reader.got].map(({ event }) => event.subject!).toSorted()).toEqual(wanted.toSorted())
      expect(got.length).toBeGreaterThan(0)
      await chain.reader[Symbol.asyncDispose]()
    }
  }), { numRuns: 25 })
}, 60_000)
