import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServiceRun } from '../ledger/service-run.ts'
import { type Circumstances, judgeSlots } from './judge-slots.ts'

const run = (startedAt: number, endedAt: number | null, changes: Partial<ServiceRun> = {}): ServiceRun => ({
  host: 'db1', scope: 'user', service: 'report', invocationId: startedAt.toString(16).padStart(32, '0'), state: endedAt === null ? 'running' : 'succeeded', startedAt, endedAt,
  result: null, exitCode: null, exitSignal: null, cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null, ...changes,
})
const usual: Circumstances = { now: 1e9, toleranceMs: 1000, overlap: undefined, timerSince: 0, managerSince: 0, outages: [] }
const judge = (slots: readonly number[], runs: readonly ServiceRun[], changes: Partial<Circumstances> = {}) => judgeSlots(slots, runs, { ...usual, ...changes })
const told = (...given: Parameters<typeof judge>) => judge(...given).map(({ slot, verdict, cause }) => `${slot} ${verdict}${cause === 'none' ? '' : ` ${cause}`}`)

const minute = 60_000

describe('a slot', () => {
  test('is on time with a run within the tolerance, late with a later one', () => {
    expect(told([minute, 2 * minute], [run(minute + 900, minute + 950), run(2 * minute + 1100, 2 * minute + 1200)])).toEqual([`${minute} on_time`, `${2 * minute} late unknown`])
  })

  test('is due until its tolerance is over, then overdue, and missed when the next one has come', () => {
    expect(told([minute], [], { now: minute + 999 })).toEqual([`${minute} due`])
    expect(told([minute], [], { now: minute + 1000 })).toEqual([`${minute} overdue unknown`])
    expect(told([minute, 2 * minute], [], { now: 2 * minute })).toEqual([`${minute} missed unknown`, `${2 * minute} due`])
  })

  test('without a run tells what stood in its way', () => {
    const reasonOf = (changes: Partial<Circumstances>) => judge([minute], [], { now: 10 * minute, ...changes })[0]
    expect(reasonOf({ outages: [{ from: 50_000, until: 70_000 }] })).toMatchObject({ verdict: 'missed', cause: 'host_down', reason: 'the machine was down from 1970-01-01T00:00:50.000Z to 1970-01-01T00:01:10.000Z' })
    expect(reasonOf({ managerSince: 2 * minute })).toMatchObject({ verdict: 'missed', cause: 'systemd_down' })
    expect(reasonOf({ timerSince: null })).toMatchObject({ verdict: 'missed', cause: 'timer_off', reason: 'its timer does not run' })
    expect(reasonOf({ timerSince: 2 * minute })).toMatchObject({ verdict: 'missed', cause: 'timer_off', reason: 'its timer did not run then: it runs since 1970-01-01T00:02:00.000Z' })
  })

  test('is skipped by a condition, in the words of the run', () => {
    expect(judge([minute], [run(minute + 1, minute + 1, { state: 'skipped', reason: 'ConditionMemory was not met' })])[0]).toMatchObject({ verdict: 'skipped', cause: 'condition', reason: 'ConditionMemory was not met' })
  })

  test('that somebody judged before stays what it was', () => {
    const before = run(0, null, { invocationId: null, state: 'missed', startedAt: null, slot: minute, reason: 'the machine was down' })
    expect(judge([minute], [before])[0]).toMatchObject({ verdict: 'missed', reason: 'the machine was down' })
  })

  test('after a boot the last one has the run that makes up for it, and the earlier ones stay missed', () => {
    const outages = [{ from: 90_000, until: 5 * minute + 30_000 }]
    expect(told([minute, 2 * minute, 3 * minute, 4 * minute, 5 * minute, 6 * minute], [run(minute, minute + 5), run(5 * minute + 31_000, 5 * minute + 32_000), run(6 * minute, 6 * minute + 1)], { outages, managerSince: 5 * minute + 30_000 })).toEqual([
      `${minute} on_time`, `${2 * minute} missed host_down`, `${3 * minute} missed host_down`, `${4 * minute} missed host_down`, `${5 * minute} late host_down`, `${6 * minute} on_time`,
    ])
  })

  test('between two runs, of which nobody saw the first one end, is left out for it, and not by chance', () => {
    const [silent, next] = [run(minute, null, { state: 'succeeded' }), run(2 * minute + 900, 2 * minute + 950)]
    const between = 2 * minute
    expect(judge([minute, between, between + 500], [silent, next])[1]).toMatchObject({ verdict: 'skipped', cause: 'overlap', run: silent, reason: 'the run before, from 1970-01-01T00:01:00.000Z, went on, until nobody knows when' })
    expect(judge([minute, between, between + 500], [{ ...silent, endedAt: minute + 5 }, next])[1]).toMatchObject({ verdict: 'skipped', cause: 'random_delay', run: next })
  })

  test('of runs side by side has the one that began then, whatever else went on', () => {
    const runs = [run(minute, 4 * minute), run(2 * minute, null), run(3 * minute + 1100, null)]
    expect(told([minute, 2 * minute, 3 * minute, 4 * minute], runs, { overlap: 'allow', now: 10 * minute })).toEqual([`${minute} on_time`, `${2 * minute} on_time`, `${3 * minute} late unknown`, `${4 * minute} overdue unknown`])
  })

  test('has no more than one run: what is started again, or by hand, belongs to none', () => {
    expect(judge([minute, 2 * minute], [run(minute, minute + 10), run(minute + 20, minute + 30), run(2 * minute, 2 * minute + 1)]).map((found) => found.run?.startedAt)).toEqual([minute, 2 * minute])
  })
})

