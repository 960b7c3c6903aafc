/** The rules of logs by themselves: what is kept of a reading, when it ends, what a page and a run are. The real journal is in test/machine/service-logs.test.ts. */
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../../testing/fake-clock.ts'
import { atIntervals } from './at-intervals.ts'
import { logPage } from './log-page.ts'
import { lineMatcher } from './match-lines.ts'
import type { ServicesHost } from '../host.ts'
import { createServiceLogs } from './service-logs.ts'
import { findRun, isOfRun } from './run-window.ts'
import type { LogLine, ServiceJournal } from './service-journal.ts'
import { createSieve } from './sift-lines.ts'

function line(at: number, changes: Partial<LogLine> = {}): LogLine {
  return { cursor: `c${at}`, at, hostname: 'db1', scope: 'user', unit: 'taskflows-web.service', pid: 1, uid: 0, priority: 6, message: `at ${at}`, invocationId: null, bySystemd: false, ...changes }
}
const times = (lines: readonly LogLine[]) => lines.map(({ at }) => at)
const all = createSieve({}, true, () => true)

describe('a sieve', () => {
  test('keeps what was written in the moment of either limit', () => {
    const { sift } = createSieve({ sinceMs: 10, untilMs: 20 }, false, () => true)
    expect(times(sift([9.999, 10, 10.5, 20.999, 21].map((at) => line(at))))).toEqual([10, 10.5, 20.999])
  })

  test('knows in either direction when nothing more comes', () => {
    const [back, on] = [true, false].map((reverse) => createSieve({ sinceMs: 10, untilMs: 20 }, reverse, () => true).isBeyond)
    expect([back!(line(9)), back!(line(21)), on!(line(9)), on!(line(21))]).toEqual([true, false, false, true])
  })

  test('holds a pattern against what is left', () => {
    expect(times(createSieve({ grep: '[24]$' }, false, ({ at }) => at !== 4).sift([1, 2, 3, 4].map((at) => line(at))))).toEqual([2])
  })
})

describe('a pattern', () => {
  test('that would search for ever is refused in time, and the next one is not harmed', () => {
    const began = performance.now()
    expect(() => lineMatcher('^(a+)+$')([`${'a'.repeat(5000)}!`])).toThrow(expect.objectContaining({ code: 'request.invalid' }))
    expect(performance.now() - began).toBeLessThan(5000)
    expect(lineMatcher('b(?=c)')(['bc', 'bd'])).toEqual([true, false])
  })

  test('that is none is refused', () => {
    expect(() => lineMatcher('a(')).toThrow(/^grep: expected a regular expression, got "a\("/)
  })

  test('is held against the first 10,000 characters', () => {
    expect(lineMatcher('x')([`${'-'.repeat(9_999)}x`, `${'-'.repeat(10_000)}x`])).toEqual([true, false])
  })
})

describe('a page', () => {
  test('that is full knows that there is more only when it has seen it', () => {
    const exact = logPage(2, 100, all)
    expect([exact.take([line(2), line(1)]), exact.full]).toEqual([false, false])
    const full = logPage(2, 100, all)
    expect([full.take([line(3), line(2), line(1)]), full.full, times(full.lines)]).toEqual([true, true, [3, 2]])
  })

  test('of long lines has fewer of them, but one at least', () => {
    const page = logPage(10, 5, all)
    page.take([line(2, { message: 'longer than all that fits' }), line(1)])
    expect([page.full, times(page.lines)]).toEqual([true, [2]])
  })

  test('says how far it looked, whatever it kept', () => {
    const page = logPage(10, 100, createSieve({ grep: 'nothing' }, true, () => true))
    page.take([line(2), line(1)])
    expect([page.lines, page.scanned]).toEqual([[], 'c1'])
  })
})

