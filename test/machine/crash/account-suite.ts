/** What must be true when work went on through any number of failures: nothing lost, nothing twice, and every side says the same. */
import { expect, test } from 'vitest'
import { connectTo } from '../../../src/client/index.ts'
import { countUnfinished, paidAttempts } from './accounts.ts'
import { type Books, finalOf } from './books.ts'

export function testAccounts(books: () => Books): void {
  test('nothing is unfinished', async () => {
    expect(await countUnfinished(books().database)).toEqual({ ready: 0, held: 0, leases: 0, awaited_ends: 0, dependencies: 0 })
  })

  test('every acknowledged job exists and ended as its kind must', () => {
    const { load, jobs } = books()
    const wrong = load.acknowledged.map(({ id, ends }) => ({ id, ends, ended: finalOf(jobs.get(id)) }))
    expect(wrong.filter((job) => !(job.ends as readonly unknown[]).includes(job.ended))).toEqual([])
  })

  test('the API says the same', async () => {
    const { server, jobs } = books()
    const client = connectTo(server)
    let seen = 0
    let cursor: string | undefined
    do {
      const page = await client.jobs.list({ limit: 1000, ...(cursor !== undefined && { cursor }) })
      for (const { id, name, state, attempts, created_at } of page.items) {
        expect(jobs.has(id), `${name} ${id} of ${created_at} came after the books were read`).toBe(true)
        const begun = jobs.get(id)!.attempts.filter(({ startedAt }) => startedAt !== null)
        expect({ id, state, attempts }).toEqual({ id, state: finalOf(jobs.get(id)), attempts: begun.length })
      }
      seen += page.items.length
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toBe(jobs.size)
  })

  test('every request was carried out once and as a whole, answered at once, when it was repeated, or never', () => {
    const { load, jobs } = books()
    const made = Map.groupBy([...jobs.values()].filter(({ request }) => request !== null), ({ request }) => request!)
    const wrong = load.acknowledged.filter(({ request, together }) => made.get(request)!.length !== together)
    expect(wrong).toEqual([])
    const known = new Set(load.acknowledged.map(({ request }) => request))
    // Of an unanswered request there is no telling how many jobs it held, but kinds differ in size.
    expect([...made].filter(([request, { length }]) => !known.has(request) && ![1, 2, 4, 50].includes(length))).toEqual([])
  })

  test('a request that was told of an unfinished job with its unique key made none, and no two jobs of one key ran side by side', () => {
    const { load, jobs, began, ended } = books()
    const keyed = [...jobs.values()].filter(({ uniqueKey }) => uniqueKey !== null)
    expect(load.existing.filter(({ id, request, uniqueKey }) => jobs.get(id)?.uniqueKey !== uniqueKey || keyed.some((job) => job.request === request))).toEqual([])
    expect(load.existing.length).toBeGreaterThan(0)
    for (const [, ofKey] of Map.groupBy(keyed, ({ uniqueKey }) => uniqueKey)) {
      const spans = ofKey.map((job) => spanOf(job.id, job.attempts.at(-1)!.attempt)).toSorted((one, other) => one.from - other.from)
      expect(spans.filter(({ from }, at) => at > 0 && from < spans[at - 1]!.to)).toEqual([])
    }

    /** From the first begin to the end that was recorded; a worker that lost its lease may run on. */
    function spanOf(id: string, last: number): { id: string; from: number; to: number } {
      return { id, from: began.get(id)![0]!.at, to: ended.get(id)!.find(({ attempt }) => attempt === last)!.at }
    }
  })

  test('the attempts at a job are numbered from 1 without gaps, and the last one alone is final', () => {
    const wrong = [...books().jobs.values()].filter(({ attempts }) => attempts.length === 0 || attempts.some(({ attempt, final }, at) => attempt !== at + 1 || (final !== null) !== (at === attempts.length - 1)))
    expect(wrong).toEqual([])
  })

  test('no attempt was begun twice, and what succeeded had come to its end', () => {
    const { jobs, began, ended } = books()
    const twice = [...began.values()].flat().filter(({ id, attempt }) => began.get(id)!.filter((note) => note.attempt === attempt).length > 1)
    expect(twice).toEqual([])
    const neverRan = [...jobs.values()].filter(({ id, name, attempts }) => {
      const last = attempts.at(-1)!
      // One that completes in a transaction may be killed behind its commit: its effect is what tells.
      return name !== 'paid' && last.final === 'SUCCEEDED' && !ended.get(id)?.some(({ attempt }) => attempt === last.attempt)
    })
    expect(neverRan).toEqual([])
  })

  test('the effects of handlers that complete in a transaction are those of the attempts that succeeded', () => {
    const { effects, jobs } = books()
    expect(effects).toEqual(paidAttempts(jobs.values()))
    expect(effects.length).toBeGreaterThan(0)
  })

  test('an order and its job are both there, once, or neither is, as the customer was told', () => {
    const { orders, jobs, notes } = books()
    const ordered = [...jobs.values()].flatMap(({ order }) => order ?? [])
    expect(ordered.toSorted()).toEqual(orders.toSorted())
    const there = new Set(orders)
    expect(notes.get('committed')!.filter(({ id }) => !there.has(id))).toEqual([])
    expect(notes.get('rolled-back')!.filter(({ id }) => there.has(id))).toEqual([])
    expect([...jobs.values()].filter((job) => job.order !== null && finalOf(job) !== 'SUCCEEDED')).toEqual([])
  })

  test('no job began before the jobs it waits for had succeeded', () => {
    const { load, jobs, began } = books()
    const early = load.acknowledged.flatMap(({ id, parents }) => {
      const first = Math.min(...(began.get(id) ?? []).map(({ at }) => at))
      return parents.filter((parent) => first < Infinity && (finalOf(jobs.get(parent)) !== 'SUCCEEDED' || Math.floor(jobs.get(parent)!.endedAt) > first)).map((parent) => ({ id, parent }))
    })
    expect(early).toEqual([])
    expect(load.acknowledged.filter(({ parents, id }) => parents.length > 0 && began.has(id)).length).toBeGreaterThan(0)
  })

  test('the event log tells of one addition, of each retry, and of one end', () => {
    const wrong = [...books().jobs.values()].filter(({ attempts, events }) => {
      const { 'jobs.added': added, 'jobs.retried': retried = 0, 'jobs.released': _released, ...ends } = events
      return added !== 1 || retried !== attempts.length - 1 || JSON.stringify(ends) !== JSON.stringify({ [`jobs.${attempts.at(-1)!.final!.toLowerCase()}`]: 1 })
    })
    expect(wrong).toEqual([])
  })

  test('a follower of the event log that goes from server to server has seen each event once', async () => {
    const { follower, log } = books()
    await Promise.race([follower.hasSeen(log.length), follower.failed])
    expect(follower.seen.toSorted()).toEqual(log.toSorted())
  })

  test('no answer was unforeseen', () => {
    expect(books().load.requests.surprises).toEqual([])
  })
}
