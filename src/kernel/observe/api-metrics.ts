/** What the API measures of its requests and streams. */
import type { Registry } from 'prom-client'
import { counterOf, gaugeOf, histogramOf } from './instruments.ts'

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

export function createApiMetrics(registry: Registry): ApiMetrics {
  const answered = counterOf('taskflows_api_requests_total', registry)
  const duration = histogramOf('taskflows_api_request_duration_seconds', registry)
  const active = gaugeOf('taskflows_api_active_requests', registry)
  const streams = gaugeOf('taskflows_api_event_streams', registry)
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
