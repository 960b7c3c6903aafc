import { expect, test } from 'vitest'
import type { RunEnd, RunFacts } from './run.ts'
import { reportOf } from './run-report.ts'

const run: RunFacts = { id: '019a9f00-1234-7abc-8def-0123456789ab', name: 'nightly', startedAt: 1_000, correlationId: 'night-1', traceparent: '', parentId: null, maxAttempts: 3 }
const end: RunEnd = { outcome: 'succeeded', attempts: 1, endedAt: 2_500, error: undefined, errors: [], value: 7 }
const told = { id: run.id, name: 'nightly', host: 'db1', started_at: '1970-01-01T00:00:01.000Z', correlation_id: 'night-1' }

test('a run that has not ended is told as running, with nothing of an end', () => {
  expect(reportOf(run, 'db1')).toEqual({ ...told, state: 'running' })
})

test('a run that succeeded has no error, but the types of those before its success', () => {
  expect(reportOf(run, 'db1', end)).toEqual({ ...told, state: 'succeeded', attempt: 1, ended_at: '1970-01-01T00:00:02.500Z' })
  expect(reportOf(run, 'db1', { ...end, attempts: 2, errors: [new RangeError('no')] })).toMatchObject({ state: 'succeeded', error_types: ['RangeError'] })
})

test('a run that failed has its last error, and a list of types when more than one attempt failed', () => {
  const failed = { ...end, outcome: 'failed' as const, error: new TypeError('disk full'), errors: [new TypeError('disk full')] }
  expect(reportOf(run, 'db1', failed)).toEqual({ ...told, state: 'failed', attempt: 1, ended_at: '1970-01-01T00:00:02.500Z', error_type: 'TypeError', error_message: 'disk full' })
  expect(reportOf(run, 'db1', { ...failed, errors: [new Error('one'), 'two'] })).toMatchObject({ error_type: 'TypeError', error_types: ['Error', 'Error'] })
})

test('nothing is told that the ledger would refuse', () => {
  const hostile = { name: 'n'.repeat(300), startedAt: 5_000, correlationId: 'a\nb' }
  const unreadable = { get message() { throw new Error('no') } }
  Object.setPrototypeOf(unreadable, Error.prototype)
  const report = reportOf({ ...run, ...hostile }, 'db1', { ...end, outcome: 'failed', attempts: 5000, error: unreadable, errors: Array.from({ length: 200 }, () => new Error('\0\uD800')) })
  expect(report).toEqual({
    id: run.id, host: 'db1', state: 'failed', attempt: 1000, name: 'n'.repeat(255), started_at: '1970-01-01T00:00:05.000Z', ended_at: '1970-01-01T00:00:05.000Z',
    error_type: 'Error', error_message: 'what was thrown cannot be read', error_types: Array.from({ length: 100 }, () => 'Error'),
  })
  expect(reportOf(run, 'db1', { ...end, outcome: 'failed', error: new Error(`\0\uD800${'x'.repeat(5000)}`) }).error_message).toBe(`\uFFFD\uFFFD${'x'.repeat(3998)}`)
})
