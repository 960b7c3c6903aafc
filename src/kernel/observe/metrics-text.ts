/**
 * Metrics as plain values, and the text that Prometheus reads:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. The values have
 * the form that every copy and version of prom-client gives them
 * (`getMetricsAsJSON`), so registries of users are shown beside our own.
 */
import { type LabelOf, type MetricDefinition, type MetricName, metricDefinitions } from './metric-names.ts'

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

export interface MetricValue {
  readonly value: number
  readonly labels?: Readonly<Record<string, string | number | undefined>>
  /** Of a histogram's parts: `x_bucket`, `x_sum`, `x_count`. */
  readonly metricName?: string
}

/** A metric with the values of all its labels. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly MetricValue[]
}

/** A registry of prom-client, of any copy and version. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly object[]>
}

/** All labels that the definition names, and no others. */
type ValueOf<N extends MetricName> = MetricValue & { readonly labels: Readonly<Record<LabelOf<N>, string>> & { readonly le?: string } }

/** A metric of ours, from its definition. */
export function familyOf<N extends MetricName>(name: N, values: readonly ValueOf<N>[]): MetricFamily {
  const { type, help }: MetricDefinition = metricDefinitions[name]
  return { name, type, help, values }
}

/** A metric may be told of once in a text: of several with one name the first stands. */
export function mergeFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  const merged = new Map<string, MetricFamily>()
  for (const family of families) if (!merged.has(family.name)) merged.set(family.name, family)
  return [...merged.values()]
}

export function renderFamilies(families: readonly MetricFamily[]): string {
  return families.filter(({ values }) => values.length > 0).map(renderFamily).join('\n')
}

function renderFamily({ name, help, type, values }: MetricFamily): string {
  const lines = values.map(({ metricName = name, labels = {}, value }) => `${metricName}${labelsText(labels)} ${numberText(value)}\n`)
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: NonNullable<MetricValue['labels']>): string {
  const parts = Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${escapeText(String(value)).replaceAll('"', '\\"')}"`]))
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
