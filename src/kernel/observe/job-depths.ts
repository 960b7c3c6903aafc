/** How many jobs wait and run, asked of the store when Prometheus asks. */
import { type MetricFamily, familyOf } from './metrics-text.ts'

/** How many unfinished jobs a queue has. */
export interface Depth {
  readonly queue: string
  readonly pending: number
  readonly scheduled: number
  readonly running: number
}

const depthsLastMs = 2_000
const mostQueues = 100

/** @param depths asked at most every two seconds */
export function createJobDepths(depths: () => Promise<readonly Depth[]>): () => Promise<MetricFamily[]> {
  let cached: Promise<readonly Depth[]> = Promise.resolve([])
  let until = 0
  return async () => {
    if (Date.now() >= until) {
      until = Date.now() + depthsLastMs
      cached = depths()
    }
    return [depthFamily(largestFirst(await cached))]
  }
}

function depthFamily(depths: readonly Depth[]): MetricFamily {
  return familyOf('taskflows_jobs_depth', depths.flatMap(({ queue, pending, scheduled, running }) => [
    { labels: { queue, state: 'PENDING' }, value: pending },
    { labels: { queue, state: 'SCHEDULED' }, value: scheduled },
    { labels: { queue, state: 'RUNNING' }, value: running },
  ]))
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
