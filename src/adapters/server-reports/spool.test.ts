import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../../engines/tasks/run-report.ts'
import { createSpool } from './spool.ts'

let directory: string
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'tf-spool-'))
  directory = join(home, 'spool')
  return () => rmSync(home, { recursive: true })
})

/** Nobody has this number: it is above the largest that Linux gives. */
const deadPid = 4_194_305
const report = (id: string): RunReport => ({ id, name: 'n', state: 'running', host: 'h', started_at: '2030-01-01T00:00:00Z' })
const spoolOf = (pid: number, nowMs = Date.now()) => createSpool({ directory, pid, clock: { now: () => nowMs } })
const ids = (claimed: { readonly reports: readonly RunReport[] } | undefined) => claimed?.reports.map(({ id }) => id)

test('what one process wrote and closed another takes, once', () => {
  const writer = spoolOf(process.pid)
  writer.write([report('a')])
  writer.write([report('b')])
  const [one, other] = [spoolOf(process.ppid), spoolOf(process.pid)]
  expect(one.claim()).toBeUndefined()
  writer.close()
  const claimed = one.claim()
  expect(ids(claimed)).toEqual(['a', 'b'])
  expect(other.claim()).toBeUndefined()
  claimed!.release()
  expect(ids(other.claim())).toEqual(['a', 'b'])
})

test('what a process that was killed wrote, or was delivering, belongs to the next one', () => {
  const killed = spoolOf(deadPid)
  killed.write([report('a')])
  const next = spoolOf(process.pid)
  const claimed = next.claim()
  expect(ids(claimed)).toEqual(['a'])
  claimed!.remove()
  expect(readdirSync(directory)).toEqual([])
})

test('a number that somebody else has by now holds nothing for longer than ten minutes', () => {
  const writer = spoolOf(process.ppid)
  writer.write([report('a')])
  expect(spoolOf(process.pid).claim()).toBeUndefined()
  expect(ids(spoolOf(process.pid, Date.now() + 11 * 60_000).claim())).toEqual(['a'])
})

test('nobody else may read it', () => {
  const spool = spoolOf(process.pid)
  spool.write([report('a')])
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o600])
})

test('half a line is counted, and costs no other', () => {
  const spool = spoolOf(process.pid)
  spool.write([report('a')])
  appendFileSync(join(directory, readdirSync(directory)[0]!), '{"id":"b","na')
  spool.close()
  const claimed = spool.claim()!
  expect(ids(claimed)).toEqual(['a'])
  expect(claimed.unreadable).toBe(1)
})

test('a line that came while the file was delivered is delivered next', () => {
  const killed = spoolOf(deadPid)
  killed.write([report('a')])
  const claimed = spoolOf(process.pid).claim()!
  appendFileSync(join(directory, readdirSync(directory)[0]!), `${JSON.stringify(report('b'))}\n`)
  claimed.remove()
  expect(ids(spoolOf(process.pid).claim())).toEqual(['a', 'b'])
})

test('of too much the oldest is removed', () => {
  for (let written = 1; written <= 2; written += 1) {
    const spool = spoolOf(process.pid)
    spool.write([report('a')])
    spool.close()
    truncateSync(join(directory, readdirSync(directory).sort().at(-1)!), 60 << 20)
  }
  expect(spoolOf(process.pid).trim()).toBe(60 << 20)
  expect(readdirSync(directory)).toHaveLength(1)
  expect(spoolOf(process.pid).trim()).toBe(0)
})
