/** Makes prom-client's counters, gauges and histograms of the definitions in `metric-names.ts`. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { type LabelOf, type MetricDefinition, type MetricName, metricDefinitions } from './metric-names.ts'

export function counterOf<N extends MetricName>(name: N, registry: Registry): Counter<LabelOf<N>> {
  return new Counter({ ...describe(name), registers: [registry] })
}

export function gaugeOf<N extends MetricName>(name: N, registry: Registry): Gauge<LabelOf<N>> {
  return new Gauge({ ...describe(name), registers: [registry] })
}

export function histogramOf<N extends MetricName>(name: N, registry: Registry): Histogram<LabelOf<N>> {
  const { buckets = [] }: MetricDefinition = metricDefinitions[name]
  return new Histogram({ ...describe(name), registers: [registry], buckets: [...buckets] })
}

function describe<N extends MetricName>(name: N) {
  const { help, labels }: MetricDefinition = metricDefinitions[name]
  return { name, help, labelNames: Object.keys(labels) as LabelOf<N>[] }
}

let defaults: Registry | undefined

/** What prom-client measures of any process: memory, CPU, the event loop. Measured once, however many ask. */
export function defaultRegistry(): Registry {
  if (defaults === undefined) collectDefaultMetrics({ register: (defaults = new Registry()) })
  return defaults
}
