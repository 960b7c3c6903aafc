/**
 * Cuts the network between two homes and their PostgreSQL under load: packets vanish, nobody is told. Both homes, or one
 * alone, so that the other takes its work over. Then accounts for everything, as `crash.test.ts` does after kills.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CallOptions, type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { TaskflowsError } from '../../src/kernel/errors.ts'
import { missingForNetwork } from '../testbed/network.ts'
import { testAccounts } from './crash/account-suite.ts'
import { countUnfinished } from './crash/accounts.ts'
import { type Books, readBooks } from './crash/books.ts'
import { type CutSite, type HomeName, homeNames, openCutSite } from './crash/cut-site.ts'
import { type Follower, startFollower } from './crash/follower.ts'
import { readLedger } from './crash/ledger.ts'
import { type Load, startLoad } from './crash/load.ts'
import { createTokens, openRequests } from './crash/requests.ts'

interface Cut {
  readonly homes: readonly HomeName[]
  /** Random between these two, in milliseconds. */
  readonly from: number
  readonly to: number
}

/** The second is longer than a lease; so is the last, after which nobody has gone. */
const cuts: readonly Cut[] = [
  { homes: homeNames, from: 200, to: 2_000 },
  { homes: ['one'], from: 14_000, to: 17_000 },
  { homes: ['other'], from: 200, to: 5_000 },
  { homes: homeNames, from: 3_000, to: 6_000 },
  { homes: homeNames, from: 18_000, to: 20_000 },
]
const shortestPauseMs = 2_000
const longestPauseMs = 4_000
/** From the last healing until every job has ended: connections that hung are given up, leases renewed or rescued, delays and time-outs over. */
const settleMs = 45_000
/** A request that cannot reach the database is refused within: a statement given up, a look at what became of it, and its idempotency key freed, 10 s each. */
const refusalMs = 40_000

interface Refusal {
  /** Of the problem; none when it was answered after all. */
  readonly code: string | undefined
  readonly status: number | undefined
  readonly ms: number
}

