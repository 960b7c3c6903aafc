import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type EventWriters, openEventWriters, writeFact } from '../../../test/testbed/event-writers.ts'
import type { EventQuery, EventView } from '../events.ts'
import { newId } from '../ids.ts'
import type { Database } from './database.ts'
import { createEventLog } from './event-log.ts'

let site: EventWriters
let database: Database
let writers: readonly pg.Client[]
beforeAll(async () => {
  site = await openEventWriters(inject('postgresUrl'))
  ;({ database, writers } = site)
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(() => database.query('truncate taskflows.events'))

const list = (query: Partial<EventQuery> = {}, tenant: string | null = null) => createEventLog(database).list({ tenant }, { limit: 100, ...query })
const subjects = (items: readonly EventView[]) => items.map(({ subject }) => subject)

/** Reads on from a cursor until there is nothing more. */
async function drain(cursor: string | undefined, limit: number, query: Partial<EventQuery> = {}): Promise<{ items: EventView[]; cursor: string }> {
  const items: EventView[] = []
  let empty = 0
  for (let at = cursor; ; ) {
    const page = await list({ ...query, limit, ...(at === undefined ? {} : { cursor: at }) })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    at = page.nextCursor!
    // The first empty page may end what was visible when an earlier one began.
    empty = page.items.length === 0 ? empty + 1 : 0
    if (empty === 2) return { items, cursor: at }
  }
}

describe('the order of commits', () => {
  test('two transactions that commit in reverse order are both seen, by a reader that pages one by one in between', async () => {
    const [one, two] = writers as [pg.Client, pg.Client]
    const [early, late, third] = [newId(Date.now()), newId(Date.now()), newId(Date.now())]
    await one.query('begin')
    await writeFact(one, { ids: [early] })
    await writeFact(two, { ids: [late] })
    const first = await drain(undefined, 1)
    expect(subjects(first.items)).toEqual([late])
    await writeFact(two, { ids: [third] })
    await one.query('commit')
    const second = await drain(first.cursor, 1)
    expect(subjects(second.items)).toEqual([early, third])
    expect(Number.parseInt(second.items[0]!.id, 10)).toBeLessThan(Number.parseInt(first.items[0]!.id, 10))
  })

  test('what commits in the middle of a page by page read comes after what was visible at its start', async () => {
    const [one, two] = writers as [pg.Client, pg.Client]
    await one.query('begin')
    const inTime = [newId(Date.now()), newId(Date.now())]
    const late = newId(Date.now())
    await writeFact(one, { ids: [late] })
    for (const id of inTime) await writeFact(two, { ids: [id] })
    const first = await list({ limit: 1 })
    await one.query('commit')
    const rest = await drain(first.nextCursor!, 1)
    expect(subjects([...first.items, ...rest.items])).toEqual([...inTime, late])
  })

  const turns = fc.array(fc.oneof(
    fc.record({ kind: fc.constant('write' as const), writer: fc.nat(3), facts: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const), writer: fc.nat(3) }),
    fc.record({ kind: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  ), { maxLength: 30 })

  test('every committed fact is read exactly once, whatever is open at the time and however large the pages are', async () => {
    await fc.assert(fc.asyncProperty(turns, fc.integer({ min: 1, max: 5 }), async (script, lastLimit) => {
      await database.query('truncate taskflows.events')
      const open = new Map<number, { facts: string[]; began: number }>()
      const committed = new Map<string, { began: number; ended: number }>()
      const read: string[] = []
      let cursor: string | undefined
      const readOn = async (limit: number): Promise<void> => {
        const page = await list({ limit, ...(cursor === undefined ? {} : { cursor }) })
        read.push(...page.items.map(({ subject }) => subject!))
        cursor = page.nextCursor!
      }
      const end = async (writer: number, how: 'commit' | 'rollback', turn: number): Promise<void> => {
        await writers[writer]!.query(how)
        const { facts, began } = open.get(writer)!
        open.delete(writer)
        if (how === 'commit') for (const fact of facts) committed.set(fact, { began, ended: turn })
      }
      for (const [turn, deed] of script.entries()) {
        if (deed.kind === 'read') await readOn(deed.limit)
        else if (deed.kind === 'write') {
          const writer = writers[deed.writer]!
          if (!open.has(deed.writer)) {
            await writer.query('begin')
            open.set(deed.writer, { facts: [], began: turn })
          }
          const ids = Array.from({ length: deed.facts }, () => newId(Date.now()))
          await writeFact(writer, { ids })
          open.get(deed.writer)!.facts.push(...ids)
        } else if (open.has(deed.writer)) await end(deed.writer, deed.kind, turn)
      }
      for (const writer of [...open.keys()]) await end(writer, 'commit', script.length)
      const rest = await drain(cursor, lastLimit)
      read.push(...rest.items.map(({ subject }) => subject!))

      expect(read.toSorted()).toEqual([...committed.keys()].toSorted())
      // What was over before another began comes before it.
      for (const [at, fact] of read.entries()) {
        for (const later of read.slice(at + 1)) expect(committed.get(later)!.ended >= committed.get(fact)!.began).toBe(true)
      }
    }), { numRuns: 40 })
  })
})

describe('a batch', () => {
  test('is told fact by fact, each with its own tenant, name, correlation and data', async () => {
    const ids = [newId(Date.now()), newId(Date.now())]
    await writeFact(writers[0]!, { type: 'jobs.failed', ids, tenants: ['a', 'b'], names: ['x', 'y'], correlations: ['c', ids[1]!], data: '[{"n":1},{"n":2}]' })
    const { items } = await list()
    const seq = items[0]!.id.split('.')[0]
    expect(items).toMatchObject([
      { id: `${seq}.1`, type: 'job.failed', subject: ids[0], tenant: 'a', name: 'x', correlationId: 'c', data: { n: 1 } },
      { id: `${seq}.2`, type: 'job.failed', subject: ids[1], tenant: 'b', name: 'y', correlationId: ids[1], data: { n: 2 } },
    ])
  })

  test('whose facts are alike keeps the common part once', async () => {
    const ids = Array.from({ length: 5 }, () => newId(Date.now()))
    await writeFact(writers[0]!, { ids, data: '{"n":1}' })
    const { items } = await list()
    expect(items.map(({ subject, tenant, name, data }) => ({ subject, tenant, name, data }))).toEqual(ids.map((subject) => ({ subject, tenant: 'default', name: 'work', data: { n: 1 } })))
  })

  test('longer than a page is read page by page', async () => {
    const ids = Array.from({ length: 23 }, () => newId(Date.now()))
    await writeFact(writers[0]!, { ids })
    expect(subjects((await drain(undefined, 5)).items)).toEqual(ids)
  })
})

describe('filters', () => {
  test('a type, or all of a kind', async () => {
    for (const type of ['jobs.added', 'jobs.succeeded', 'rules.fired']) await writeFact(writers[0]!, { type })
    const types = async (type: string) => (await list({ type })).items.map((item) => item.type)
    expect(await types('job.added')).toEqual(['job.added'])
    expect(await types('job.*')).toEqual(['job.added', 'job.succeeded'])
    expect(await types('rule.*')).toEqual(['rule.fired'])
    expect(await types('*')).toEqual(['job.added', 'job.succeeded', 'rule.fired'])
    expect(await types('jo.*')).toEqual([])
  })

  test('a tenant, out of a batch of several, page by page', async () => {
    const ids = Array.from({ length: 30 }, () => newId(Date.now()))
    await writeFact(writers[0]!, { ids, tenants: ids.map((_, at) => (at % 3 === 0 ? 'acme' : 'other')) })
    const acme = ids.filter((_, at) => at % 3 === 0)
    expect(subjects((await list({ tenant: 'acme' })).items)).toEqual(acme)
    expect(subjects((await drain(undefined, 3, { tenant: 'acme' })).items)).toEqual(acme)
  })

  test('a bound reader sees its own tenant, and neither others nor what belongs to none', async () => {
    const mine = newId(Date.now())
    await writeFact(writers[0]!, { ids: [mine, newId(Date.now())], tenants: ['acme', 'other'] })
    await writers[0]!.query(`insert into taskflows.events (at, type, subject) values (taskflows.now(), 'servers.started', 'host')`)
    expect(subjects((await list({}, 'acme')).items)).toEqual([mine])
    expect((await list({ tenant: 'other' }, 'acme')).items).toEqual([])
    expect((await list()).items.at(-1)).toMatchObject({ type: 'server.started', subject: 'host', tenant: null, data: {} })
  })

  test('a subject, a correlation, a moment', async () => {
    const [one, two] = [newId(Date.now()), newId(Date.now())]
    await writeFact(writers[0]!, { ids: [one, two], correlations: ['order-7', two] })
    expect(subjects((await list({ subject: two })).items)).toEqual([two])
    expect(subjects((await list({ correlationId: 'order-7' })).items)).toEqual([one])
    expect(subjects((await list({ correlationId: two })).items)).toEqual([two])
    expect((await list({ since: Date.now() + 60_000 })).items).toEqual([])
    expect((await list({ since: Date.now() - 60_000 })).items).toHaveLength(2)
  })
})

describe('a cursor', () => {
  test('of another database is gone', async () => {
    const [identity] = await database.query<{ id: string }>('select id from taskflows.installation')
    const { nextCursor } = await list()
    await database.query('update taskflows.installation set id = gen_random_uuid()')
    await expect(list({ cursor: nextCursor! })).rejects.toMatchObject({ code: 'cursor.gone', status: 410 })
    await database.query('update taskflows.installation set id = $1::uuid', [identity!.id])
    await expect(list({ cursor: nextCursor! })).resolves.toBeDefined()
  })

  test('that is not one of ours is refused, never an error of the database', async () => {
    const [of] = (await list()).nextCursor!.split('.')
    const json = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
    const forged = [
      'x', '!!!', 'e30', 'bnVsbA', 'é'.repeat(500), '.....', `${of}`, `${of}.no.0.0..0.0.0`, `${of}.5:3:.0.0..0.0.0`, `${of}.0:0:.0.0..0.0.0`, `${of}.5:5:.0.0..0.0`,
      `${of}.5:5:.0.0..x.0.0`, `${of}.5:5:.0.0..99999999999999999999.0.0`, `${of}.5:5:.0.0..0.0.9999999999`, `${of}.5:5:.0.0..0.0.0.1`, `${of}.5:5:.0.0..0.-1.0`,
      json(), json(of, 'no', null, 0, 0), json(of, '5:3:', null, 0, 0), json(of, '0:0:', null, 0, 0), json(of, '5:5:', null, 'x', 0), json(of, '5:5:', null, 0, 1e12),
    ]
    for (const cursor of ['', ...forged]) await expect(list({ cursor }), cursor).rejects.toMatchObject({ code: 'cursor.invalid', status: 400 })
  })

  test('of version 0.1 goes on where it was, also in the middle of a window', async () => {
    const ids = Array.from({ length: 6 }, () => newId(Date.now()))
    for (const pair of [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]) await writeFact(writers[0]!, { ids: pair })
    const { items, nextCursor } = await list()
    const [of, seen] = nextCursor!.split('.')
    const [seq, place] = items[2]!.id.split('.').map(Number)
    const cursor = Buffer.from(JSON.stringify([of, null, seen, seq, place])).toString('base64url')
    expect(subjects((await drain(cursor, 2)).items)).toEqual(ids.slice(3))
    const end = Buffer.from(JSON.stringify([of, seen, null, 0, 0])).toString('base64url')
    expect((await list({ cursor: end })).items).toEqual([])
  })

  test('is there after an empty page too, so that a reader can wait for what comes', async () => {
    const { nextCursor } = await list()
    const id = newId(Date.now())
    await writeFact(writers[0]!, { ids: [id] })
    expect(subjects((await list({ cursor: nextCursor! })).items)).toEqual([id])
  })
})
