import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import type { RunEnd, RunFacts } from '../../engines/tasks/run.ts'
import { type RunReport, reportOf } from '../../engines/tasks/run-report.ts'
import { newId } from '../../kernel/ids.ts'
import { silentLog } from '../../kernel/observe/log.ts'
import { type Verdict, verdictOf } from './post-reports.ts'
import { createServerReports } from './server-reports.ts'
import { createSpool } from './spool.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-reports-'))
  vi.useFakeTimers()
  return () => {
    vi.useRealTimers()
    rmSync(home, { recursive: true })
  }
})

const clock = { now: () => Date.now() }
const end: RunEnd = { outcome: 'succeeded', attempts: 1, endedAt: Date.now(), error: undefined, errors: [], value: 1 }
const runNamed = (name: string): RunFacts => ({ id: newId(Date.now()), name, startedAt: Date.now(), correlationId: 'c', traceparent: '', parentId: null, maxAttempts: 1 })

/** A server that keeps what it accepts, and answers as it is told. */
function setUp() {
  const batches: RunReport[][] = []
  const warnings: string[] = []
  const server = { answer: (_reports: readonly RunReport[]): Verdict | Promise<Verdict> => ({ kind: 'accepted' }), there: true }
  const reports = createServerReports({
    findServer: () => (server.there ? { url: 'http://server' } : undefined),
    spool: createSpool({ directory: join(home, 'spool'), clock }),
    clock,
    log: { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) },
    post: async (_server, items) => {
      const verdict = await server.answer(items)
      if (verdict.kind === 'accepted') batches.push([...items])
      return verdict
    },
  })
  const told = (run: RunFacts, ended?: RunEnd) => reports.add(run.id, () => reportOf(run, 'here', ended))
  return { server, reports, told, batches, warnings, spooled: () => { try { return readdirSync(join(home, 'spool')).length } catch { return 0 } } }
}
const names = (batches: RunReport[][]) => batches.flat().map(({ name, state }) => `${name} ${state}`)

test('a run that starts and ends within a batch is told once, as ended', async () => {
  const { told, batches } = setUp()
  const [quick, long] = [runNamed('quick'), runNamed('long')]
  told(quick)
  told(long)
  told(quick, end)
  await vi.advanceTimersByTimeAsync(500)
  told(long, end)
  await vi.advanceTimersByTimeAsync(500)
  expect(batches.map((batch) => names([batch]))).toEqual([['quick succeeded', 'long running'], ['long succeeded']])
})

test('what a server did not take is on the disk at once, and told when it takes it again', async () => {
  const { server, told, batches, warnings, spooled } = setUp()
  server.answer = () => ({ kind: 'later', reason: 'away' })
  told(runNamed('one'), end)
  await vi.advanceTimersByTimeAsync(500)
  expect(spooled()).toBe(1)
  told(runNamed('two'), end)
  await vi.advanceTimersByTimeAsync(60_000)
  server.answer = () => ({ kind: 'accepted' })
  await vi.advanceTimersByTimeAsync(15_000)
  expect(names(batches).sort()).toEqual(['one succeeded', 'two succeeded'])
  expect(spooled()).toBe(0)
  expect(warnings).toHaveLength(1)
})

test('what a server does not answer is on the disk a second later, and told when it answers again', async () => {
  const { server, told, batches, spooled } = setUp()
  const unanswered = Promise.withResolvers<Verdict>()
  server.answer = () => unanswered.promise
  told(runNamed('one'), end)
  await vi.advanceTimersByTimeAsync(600)
  told(runNamed('two'), end)
  await vi.advanceTimersByTimeAsync(1000)
  expect(spooled()).toBe(1)
  server.answer = () => ({ kind: 'accepted' })
  unanswered.resolve({ kind: 'later', reason: 'no answer' })
  await vi.advanceTimersByTimeAsync(2000)
  expect(names(batches).sort()).toEqual(['one succeeded', 'two succeeded'])
  expect(spooled()).toBe(0)
})

test('the server is asked again after 1, 2, 4, 8, then every 15 seconds', async () => {
  const { server, told } = setUp()
  const asked: number[] = []
  const began = Date.now()
  server.answer = () => {
    asked.push(Math.round((Date.now() - began) / 1000))
    return { kind: 'later', reason: 'away' }
  }
  told(runNamed('one'), end)
  await vi.advanceTimersByTimeAsync(62_000)
  expect(asked.map((at, number) => at - (asked[number - 1] ?? 0)).slice(1)).toEqual([1, 2, 4, 8, 15, 15, 15])
})

test('one that the server refuses is found and given up, and costs no other', async () => {
  const { server, reports, told, batches, warnings } = setUp()
  server.answer = (items) => (items.some(({ name }) => name.startsWith('bad')) ? { kind: 'refused', reason: 'request.invalid' } : { kind: 'accepted' })
  for (let number = 0; number < 100; number += 1) told(runNamed(number % 50 === 7 ? 'bad' : 'good'), end)
  await vi.advanceTimersByTimeAsync(500)
  expect(names(batches)).toEqual(Array.from({ length: 98 }, () => 'good succeeded'))
  expect(reports.dropped).toBe(2)
  expect(warnings).toHaveLength(1)
})

test('more than ten thousand that wait go to the spool, and from there to the server', async () => {
  const { server, told, batches, spooled } = setUp()
  server.there = false
  for (let number = 0; number < 25_000; number += 1) told(runNamed(String(number)), end)
  expect(spooled()).toBeGreaterThan(0)
  server.there = true
  await vi.advanceTimersByTimeAsync(20_000)
  expect(new Set(batches.flat().map(({ name }) => name)).size).toBe(25_000)
  expect(batches.every((batch) => batch.length <= 1000)).toBe(true)
  expect(spooled()).toBe(0)
})

test('the last moment saves what waits and what is under way', async () => {
  const { server, reports, told, spooled, batches } = setUp()
  told(runNamed('sent'), end)
  await vi.advanceTimersByTimeAsync(500)
  told(runNamed('waits'), end)
  reports.save()
  expect(spooled()).toBe(1)
  expect(names(batches)).toEqual(['sent succeeded'])
  server.there = true
  const next = setUp()
  next.reports.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(names(next.batches)).toEqual(['waits succeeded'])
})

test('reports older than thirty days are given up and counted', async () => {
  const { reports, batches } = setUp()
  const old = createSpool({ directory: join(home, 'spool'), clock })
  old.write([{ id: 'a', name: 'old', state: 'running', host: 'h', started_at: new Date(Date.now() - 31 * 86_400_000).toISOString() }])
  old.close()
  reports.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(batches).toEqual([])
  expect(reports.dropped).toBe(1)
})

test.each([
  [200, '{"accepted":3}', 'accepted'],
  [200, '<html>', 'later'],
  [422, '{"code":"request.invalid","detail":"items[0].id: no"}', 'refused'],
  [413, '', 'refused'],
  [401, '{"code":"access.unauthenticated"}', 'later'],
  [404, '', 'later'],
  [429, '', 'later'],
  [503, 'down', 'later'],
])('an answer of %i %s is: %s', (status, answer, kind) => {
  expect(verdictOf(status, answer).kind).toBe(kind)
})
