import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReportedRun } from '../runs.ts'
import { renderFamilies } from './metrics-text.ts'
import { type TaskMetrics, createTaskMetrics } from './task-metrics.ts'

const textOf = (metrics: TaskMetrics) => renderFamilies(metrics.families())
const linesOf = (metrics: TaskMetrics, name: string) => textOf(metrics).split('\n').filter((line) => line.startsWith(`${name}{`))
const ended = (metrics: TaskMetrics, name: string, outcome: 'succeeded' | 'failed' | 'timed_out' | 'cancelled', ms = 200) => metrics.runEnded({ name, startedAt: 1000 }, { outcome, endedAt: 1000 + ms })

function report(run: Partial<ReportedRun> = {}): ReportedRun {
  return { id: 'x', name: 'told', state: 'succeeded', attempt: 1, host: null, startedAt: 0, endedAt: 2000, exitCode: null, errorType: null, errorMessage: null, ...run }
}

describe('runs of this process', () => {
  test('are counted by how they ended, and those that did not occur are 0', () => {
    const metrics = createTaskMetrics()
    for (const outcome of ['succeeded', 'succeeded', 'failed', 'timed_out'] as const) ended(metrics, 'sync', outcome)
    expect(linesOf(metrics, 'taskflows_task_total')).toEqual([
      'taskflows_task_total{task_name="sync",status="success"} 2', 'taskflows_task_total{task_name="sync",status="failure"} 1',
      'taskflows_task_total{task_name="sync",status="timeout"} 1', 'taskflows_task_total{task_name="sync",status="cancelled"} 0',
    ])
  })

  test('are measured once, over all attempts', () => {
    const metrics = createTaskMetrics()
    metrics.attemptFailed({ name: 'sync' }, { error: new TypeError('no'), retryInMs: 100 })
    ended(metrics, 'sync', 'succeeded', 700)
    expect(textOf(metrics)).toContain('taskflows_task_duration_seconds_count{task_name="sync",status="success"} 1\n')
    expect(textOf(metrics)).toContain('taskflows_task_duration_seconds_sum{task_name="sync",status="success"} 0.7\n')
  })

  test('show failed attempts by the type of the error, and retries apart from the last failure', () => {
    const metrics = createTaskMetrics()
    for (const [error, retryInMs] of [[new TypeError('a'), 0], [new RangeError('b'), 5], [new TypeError('c'), null], ['thrown', null]] as const) metrics.attemptFailed({ name: 'sync' }, { error, retryInMs })
    expect(linesOf(metrics, 'taskflows_task_errors_total')).toEqual([
      'taskflows_task_errors_total{task_name="sync",error_type="TypeError"} 2', 'taskflows_task_errors_total{task_name="sync",error_type="RangeError"} 1',
      'taskflows_task_errors_total{task_name="sync",error_type="Error"} 1',
    ])
    expect(linesOf(metrics, 'taskflows_task_retries_total')).toEqual(['taskflows_task_retries_total{task_name="sync"} 2'])
  })

  test('of names without end, and errors of types without end, stay few', () => {
    const metrics = createTaskMetrics()
    for (let index = 0; index < 1000; index += 1) {
      ended(metrics, `task${index}`, 'succeeded')
      metrics.attemptFailed({ name: 'task0' }, { error: Object.assign(new Error('x'), { name: `Error${index}` }), retryInMs: null })
    }
    expect(linesOf(metrics, 'taskflows_task_retries_total')).toHaveLength(201)
    expect(textOf(metrics)).toContain('taskflows_task_total{task_name="other",status="success"} 800')
    expect(linesOf(metrics, 'taskflows_task_errors_total')).toHaveLength(101)
  })

  test('whose error cannot be looked at, or whose clock was set back, are counted all the same', () => {
    const metrics = createTaskMetrics()
    const sly = new Error('x')
    Object.defineProperty(sly, 'name', { get: () => { throw new Error('no') } })
    metrics.attemptFailed({ name: 'sly' }, { error: sly, retryInMs: null })
    ended(metrics, 'sly', 'failed', -5000)
    expect(textOf(metrics)).toContain('error_type="Error"} 1')
    expect(textOf(metrics)).toContain('taskflows_task_duration_seconds_sum{task_name="sly",status="failure"} 0\n')
  })

  test('fall into the buckets that hold them', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 700_000 }), fc.constantFrom(100, 500, 30_000, 600_000)), { minLength: 1 }), (times) => {
      const metrics = createTaskMetrics()
      for (const ms of times) ended(metrics, 't', 'succeeded', ms)
      const buckets = linesOf(metrics, 'taskflows_task_duration_seconds_bucket').map((line) => /le="(.+)"\} (\d+)$/.exec(line)!)
      expect(buckets.map(([, le]) => le)).toEqual(['0.1', '0.5', '1', '5', '10', '30', '60', '300', '600', '+Inf'])
      for (const [, le, count] of buckets) expect(Number(count)).toBe(times.filter((ms) => ms / 1000 <= (le === '+Inf' ? Infinity : Number(le))).length)
    }), { numRuns: 100 })
  })
})

describe('runs that were reported', () => {
  test('are counted with their time, their retries and every failed attempt', () => {
    const metrics = createTaskMetrics()
    metrics.countReport(report({ state: 'failed', attempt: 3, errorType: 'TypeError', errorTypes: ['RangeError', 'RangeError', 'TypeError'] }))
    metrics.countReport(report({ state: 'timed_out', errorType: 'TaskTimeoutError' }))
    expect(textOf(metrics)).toContain('taskflows_task_duration_seconds_sum{task_name="told",status="failure"} 2\n')
    expect(linesOf(metrics, 'taskflows_task_retries_total')).toEqual(['taskflows_task_retries_total{task_name="told"} 2'])
    expect(linesOf(metrics, 'taskflows_task_errors_total').map((line) => line.replace(/.*error_type=/, ''))).toEqual(['"RangeError"} 2', '"TypeError"} 1', '"TaskTimeoutError"} 1'])
  })

  test('that still run are not counted', () => {
    const metrics = createTaskMetrics()
    metrics.countReport(report({ state: 'running', endedAt: null }))
    expect(textOf(metrics)).toBe('')
  })
})
