/**
 * Kills servers, workers, a customer's program, PostgreSQL and all of them under load, TASKFLOWS_CRASH_KILLS times
 * (default 40), and then accounts for every job, order, effect and event. How soon things happen on a quiet machine is for
 * `crash-worker.test.ts`.
 */
import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testAccounts } from './crash/account-suite.ts'
import { countUnfinished } from './crash/accounts.ts'
import { type Books, readBooks } from './crash/books.ts'
import { type Follower, startFollower } from './crash/follower.ts'
import { readLedger } from './crash/ledger.ts'
import { type Load, startLoad } from './crash/load.ts'
import { createTokens, openRequests } from './crash/requests.ts'
import { type CrashSite, type Target, openCrashSite } from './crash/site.ts'
import { processesOf, untilNothingIsLeft } from './embedded/harness.ts'

const kills = Number(process.env['TASKFLOWS_CRASH_KILLS'] ?? 40)
/** In turn; the moments are random. */
const order: readonly Target[] = [
  'worker', 'postmaster', 'worker', 'server', 'customer', 'worker', 'backend', 'server', 'worker', 'server',
  'worker', 'backend', 'worker', 'server', 'customer', 'worker', 'postmaster', 'server', 'worker', 'everything',
]
const shortestPauseMs = 50
const longestPauseMs = 600
/** What was killed is waited for, beside other tests. After a kill of everything that takes as long as a start of everything. */
const usualAbsenceMs = 4_000
const longestAbsenceMs = 60_000
/** A lease of a worker that died with the last kill expires after 10 s; what then runs has time-outs and delays of a second. */
const settleMs = 60_000
/** A request whose server died with its idempotency key reserved may be tried again after a minute. */
const abandonedMs = 60_000

describe.skipIf(process.platform !== 'linux')(`after ${kills} kills under load`, () => {
  let site: CrashSite
  let load: Load
  let follower: Follower
  let books: Books
  const counts = new Map<Target, number>()
  /** The workers of the last kill, which nothing else disturbed. */
  const alone: number[] = []
  let aloneKilledAt: number

  beforeAll(async () => {
    site = await openCrashSite({ servers: 2, workers: 4 })
    const tokens = await createTokens(site.servers()[0]!)
    load = startLoad(openRequests(site.servers, tokens))
    follower = startFollower(site.servers, tokens.operator)
    for (let count = 0; count < kills; count += 1) {
      await pause(shortestPauseMs + Math.random() * (longestPauseMs - shortestPauseMs))
      // Every other kill hits while things come up.
      if (count % 2 === 0) await progress()
      await killOne(order[count % order.length]!)
    }
    await site.ready()
    await killWorkersAlone()
    await load.stop()
    await site.stop('customer')
    await untilSettled()
    books = await readBooks({ load, follower, server: site.servers()[0]!, database: site.database, ledger: site.ledger })
    printSummary()
  }, settleMs + abandonedMs + 60_000 + kills * (longestPauseMs + usualAbsenceMs))
  afterAll(async () => {
    await follower[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })

  /** Resolves when jobs were added and jobs have begun since now. */
  async function progress(): Promise<void> {
    const [adds, notes] = [load.acknowledged.length, statSync(site.ledger).size]
    const deadline = Date.now() + longestAbsenceMs
    while (load.acknowledged.length === adds || statSync(site.ledger).size === notes) {
      if (Date.now() > deadline) throw new Error(`Nothing went on for ${longestAbsenceMs / 1000} s. ${site.describe()}`)
      await pause(20)
    }
  }

  /** A target that is away at the moment is waited for: its absence is no kill. */
  async function killOne(target: Target): Promise<void> {
    const deadline = Date.now() + longestAbsenceMs
    while (site.kill(target).length === 0) {
      if (Date.now() > deadline) throw new Error(`There was no ${target} to kill for ${longestAbsenceMs / 1000} s. ${site.describe()}`)
      await pause(20)
    }
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }

  /** The last kill, of workers that have their hands full while everything else is well. */
  async function killWorkersAlone(): Promise<void> {
    const ids = await load.burst()
    const underWay = () => readLedger(site.ledger).filter(({ what, id }) => what === 'began' && ids.includes(id)).length
    while (underWay() < ids.length / 2) await pause(20)
    alone.push(...site.kill('workers'))
    aloneKilledAt = Date.now()
  }

  async function untilSettled(): Promise<void> {
    const deadline = Date.now() + settleMs
    const isSettled = async () => Object.values(await countUnfinished(site.database)).every((count) => count === 0)
    while (!(await isSettled()) && Date.now() < deadline) await pause(200)
  }

  /** Milliseconds from the death of the workers that were killed last to the next attempt at what they had, for each attempt they took with them. */
  function rerunDelays(): number[] {
    return [...books.jobs.values()].flatMap(({ attempts }) => attempts.flatMap(({ outcome, pid }, at) => {
      const died = pid !== null && alone.includes(pid) ? aloneKilledAt : undefined
      const next = attempts[at + 1]?.startedAt
      return outcome === 'lost' && died !== undefined && typeof next === 'number' && next > died ? [next - died] : []
    }))
  }

  function printSummary(): void {
    const outcomes = Map.groupBy([...books.jobs.values()].flatMap(({ attempts }) => attempts), ({ outcome }) => outcome)
    console.table({
      ...Object.fromEntries([...counts].map(([target, count]) => [`kills: ${target}`, count])),
      'requests without an answer': load.requests.lost,
      'requests answered when they were repeated': load.requests.repeated,
      'jobs acknowledged': load.acknowledged.length,
      'jobs in the database': books.jobs.size,
      ...Object.fromEntries([...outcomes].map(([outcome, attempts]) => [`attempts: ${outcome}`, attempts.length])),
      'orders committed': books.orders.length,
      'events, each seen once': books.log.length,
      'breaks of the event stream': follower.breaks,
      'longest until killed workers were replaced': `${(Math.max(...rerunDelays()) / 1000).toFixed(1)} s`,
    })
  }

  testAccounts(() => books)

  test('there was work all the time', () => {
    expect(load.acknowledged.length).toBeGreaterThan(kills * 10)
    expect(books.orders.length).toBeGreaterThan(kills / 10)
    expect(follower.breaks).toBeGreaterThan(0)
    expect(load.requests.repeated).toBeGreaterThan(0)
  })

  // After 15 s at most on a machine that does nothing else; here other tests run beside, and other jobs are in front of them.
  test('what killed workers had begun began again within 30 s', () => {
    const delays = rerunDelays()
    expect(delays.length).toBeGreaterThan(0)
    expect(Math.max(...delays)).toBeLessThan(30_000)
  })

  test('no program ended by itself', () => {
    expect(site.failures).toEqual([])
  })

  test('nothing of the home is left 30 s after a kill of everything', { timeout: 40_000 }, async () => {
    site.leave()
    expect(processesOf(site.home).length).toBeGreaterThan(5)
    site.kill('everything')
    await untilNothingIsLeft(site.home)
  })
})
