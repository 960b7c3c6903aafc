/**
 * What one process measures about itself, in Prometheus' words. The names and
 * labels are public: dashboards and alerts depend on them.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { boundedLabel } from './bounded-label.ts'

/** What a request to the API was, once it is over. */
export interface RequestLabels {
  readonly method: string
  /** The pattern of the route, never the path that was asked for. */
  readonly endpoint: string
  readonly status_code: string
}

export interface ApiMetrics {
  requestStarted(method: string, endpoint: string): void
  requestEnded(request: RequestLabels, seconds: number): void
  streamOpened(): void
  streamClosed(): void
}

/** What a worker tells of the attempts it makes. */
export interface JobMetrics {
  /** @param outcome `succeeded`, `failed`, `timed_out`, `cancelled` or `lost` */
  attemptEnded(attempt: { readonly queue: string; readonly outcome: string; readonly seconds: number }): void
}

/** How many unfinished jobs a queue has. */
export interface Depth {
  readonly queue: string
  readonly pending: number
  readonly scheduled: number
  readonly running: number
}

export interface Metrics {
  readonly api: ApiMetrics
  readonly jobs: JobMetrics
  /** The text that Prometheus scrapes. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** @param depths asked at most every two seconds; when it fails the depths are left out of that scrape */
export function createMetrics({ depths }: { readonly depths: () => Promise<readonly Depth[]> }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const api = apiMetrics(registry)
  const jobs = jobMetrics(registry)
  jobDepths(registry, depths)
  return {
    api,
    jobs,
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function apiMetrics(registry: Registry): ApiMetrics {
  const registers = [registry]
  const labelNames = ['method', 'endpoint', 'status_code'] as const
  const answered = new Counter({ name: 'taskflows_api_requests_total', help: 'Requests answered.', labelNames, registers })
  const duration = new Histogram({
    name: 'taskflows_api_request_duration_seconds', help: 'From the arrival of the headers to the end of the answer.', labelNames, registers,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })
  const active = new Gauge({ name: 'taskflows_api_active_requests', help: 'Requests being answered right now.', labelNames: ['method', 'endpoint'], registers })
  const streams = new Gauge({ name: 'taskflows_api_event_streams', help: 'Streams of events that are open right now.', registers })
  return {
    streamOpened: () => streams.inc(),
    streamClosed: () => streams.dec(),
    requestStarted: (method, endpoint) => active.inc({ method, endpoint }),
    requestEnded: (request, seconds) => {
      active.dec({ method: request.method, endpoint: request.endpoint })
      // prom-client wants its own copy: it may keep the object.
      const labels = { ...request }
      answered.inc(labels)
      duration.observe(labels, seconds)
    },
  }
}

function jobMetrics(registry: Registry): JobMetrics {
  const registers = [registry]
  const attempts = new Counter({ name: 'taskflows_jobs_attempts_total', help: 'Attempts that this process ended.', labelNames: ['queue', 'outcome'], registers })
  const duration = new Histogram({
    name: 'taskflows_jobs_attempt_duration_seconds', help: 'From the start of the handler to its end.', labelNames: ['queue', 'outcome'], registers,
    buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600],
  })
  const queueLabel = boundedLabel()
  return {
    attemptEnded: ({ queue, outcome, seconds }) => {
      const labels = { queue: queueLabel(queue), outcome }
      attempts.inc(labels)
      duration.observe(labels, seconds)
    },
  }
}

const depthsLastMs = 2_000
const mostQueues = 100
/** A scrape waits no longer than this for the database. */
const depthPatienceMs = 2_000

function jobDepths(registry: Registry, depths: () => Promise<readonly Depth[]>): void {
  let cached: Promise<readonly Depth[]> = Promise.resolve([])
  let until = 0
  const current = () => {
    if (Date.now() >= until) {
      until = Date.now() + depthsLastMs
      cached = patiently(depths())
    }
    return cached
  }
  const depth = new Gauge({
    name: 'taskflows_jobs_depth', help: 'Unfinished jobs, by queue and state.', labelNames: ['queue', 'state'], registers: [],
    async collect() {
      const bounded = largestFirst(await current())
      this.reset()
      for (const { queue, pending, scheduled, running } of bounded) {
        this.set({ queue, state: 'PENDING' }, pending)
        this.set({ queue, state: 'SCHEDULED' }, scheduled)
        this.set({ queue, state: 'RUNNING' }, running)
      }
    },
  })
  registry.registerMetric(depth)
}

/** The largest queues by name, all others as one. */
export function largestFirst(depths: readonly Depth[]): Depth[] {
  const sorted = depths.toSorted((left, right) => total(right) - total(left))
  if (sorted.length <= mostQueues) return sorted
  const named = sorted.slice(0, mostQueues).filter(({ queue }) => queue !== 'other')
  const others = sorted.filter((depth) => !named.includes(depth))
  const sum = (state: 'pending' | 'scheduled' | 'running') => others.reduce((count, depth) => count + depth[state], 0)
  return [...named, { queue: 'other', pending: sum('pending'), scheduled: sum('scheduled'), running: sum('running') }]
}

function total({ pending, scheduled, running }: Depth): number {
  return pending + scheduled + running
}

/** A scrape tells of the process also when the database is away: that is when it is needed most. */
async function patiently(asked: Promise<readonly Depth[]>): Promise<readonly Depth[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly Depth[]>((resolve) => { timer = setTimeout(resolve, depthPatienceMs, []) })
  return Promise.race([asked.catch(() => []), late]).finally(() => clearTimeout(timer))
}
