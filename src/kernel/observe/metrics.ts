/**
 * What the server and the workers show at `/metrics` besides what any process
 * has (`scrape-process.ts`). The names and labels are in `metric-names.ts`.
 */
import { Registry } from 'prom-client'
import { type ApiMetrics, createApiMetrics } from './api-metrics.ts'
import { type Depth, createJobDepths } from './job-depths.ts'
import { type JobMetrics, createJobMetrics } from './job-metrics.ts'
import { metricsContentType, renderFamilies } from './metrics-text.ts'
import { addMetrics } from './process-metrics.ts'
import { scrapeProcess, sourceOf } from './scrape-process.ts'
import { type MeasuredService, type ServiceMetrics, createServiceMetrics } from './service-metrics.ts'
import { type TaskMetrics, createTaskMetrics } from './task-metrics.ts'

export interface Metrics {
  readonly api: ApiMetrics
  readonly jobs: JobMetrics
  /** Of the runs that were reported; those of the server's own process are among them. */
  readonly tasks: TaskMetrics
  readonly services: Pick<ServiceMetrics, 'restarted' | 'slotJudged'>
  /** The text that Prometheus scrapes. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
}

export interface ServerSources {
  /** Asked at most every two seconds; when it fails the depths are left out of that scrape. */
  readonly depths: () => Promise<readonly Depth[]>
  /** Those of this host, as they are known at that moment. */
  readonly services?: () => readonly MeasuredService[]
}

/** Of the server. */
export function createMetrics({ depths, services: servicesNow = () => [] }: ServerSources): Metrics {
  const registry = new Registry()
  const tasks = createTaskMetrics()
  const services = createServiceMetrics()
  const first = [sourceOf(registry), createJobDepths(depths), () => tasks.families(), () => services.families(servicesNow(), Date.now())]
  return {
    api: createApiMetrics(registry),
    jobs: createJobMetrics(registry),
    tasks,
    services,
    scrape: async () => ({ contentType: metricsContentType, text: renderFamilies(await scrapeProcess({ first })) }),
  }
}

/** Of a worker in a process of its own: shown wherever that process tells its metrics, until it is disposed of. */
export function createWorkerMetrics(): JobMetrics & Disposable {
  const registry = new Registry()
  return { ...createJobMetrics(registry), [Symbol.dispose]: addMetrics(sourceOf(registry)) }
}