describe('a run', () => {
  const said = (at: number, invocationId: string) => line(at, { bySystemd: true, invocationId })
  const journal: ServiceJournal = {
    read: async function* ({ source, reverse = false }) {
      const lines = [said(1000, 'a'), said(1900, 'a'), said(2000, 'b'), said(3000, 'c')].filter(({ invocationId }) => source.kind !== 'run' || source.invocationId === invocationId)
      yield reverse ? lines.toReversed() : lines
    },
    counts: () => true,
    last: async () => null,
    holds: async () => true,
  }
  const signal = new AbortController().signal

  test('has its lines, and those without a name between its start and the next', async () => {
    const window = await findRun(journal, 'b', signal)
    expect(window).toEqual({ unit: 'taskflows-web.service', scope: 'user', from: 1980, until: 2980 })
    const of = (at: number, invocationId: string | null = null) => isOfRun(line(at, { invocationId }), 'b', window)
    expect([of(1979), of(1985), of(2500), of(2980), of(1, 'b'), of(2500, 'a')]).toEqual([false, true, true, false, true, false])
  })

  test('does not reach back before what systemd said of the one before, and the last one is open', async () => {
    expect(await findRun({ ...journal, read: async function* ({ source, reverse }) {
      const lines = [said(1990, 'a'), said(2000, 'b')].filter(({ invocationId }) => source.kind !== 'run' || source.invocationId === invocationId)
      yield reverse ? lines.toReversed() : lines
    } }, 'b', signal)).toMatchObject({ from: 1990, until: Infinity })
    expect(await findRun(journal, 'unknown', signal)).toBeUndefined()
  })
})

test('a source that is silent says so, and loses nothing by it', async () => {
  const clock = new FakeClock()
  const { promise, resolve } = Promise.withResolvers<number>()
  const told = atIntervals((async function* () { yield await promise })(), 15_000, clock)
  const first = told.next()
  await clock.advance(15_000)
  expect(await first).toEqual({ done: false, value: undefined })
  resolve(7)
  expect(await told.next()).toEqual({ done: false, value: 7 })
  expect(await told.next()).toMatchObject({ done: true })
})

describe('streams and pages', () => {
  const silent: ServiceJournal = {
    // oxlint-disable-next-line require-yield -- that is what silent means
    read: async function* (_reading, signal) { await new Promise((resolve) => signal.addEventListener('abort', resolve)) },
    counts: () => true,
    last: async () => 'c0',
    holds: async () => true,
  }
  const logsOf = (journal: ServiceJournal, clock = new FakeClock()) => createServiceLogs({ host: {} as ServicesHost, journal, clock, patienceMs: 1000, mostStreams: 1 })

  test('beyond so many streams another one is refused, until one has ended', async () => {
    const logs = logsOf(silent)
    const signal = new AbortController().signal
    const one = logs.follow({ names: [] }, signal)
    expect((await one.next()).value).toEqual({ lines: [], cursor: 'c0' })
    await expect(logs.follow({ names: [] }, signal).next()).rejects.toMatchObject({ code: 'server.too_many_streams' })
    await one.return()
    expect((await logs.follow({ names: [] }, signal).next()).value).toEqual({ lines: [], cursor: 'c0' })
  })

  test('a journal that says nothing in time is one that cannot be read; what it said by then is a page that goes on', async () => {
    const clock = new FakeClock()
    const page = (journal: ServiceJournal) => {
      const answer = logsOf(journal, clock).page({ names: [], limit: 10, reverse: true, grep: 'nothing' })
      answer.catch(() => {})
      return answer
    }
    const nothing = page(silent)
    const begun = page({ ...silent, read: async function* (reading, signal) {
      yield [line(2), line(1)]
      yield* silent.read(reading, signal)
    } })
    for (let round = 0; round < 5; round += 1) await clock.advance(300)
    await expect(nothing).rejects.toMatchObject({ code: 'logs.unavailable', message: expect.stringContaining('within 1 s') })
    expect(await begun).toEqual({ lines: [], nextCursor: 'c1', notes: [] })
  })
})
