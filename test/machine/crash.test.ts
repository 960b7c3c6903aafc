/**
 * Kills servers, workers, a customer's program, PostgreSQL and all of them under load, TASKFLOWS_CRASH_KILLS times
 * (default 200), and then accounts for every job, order, effect and event.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectTo } from '../../src/client/index.ts'
import { type JobRecord, countUnfinished, paidAttempts, readEffects, readJobs, readOrders } from './crash/accounts.ts'
import { type Follower, startFollower } from './crash/follower.ts'
import { type Act, type Note, readLedger } from './crash/ledger.ts'
import { type Load, startLoad } from './crash/load.ts'
import { createTokens, openRequests } from './crash/requests.ts'
import { type CrashSite, type Target, openCrashSite } from './crash/site.ts'
import { processesOf, untilNothingIsLeft } from './embedded/harness.ts'

const kills = Number(process.env['TASKFLOWS_CRASH_KILLS'] ?? 200)
/** In turn; the moments are random. */
const order: readonly Target[] = ['worker', 'postmaster', 'worker', 'server', 'customer', 'backend', 'worker', 'server', 'everything', 'server']
const shortestPauseMs = 50
const longestPauseMs = 900
/** A target that is away is waited for, which takes as long as a start of everything. */
const longestKillMs = 10_000
/** A lease of a worker that died with the last kill expires after 10 s; what then runs has time-outs and delays of a second. */
const settleMs = 60_000
/** A request whose server died with its idempotency key reserved may be tried again after a minute. */
const abandonedMs = 60_000