describe('of slots within a run', () => {
  const slots = [1, 2, 3, 4, 5].map((at) => at * 10_000)
  const long = run(10_000, 45_000)

  test('a queue has the last one late, and the others skipped', () => {
    const runs = [long, run(45_010, 46_000), run(50_000, 51_000)]
    expect(told(slots, runs)).toEqual(['10000 on_time', '20000 skipped overlap', '30000 skipped overlap', '40000 late overlap', '50000 on_time'])
    expect(told(slots.slice(0, 3), [run(10_000, null)], { now: 35_000 })).toEqual(['10000 on_time', '20000 skipped overlap', '30000 due'])
  })

  test('a queue whose last one never came is not due for ever', () => {
    expect(told(slots.slice(0, 4), [long], { now: 47_000 })).toEqual(['10000 on_time', '20000 skipped overlap', '30000 skipped overlap', '40000 skipped overlap'])
  })

  test('all are skipped where that is the policy', () => {
    expect(told(slots, [long, run(50_000, 51_000)], { overlap: 'skip' })).toEqual(['10000 on_time', '20000 skipped overlap', '30000 skipped overlap', '40000 skipped overlap', '50000 on_time'])
  })

  test('each has its own where it ends the run before', () => {
    expect(told(slots, slots.map((at) => run(at, at + 9_990)), { overlap: 'replace' })).toEqual(slots.map((at) => `${at} on_time`))
  })
})

/**
 * A host in plain steps: a slot each 10 s, a program that takes a while, a timer that is off for some time, and a machine that
 * is down for some time. What happened is known here, and is not told to the judge.
 */
const world = fc.record({
  overlap: fc.constantFrom('skip' as const, 'queue' as const, 'replace' as const),
  takes: fc.array(fc.integer({ min: 100, max: 40_000 }), { minLength: 60, maxLength: 60 }),
  down: fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 })),
})

test('expected is actual and explained, for every policy, durations and outages', () => {
  fc.assert(fc.property(world, ({ overlap, takes, down: [first, length] }) => {
    const [every, count] = [10_000, 60]
    const outage = { from: first * every + 5_000, until: (first + length) * every + 5_000 }
    const runs: ServiceRun[] = []
    const truth = new Map<number, 'ran' | 'overlap' | 'down'>()
    let waiting: number | undefined
    const begin = (at: number): void => {
      const end = at + takes[runs.length % takes.length]!
      const isCut = at < outage.from && end > outage.from && length > 0
      runs.push(run(at, isCut ? outage.from : end, isCut ? { state: 'lost' } : {}))
    }
    const settle = (until: number): void => {
      const last = runs.at(-1)
      if (waiting === undefined || last === undefined || last.endedAt! > until) return
      // A run that ends right before a slot, with one that waits: which of the two the next run is for nobody can tell.
      fc.pre(until - last.endedAt! > 10)
      // What waited when the machine went down waits no more.
      if (last.state === 'lost') truth.set(waiting, 'overlap')
      else begin(last.endedAt! + 5)
      waiting = undefined
    }
    for (let slot = every; slot <= count * every; slot += every) {
      settle(slot)
      const last = runs.at(-1)
      if (length > 0 && slot >= outage.from && slot < outage.until) truth.set(slot, 'down')
      else if (last === undefined || last.endedAt! <= slot) {
        begin(slot)
        truth.set(slot, 'ran')
      } else if (overlap === 'replace') {
        runs[runs.length - 1] = { ...last, endedAt: slot, state: 'cancelled' }
        begin(slot + 3)
        truth.set(slot, 'ran')
      } else {
        if (overlap === 'queue') {
          if (waiting !== undefined) truth.set(waiting, 'overlap')
          waiting = slot
        }
        truth.set(slot, overlap === 'queue' ? 'ran' : 'overlap')
      }
    }
    settle(Infinity)
    const found = judgeSlots([...truth.keys()].sort((a, b) => a - b), runs, { ...usual, overlap, outages: length > 0 ? [outage] : [] })
    const plain = ({ verdict, cause }: (typeof found)[number]) => (verdict === 'on_time' || verdict === 'late' ? 'ran' : cause === 'host_down' ? 'down' : cause === 'overlap' ? 'overlap' : verdict)
    expect(found.map((finding) => [finding.slot, plain(finding)])).toEqual([...truth])
    const matched = found.flatMap(({ verdict, run }) => (verdict === 'on_time' || verdict === 'late' ? [run!.invocationId] : []))
    expect(new Set(matched).size).toBe(matched.length)
  }), { numRuns: 500 })
})
