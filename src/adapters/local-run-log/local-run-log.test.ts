import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../../engines/tasks/run-report.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import { silentLog } from '../../kernel/observe/log.ts'
import { followLocalRuns } from './follow-local-runs.ts'
import { createLocalRunLog } from './local-run-log.ts'
import { type LocalRun, readLocalRuns } from './read-local-runs.ts'
import { appendLines, removeOldFiles } from './run-files.ts'

let directory: string
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'tf-runs-'))
  directory = join(home, 'runs')
  return () => rmSync(home, { recursive: true })
})

const now = Date.parse('2030-01-31T12:00:00Z')
const clock = { now: () => now }
const report = (id: string, endedAt: string): RunReport => ({ id, name: 'nightly', state: 'succeeded', attempt: 1, host: 'db1', started_at: '2030-01-29T00:00:00.000Z', ended_at: endedAt })
const line = (id: string, event: string): LogLine => ({ text: JSON.stringify({ event, task_id: id }), logger: 'x', level: 'info', timestampNs: '1', ids: { task_id: id } })
const openLog = (log = silentLog) => createLocalRunLog({ directory, clock, log })
async function all(sinceMs?: number): Promise<LocalRun[]> {
  const found: LocalRun[] = []
  for await (const run of readLocalRuns(directory, sinceMs)) found.push(run)
  return found
}

test('runs are read back by their end, the latest first, over days', async () => {
  const log = openLog()
  for (const [id, endedAt] of [['a', '2030-01-30T23:59:59.000Z'], ['c', '2030-01-31T01:00:00.000Z'], ['b', '2030-01-31T00:30:00.000Z']] as const) log.end(report(id, endedAt))
  log.save()
  expect((await all()).map(({ run }) => run.id)).toEqual(['c', 'b', 'a'])
  expect((await all(Date.parse('2030-01-31T00:45:00Z'))).map(({ run }) => run.id)).toEqual(['c'])
  expect(readdirSync(directory).sort()).toEqual(['2030-01-30.jsonl', '2030-01-31.jsonl'])
  expect(statSync(join(directory, '2030-01-30.jsonl')).mode & 0o777).toBe(0o600)
})

test('a run keeps the lines that it logged, also those about its end, and of too many the last', async () => {
  const log = openLog()
  log.begin('a')
  for (let number = 1; number <= 205; number += 1) log.lineLogged(line('a', `line ${number}`))
  log.lineLogged(line('stranger', 'not ours'))
  log.end(report('a', '2030-01-31T00:00:00.000Z'))
  log.lineLogged(line('a', 'task finished'))
  log.save()
  const [found] = await all()
  expect(found!.lines.map(({ event }) => event)).toEqual([...Array.from({ length: 199 }, (_, at) => `line ${at + 7}`), 'task finished'])
  expect(found!.linesLeftOut).toBe(6)
})

test('long lines do not fill the memory', async () => {
  const log = openLog()
  log.begin('a')
  log.lineLogged(line('a', 'x'.repeat(70_000)))
  for (let number = 0; number < 10; number += 1) log.lineLogged(line('a', `${number}${'x'.repeat(20_000)}`))
  log.end(report('a', '2030-01-31T00:00:00.000Z'))
  log.save()
  expect((await all())[0]!.lines.map(({ event }) => String(event)[0])).toEqual(['7', '8', '9'])
})

test('what is no run is passed over', async () => {
  const log = openLog()
  log.end(report('a', '2030-01-31T00:00:00.000Z'))
  log.save()
  appendFileSync(join(directory, '2030-01-31.jsonl'), '{"id":"b","na\n{"id":7}\nnull\n')
  expect((await all()).map(({ run }) => run.id)).toEqual(['a'])
})

test('a directory that cannot be written is said once, and costs nothing else', () => {
  writeFileSync(directory, 'a file')
  const said: string[] = []
  const log = openLog({ ...silentLog, warn: (_fields, message) => void said.push(message) })
  for (let number = 0; number < 3; number += 1) {
    log.end(report('a', '2030-01-31T00:00:00.000Z'))
    log.save()
  }
  expect(said).toHaveLength(1)
})

test('a full file is set aside, and old files and those beyond 100 MB are removed', async () => {
  appendLines(directory, '2029-12-31', ['old'], now)
  expect(appendLines(directory, '2030-01-31', ['x'.repeat(11 << 20)], now)).toBe(true)
  appendLines(directory, '2030-01-31', ['{}'], now)
  appendLines(directory, '2030-01-29', ['{}'], now)
  appendLines(directory, '2030-01-30', ['{}'], now)
  truncateSync(join(directory, '2030-01-30.jsonl'), 95 << 20)
  removeOldFiles(directory, now)
  expect(readdirSync(directory).sort()).toEqual([`2030-01-31.${now}.jsonl`, '2030-01-31.jsonl'])
})

test('runs are followed as they are written, whole lines only', async () => {
  const stop = new AbortController()
  const followed = followLocalRuns(directory, now - 86_400_000, systemClock, stop.signal)
  const next = followed.next()
  expect(existsSync(directory)).toBe(false)
  const log = openLog()
  log.end(report('a', '2030-01-31T00:00:00.000Z'))
  log.save()
  expect((await next).value.run.id).toBe('a')
  const path = join(directory, '2030-01-31.jsonl')
  const text = readFileSync(path, 'utf8').replace('"a"', '"b"')
  const second = followed.next()
  appendFileSync(path, text.slice(0, 40))
  await systemClock.sleep(600)
  appendFileSync(path, text.slice(40))
  expect((await second).value.run.id).toBe('b')
  stop.abort()
  expect((await followed.next()).done).toBe(true)
})
