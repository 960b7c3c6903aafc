import { expect, test } from 'vitest'
import { boundedLabel } from './bounded-label.ts'
import { createMetrics, largestFirst } from './metrics.ts'

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