const missing = missingForNetwork()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: cutting the network: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('after the network to PostgreSQL was cut under load', () => {
  let site: CutSite
  let load: Load
  let follower: Follower
  let books: Books
  const refusals: Refusal[] = []
  /** The numbers in the payloads of what was asked for during cuts; those of the load are positive. */
  const asked: number[] = []
  const lengths: number[] = []
  let told: { readonly said: readonly string[]; readonly code: number | null; readonly ms: number }
  let settledMs: number
  /** Attempts that were taken from workers that had not gone, after the last cut. */
  let needless: number
  /** The same of what was claimed by a statement that arrived when its sender had given it up: nobody has that. */
  let unheard: number
  /** Attempts that came to their end behind the cut, and had been given to others. */
  let fenced: number

  beforeAll(async () => {
    site = await openCutSite(process.env['TASKFLOWS_TEST_POSTGRES'] || '18')
    const servers = homeNames.map((name) => site.homes[name].server)
    const tokens = await createTokens(servers[0]!)
    load = startLoad(openRequests(() => servers, tokens))
    follower = startFollower(() => servers, tokens.operator)
    for (const cut of cuts.slice(0, -1)) {
      await pause(shortestPauseMs + Math.random() * (longestPauseMs - shortestPauseMs))
      await busy(cut.homes)
      await carryOut(cut)
    }
    await pause(longestPauseMs)
    const { stopped, healedAt } = await carryOutLast(cuts.at(-1)!)
    settledMs = (await untilSettled()) - healedAt
    await stopped
    // Requests that the last cut refused began to be repeated after the load had stopped.
    await load.requests.settled()
    await site.delivered()
    await untilSettled()
    books = await readBooks({ load, follower, server: servers[0]!, database: site.database, ledger: site.ledger })
    const { true: begun = [], false: claimed = [] } = Object.groupBy(lostSince(healedAt), ({ id, attempt }) => String(books.began.get(id)?.some((note) => note.attempt === attempt) ?? false))
    needless = begun.length
    unheard = claimed.length
    fenced = lostSince(0).filter(({ id, attempt }) => books.ended.get(id)?.some((note) => note.attempt === attempt)).length
    printSummary()
  }, 200_000)
  afterAll(async () => {
    await follower?.[Symbol.asyncDispose]()
    await site?.[Symbol.asyncDispose]()
  })

  /** Resolves while a worker of each of these homes has a job of a second in hand. */
  async function busy(homes: readonly HomeName[]): Promise<void> {
    for (;;) {
      const ids = new Set(await load.burst())
      for (let over = 0; over < ids.size; await pause(20)) {
        const notes = readLedger(site.ledger).filter(({ id }) => ids.has(id))
        const ended = new Set(notes.filter(({ what }) => what === 'ended').map(({ id }) => id))
        const at = new Set(notes.filter(({ id }) => !ended.has(id)).map(({ pid }) => pid))
        if (homes.every((name) => site.homes[name].workers.some((pid) => at.has(pid)))) return
        over = ended.size
      }
    }
  }

  async function carryOut({ homes, from, to }: Cut): Promise<void> {
    const ms = Math.round(from + Math.random() * (to - from))
    lengths.push(ms)
    for (const name of homes) site.homes[name].link.cut()
    const answers = homes.map((name) => ask(name))
    await pause(ms)
    for (const name of homes) site.homes[name].link.heal()
    refusals.push(...await Promise.all(answers))
  }

  /** The same, while `tf` is asked too, and after which nothing new is asked for. */
  async function carryOutLast(cut: Cut) {
    await load.burst()
    const cutting = carryOut(cut)
    const sentAt = Date.now()
    const program = site.homes.one.tf('jobs', 'add', 'quick')
    const stopped = Promise.all([load.stop(), site.stopCustomer()])
    const { code } = await program.ended
    told = { said: program.said, code, ms: Date.now() - sentAt }
    await cutting
    return { stopped, healedAt: Date.now() }
  }

  /** One request while the database of this home is out of reach. If it is refused, any server is asked the same under the same key until it answers. */
  async function ask(home: HomeName): Promise<Refusal> {
    const request = -1 - asked.length
    asked.push(request)
    const idempotencyKey = `asked ${request}`
    const add = ({ jobs }: Client<TaskflowsContract>, options: CallOptions) => jobs.add({ name: 'quick', max_attempts: 50, payload: { request } }, options)
    const sentAt = Date.now()
    const outcome = await add(connectTo(site.homes[home].server), { idempotencyKey }).then(() => undefined, (error: unknown) => error)
    const ms = Date.now() - sentAt
    if (outcome !== undefined) void load.requests.insist('host', idempotencyKey, add, () => {})
    const problem = outcome instanceof TaskflowsError ? outcome : undefined
    return { code: problem?.code, status: problem?.status, ms }
  }

  /** When it was. */
  async function untilSettled(): Promise<number> {
    const deadline = Date.now() + settleMs * 2
    const isSettled = async () => Object.values(await countUnfinished(site.database)).every((count) => count === 0)
    while (!(await isSettled()) && Date.now() < deadline) await pause(100)
    return Date.now()
  }

  function lostSince(at: number) {
    return [...books.jobs.values()].flatMap(({ id, attempts }) => attempts.filter(({ outcome, endedAt }) => outcome === 'lost' && endedAt >= at).map((attempt) => ({ id, ...attempt })))
  }

  function printSummary(): void {
    const outcomes = Map.groupBy([...books.jobs.values()].flatMap(({ attempts }) => attempts), ({ outcome }) => outcome)
    console.table({
      'cuts': lengths.map((ms, at) => `${cuts[at]!.homes.join(' and ')} ${(ms / 1000).toFixed(1)} s`).join(', '),
      'requests without an answer': load.requests.lost,
      'requests answered when they were repeated': load.requests.repeated,
      'longest until an answer or a refusal': `${(load.requests.longestMs / 1000).toFixed(1)} s`,
      'refusals during cuts': refusals.map(({ code, ms }) => `${code ?? 'answered'} ${(ms / 1000).toFixed(1)} s`).join(', '),
      'tf jobs add': `exit ${told.code} after ${(told.ms / 1000).toFixed(1)} s: ${told.said.join(' / ')}`,
      'jobs acknowledged': load.acknowledged.length,
      'jobs in the database': books.jobs.size,
      ...Object.fromEntries([...outcomes].map(([outcome, attempts]) => [`attempts: ${outcome}`, attempts.length])),
      'ends that came too late, and did not count': fenced,
      'lost after the last cut, though no worker had gone': needless,
      'lost after the last cut, since no worker heard of the claim': unheard,
      'orders committed': books.orders.length,
      'events, each seen once': books.log.length,
      'settled after the last healing within': `${(settledMs / 1000).toFixed(1)} s`,
    })
  }

  testAccounts(() => books)

  test('everything settles in time', () => {
    expect(settledMs).toBeLessThan(settleMs)
  })

  test('a worker that was cut off did not finish what others had taken over', () => {
    expect(fenced).toBeGreaterThan(0)
  })

  test('a worker whose lease ran out while nobody could renew any keeps what it has', () => {
    expect(needless).toBe(0)
  })

  test('requests are answered, or refused with 503, in time', () => {
    for (const { code, status, ms } of refusals) {
      expect(ms).toBeLessThan(refusalMs)
      if (code !== undefined) expect({ code, status }).toEqual({ code: 'database.unreachable', status: 503 })
    }
    expect(load.requests.longestMs).toBeLessThan(refusalMs)
    expect(refusals.some(({ code }) => code !== undefined)).toBe(true)
  })

  test('what was asked for during a cut, and again if it was refused, was done once', () => {
    const made = [...books.jobs.values()].filter(({ request }) => request !== null && request < 0)
    expect(made.map(({ request }) => request).toSorted()).toEqual(asked.toSorted())
  })

  test('tf says what happened', () => {
    expect(told.code).toBe(1)
    expect(told.said.join('\n')).toMatch(/PostgreSQL/)
    expect(told.ms).toBeLessThan(refusalMs + 2_000)
  })

  test('no program ended by itself', () => {
    expect(site.failures).toEqual([])
  })
})
