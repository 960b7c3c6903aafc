import { expect, test } from 'vitest'
import { boundedLabel } from './bounded-label.ts'
import { largestFirst } from './job-depths.ts'
import { type MetricDefinition, metricDefinitions } from './metric-names.ts'
import { createMetrics } from './metrics.ts'

const depth = (queue: string, pending: number) => ({ queue, pending, scheduled: 1, running: 2 })

test('requests are counted by method, endpoint and status', async () => {
  const metrics = createMetrics({ depths: async () => [] })
  metrics.api.requestStarted('GET', '/jobs/{id}')
  metrics.api.requestEnded({ method: 'GET', endpoint: '/jobs/{id}', status_code: '200' }, 0.004)
  const { text } = await metrics.scrape()
  expect(text).toContain('taskflows_api_requests_total{method="GET",endpoint="/jobs/{id}",status_code="200"} 1')
  expect(text).toContain('taskflows_api_active_requests{method="GET",endpoint="/jobs/{id}"} 0')
  expect(text).toMatch(/taskflows_api_request_duration_seconds_bucket\{le="0.005",.*\} 1$/m)
})

test('the depth of each queue is shown by state', async () => {
  const { text } = await createMetrics({ depths: async () => [depth('mail', 7)] }).scrape()
  expect(text).toContain('taskflows_jobs_depth{queue="mail",state="PENDING"} 7')
  expect(text).toContain('taskflows_jobs_depth{queue="mail",state="RUNNING"} 2')
})

test('scrapes in quick succession ask the store once', async () => {
  let asked = 0
  const metrics = createMetrics({ depths: async () => [depth('mail', ++asked)] })
  await metrics.scrape()
  await metrics.scrape()
  expect(asked).toBe(1)
})

test('a scrape works while the store does not', async () => {
  const { text } = await createMetrics({ depths: () => Promise.reject(new Error('away')) }).scrape()
  expect(text).toContain('process_cpu_seconds_total')
  expect(text).not.toContain('taskflows_jobs_depth{')
})

test('attempts are counted by how they ended, and jobs by what became of them', async () => {
  const metrics = createMetrics({ depths: async () => [] })
  const attempt = { queue: 'mail', timedOut: false, durationMs: 20 }
  metrics.jobs.attemptEnded({ ...attempt, outcome: 'succeeded' })
  metrics.jobs.attemptEnded({ ...attempt, outcome: 'retried', timedOut: true })
  metrics.jobs.attemptEnded({ ...attempt, outcome: 'dead' })
  metrics.jobs.attemptEnded({ ...attempt, outcome: 'lease_lost' })
  const { text } = await metrics.scrape()
  for (const outcome of ['succeeded', 'timed_out', 'failed', 'lost']) expect(text).toContain(`taskflows_jobs_attempts_total{queue="mail",outcome="${outcome}"} 1`)
  expect(text.split('\n').filter((line) => line.startsWith('taskflows_jobs_ended_total'))).toEqual([
    'taskflows_jobs_ended_total{queue="mail",state="SUCCEEDED"} 1', 'taskflows_jobs_ended_total{queue="mail",state="DEAD"} 1',
  ])
})

test('what a definition says is what Prometheus wants of a metric', () => {
  for (const [name, { type, help, labels, buckets = [] }] of Object.entries<MetricDefinition>(metricDefinitions)) {
    expect(name).toMatch(/^taskflows_[a-z_]+$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(help, name).toMatch(/^[^\n]+\.$|^Always 1: /)
    expect(buckets.length > 0, name).toBe(type === 'histogram')
    expect(buckets.toSorted((one, other) => one - other)).toEqual(buckets)
    expect(Object.keys(labels).filter((label) => !/^[a-z_]+$/.test(label) || label === 'le')).toEqual([])
  }
})

test('a thousand queues become a hundred and one', () => {
  const bounded = largestFirst(Array.from({ length: 1000 }, (_, index) => depth(`q${index}`, index)))
  expect(bounded).toHaveLength(101)
  expect(bounded[0]).toMatchObject({ queue: 'q999' })
  expect(bounded.at(-1)).toEqual({ queue: 'other', pending: (899 * 900) / 2, scheduled: 900, running: 1800 })
})

test('names beyond the bound share one label', () => {
  const label = boundedLabel(2)
  expect(['a', 'b', 'c', 'a', 'd'].map(label)).toEqual(['a', 'b', 'other', 'a', 'other'])
})