describe.skipIf(process.platform !== 'linux')(`after ${kills} kills under load`, () => {
  let site: CrashSite
  let load: Load
  let follower: Follower
  let jobs: Map<string, JobRecord>
  let notes: Map<Act, Note[]>
  let began: Map<string, Note[]>
  let ended: Map<string, Note[]>
  const killedAt = new Map<number, number>()
  const counts = new Map<Target, number>()
  /** The workers of the last kill, which nothing else disturbed. */
  const alone: number[] = []

  beforeAll(async () => {
    site = await openCrashSite({ servers: 2, workers: 4 })
    const tokens = await createTokens(site.servers()[0]!)
    load = startLoad(openRequests(site.servers, tokens))
    follower = startFollower(site.servers, tokens.operator)
    for (let count = 0; count < kills; count += 1) {
      await pause(shortestPauseMs + Math.random() * (longestPauseMs - shortestPauseMs))
      await killOne(order[count % order.length]!)
    }
    await site.ready()
    await killWorkersAlone()
    await load.stop()
    await site.stop('customer')
    await untilSettled()
    jobs = await readJobs(site.database)
    notes = Map.groupBy(readLedger(site.ledger), ({ what }) => what)
    began = Map.groupBy(notes.get('began')!, ({ id }) => id)
    ended = Map.groupBy(notes.get('ended')!, ({ id }) => id)
    printSummary()
  }, settleMs + abandonedMs + 60_000 + kills * (longestPauseMs + longestKillMs / order.length))
  afterAll(async () => {
    await follower[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })

  /** A target that is away at the moment is waited for: its absence is no kill. */
  async function killOne(target: Target): Promise<void> {
    let pids = site.kill(target)
    for (; pids.length === 0; pids = site.kill(target)) await pause(20)
    for (const pid of pids) killedAt.set(pid, Date.now())
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }

  /** The last kill, of workers that have their hands full while everything else is well. */
  async function killWorkersAlone(): Promise<void> {
    let ids = await load.burst()
    // The answer may be lost to the kill before this one.
    while (ids.length === 0) ids = await load.burst()
    const underWay = () => readLedger(site.ledger).filter(({ what, id }) => what === 'began' && ids.includes(id)).length
    while (underWay() < ids.length / 2) await pause(20)
    alone.push(...site.kill('workers'))
    for (const pid of alone) killedAt.set(pid, Date.now())
  }

  async function untilSettled(): Promise<void> {
    const deadline = Date.now() + settleMs
    const isSettled = async () => Object.values(await countUnfinished(site.database)).every((count) => count === 0)
    while (!(await isSettled()) && Date.now() < deadline) await pause(200)
  }

  /** Milliseconds from the death of a worker to the next attempt at what it had, for each attempt it took with it. */
  function rerunDelays(of: (pid: number) => boolean): number[] {
    return [...jobs.values()].flatMap(({ attempts }) => attempts.flatMap(({ outcome, pid }, at) => {
      const died = pid !== null && of(pid) ? killedAt.get(pid) : undefined
      const next = attempts[at + 1]?.startedAt
      return outcome === 'lost' && died !== undefined && typeof next === 'number' && next > died ? [next - died] : []
    }))
  }

  /** The ids of all events. */
  async function readLog(): Promise<string[]> {
    const { events } = connectTo(site.servers()[0]!)
    const ids: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await events.list({ limit: 1000, ...(cursor === undefined ? { since: '1970-01-01T00:00:00Z' } : { cursor }) })
      if (page.items.length === 0) return ids
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor!
    }
  }

  function printSummary(): void {
    const outcomes = Map.groupBy([...jobs.values()].flatMap(({ attempts }) => attempts), ({ outcome }) => outcome)
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
    const longest = (delays: number[]) => seconds(Math.max(0, ...delays))
    console.table({
      ...Object.fromEntries([...counts].map(([target, count]) => [`kills: ${target}`, count])),
      'requests without an answer': load.requests.lost,
      'requests answered when they were repeated': load.requests.repeated,
      'jobs acknowledged': load.acknowledged.length,
      'jobs in the database': jobs.size,
      'orders committed': notes.get('committed')!.length,
      'orders rolled back': notes.get('rolled-back')!.length,
      'breaks of the event stream': follower.breaks,
      ...Object.fromEntries([...outcomes].map(([outcome, attempts]) => [`attempts: ${outcome}`, attempts.length])),
      'begun again after a kill among others': longest(rerunDelays((pid) => !alone.includes(pid))),
      'begun again after a kill of workers alone': longest(rerunDelays((pid) => alone.includes(pid))),
    })
  }

  test('nothing is unfinished', async () => {
    expect(await countUnfinished(site.database)).toEqual({ ready: 0, held: 0, leases: 0, awaited_ends: 0, dependencies: 0 })
  })

  test('every acknowledged job exists and ended as its kind must', () => {
    expect(load.acknowledged.length).toBeGreaterThan(kills * 10)
    const wrong = load.acknowledged.map(({ id, ends }) => ({ id, ends, ended: finalOf(jobs.get(id)) }))
    expect(wrong.filter((job) => !(job.ends as readonly unknown[]).includes(job.ended))).toEqual([])
  })

  test('the API says the same', async () => {
    const client = connectTo(site.servers()[0]!)
    let seen = 0
    let cursor: string | undefined
    do {
      const page = await client.jobs.list({ limit: 1000, ...(cursor !== undefined && { cursor }) })
      for (const { id, state, attempts } of page.items) {
        const begun = jobs.get(id)!.attempts.filter(({ startedAt }) => startedAt !== null)
        expect({ id, state, attempts }).toEqual({ id, state: finalOf(jobs.get(id)), attempts: begun.length })
      }
      seen += page.items.length
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toBe(jobs.size)
  })

  test('every request was carried out once and as a whole, answered or not', () => {
    const made = Map.groupBy([...jobs.values()].filter(({ request }) => request !== null), ({ request }) => request)
    const wrong = load.acknowledged.filter(({ request, together }) => made.get(request)!.length !== together)
    expect(wrong).toEqual([])
    const known = new Set(load.acknowledged.map(({ request }) => request))
    // Of an unanswered request there is no telling how many jobs it held, but kinds differ in size.
    expect([...made].filter(([request, { length }]) => !known.has(request!) && ![1, 2, 4, 50].includes(length))).toEqual([])
    expect(load.requests.repeated).toBeGreaterThan(0)
  })

  test('a request that was told of an unfinished job with its unique key made none, and no two jobs of one key ran side by side', () => {
    const keyed = [...jobs.values()].filter(({ uniqueKey }) => uniqueKey !== null)
    expect(load.existing.filter(({ id, request, uniqueKey }) => jobs.get(id)?.uniqueKey !== uniqueKey || keyed.some((job) => job.request === request))).toEqual([])
    expect(load.existing.length).toBeGreaterThan(0)
    for (const [, ofKey] of Map.groupBy(keyed, ({ uniqueKey }) => uniqueKey)) {
      const spans = ofKey.map(({ id }) => ({ id, from: began.get(id)![0]!.at, to: ended.get(id)!.at(-1)!.at })).toSorted((one, other) => one.from - other.from)
      expect(spans.filter(({ from }, at) => at > 0 && from < spans[at - 1]!.to)).toEqual([])
    }
  })

  test('an order and its job are both there, once, or neither is, as the customer was told', async () => {
    const orders = await readOrders(site.database)
    const ordered = [...jobs.values()].flatMap(({ order: id }) => id ?? [])
    expect(ordered.toSorted()).toEqual(orders.toSorted())
    const there = new Set(orders)
    expect(notes.get('committed')!.filter(({ id }) => !there.has(id))).toEqual([])
    expect(notes.get('rolled-back')!.filter(({ id }) => there.has(id))).toEqual([])
    expect([...jobs.values()].filter((job) => job.order !== null && finalOf(job) !== 'SUCCEEDED')).toEqual([])
    expect(orders.length).toBeGreaterThan(kills / 10)
  })

  test('the effects of handlers that complete in a transaction are those of the attempts that succeeded', async () => {
    const effects = await readEffects(site.database)
    expect(effects).toEqual(paidAttempts(jobs.values()))
    expect(effects.length).toBeGreaterThan(0)
  })

  test('a follower that went from server to server has seen each event of the log once', async () => {
    const log = await readLog()
    await Promise.race([follower.hasSeen(log.length), follower.failed])
    expect(follower.seen.toSorted()).toEqual(log.toSorted())
    expect(follower.breaks).toBeGreaterThan(0)
  })

  test('the attempts at a job are numbered from 1 without gaps, and the last one alone is final', () => {
    const wrong = [...jobs.values()].filter(({ attempts }) => attempts.length === 0 || attempts.some(({ attempt, final }, at) => attempt !== at + 1 || (final !== null) !== (at === attempts.length - 1)))
    expect(wrong).toEqual([])
  })

  test('no attempt was begun twice, and what succeeded had come to its end', () => {
    const twice = [...began.values()].flat().filter(({ id, attempt }) => began.get(id)!.filter((note) => note.attempt === attempt).length > 1)
    expect(twice).toEqual([])
    const neverRan = [...jobs.values()].filter(({ id, name, attempts }) => {
      const last = attempts.at(-1)!
      // One that completes in a transaction may be killed behind its commit: its effect is what tells.
      return name !== 'paid' && last.final === 'SUCCEEDED' && !ended.get(id)?.some(({ attempt }) => attempt === last.attempt)
    })
    expect(neverRan).toEqual([])
  })

  test('no job began before the jobs it waits for had succeeded', () => {
    const early = load.acknowledged.flatMap(({ id, parents }) => {
      const first = Math.min(...(began.get(id) ?? []).map(({ at }) => at))
      return parents.filter((parent) => first < Infinity && (finalOf(jobs.get(parent)) !== 'SUCCEEDED' || Math.floor(jobs.get(parent)!.endedAt) > first)).map((parent) => ({ id, parent }))
    })
    expect(early).toEqual([])
    expect(load.acknowledged.filter(({ parents, id }) => parents.length > 0 && began.has(id)).length).toBeGreaterThan(0)
  })

  test('the event log tells of one addition, of each retry, and of one end', () => {
    const wrong = [...jobs.values()].filter(({ attempts, events }) => {
      const { 'jobs.added': added, 'jobs.retried': retried = 0, 'jobs.released': _released, ...ends } = events
      return added !== 1 || retried !== attempts.length - 1 || JSON.stringify(ends) !== JSON.stringify({ [`jobs.${attempts.at(-1)!.final!.toLowerCase()}`]: 1 })
    })
    expect(wrong).toEqual([])
  })

  test('what killed workers had begun began again within 15 s', () => {
    const delays = rerunDelays((pid) => alone.includes(pid))
    expect(delays.length).toBeGreaterThan(0)
    expect(Math.max(...delays)).toBeLessThan(15_000)
  })

  test('no answer was unforeseen, and no program ended by itself', () => {
    expect(load.requests.surprises).toEqual([])
    expect(site.failures).toEqual([])
  })

  test('nothing of the home is left 30 s after a kill of everything', { timeout: 40_000 }, async () => {
    site.leave()
    expect(processesOf(site.home).length).toBeGreaterThan(5)
    site.kill('everything')
    await untilNothingIsLeft(site.home)
  })
})

function finalOf(job: JobRecord | undefined): string | null | undefined {
  return job?.attempts.at(-1)?.final
}
