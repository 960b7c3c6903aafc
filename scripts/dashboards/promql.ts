/**
 * Queries of Prometheus, made from the metrics as the product declares them: a
 * metric or a label that there is not does not compile. `panel.ts` shows them.
 */
import { type LabelOf, type MetricName, metricDefinitions } from '../../src/kernel/observe/metric-names.ts'

export interface MetricQuery {
  readonly metric: MetricName
  readonly expr: string
  /** The name of each line, as Grafana takes it: `{{queue}}`. */
  readonly legend: string
}

type TypeOf<N extends MetricName> = (typeof metricDefinitions)[N]['type']
type OfType<T extends string> = { [N in MetricName]: TypeOf<N> extends T ? N : never }[MetricName]

interface Choice<N extends MetricName> {
  /** Regular expressions that labels must match as a whole; variables of the dashboard among them. */
  readonly where?: Partial<Record<LabelOf<N>, string>>
  /** One line for each value of these. */
  readonly by?: readonly LabelOf<N>[]
  /** Default: the labels of `by`. */
  readonly legend?: string
}

/** What happens in a second, by the rates of counters. */
export function perSecond<N extends OfType<'counter'>>(metric: N, choice: Choice<N> = {}): MetricQuery {
  return { metric, expr: `sum${by(choice)} (${rate(metric, choice)})`, legend: legendOf(choice) }
}

/** How many there were within the time that is shown. */
export function countOverRange<N extends OfType<'counter'>>(metric: N, choice: Choice<N> = {}): MetricQuery {
  return { metric, expr: `sum${by(choice)} (increase(${metric}${matchers(choice)}[$__range]))`, legend: legendOf(choice) }
}

/** Which part of all has these labels. */
export function share<N extends OfType<'counter'>>(metric: N, part: NonNullable<Choice<N>['where']>, choice: Choice<N> = {}): MetricQuery {
  const both = { ...choice, where: { ...choice.where, ...part } }
  return { metric, expr: `sum${by(choice)} (${rate(metric, both)}) / sum${by(choice)} (${rate(metric, choice)})`, legend: legendOf(choice) }
}

/** @param q such as 0.95 */
export function quantile<N extends OfType<'histogram'>>(q: number, metric: N, choice: Choice<N> = {}): MetricQuery {
  const labels = ['le', ...(choice.by ?? [])].join(', ')
  const expr = `histogram_quantile(${q}, sum by (${labels}) (rate(${metric}_bucket${matchers(choice)}[$__rate_interval])))`
  return { metric, expr, legend: choice.legend ?? [`p${q * 100}`, ...(choice.by ?? []).map(placeholder)].join(' ') }
}

/** The sum over processes. */
export function sumNow<N extends OfType<'gauge'>>(metric: N, choice: Choice<N> = {}): MetricQuery {
  return { metric, expr: `sum${by(choice)} (${metric}${matchers(choice)})`, legend: legendOf(choice) }
}

/** For what several servers tell of one database: the depth of a queue is not their sum. */
export function sumOfOneServer<N extends OfType<'gauge'>>(metric: N, choice: Choice<N> = {}): MetricQuery {
  const all = Object.keys(metricDefinitions[metric].labels).join(', ')
  return { metric, expr: `sum${by(choice)} (max by (${all}) (${metric}${matchers(choice)}))`, legend: legendOf(choice) }
}

/** Each series as it is. */
export function each<N extends OfType<'gauge'>>(metric: N, choice: Choice<N> = {}): MetricQuery {
  return { metric, expr: `${metric}${matchers(choice)}`, legend: legendOf(choice) }
}

function rate<N extends MetricName>(metric: N, choice: Choice<N>): string {
  return `rate(${metric}${matchers(choice)}[$__rate_interval])`
}

function by({ by = [] }: { readonly by?: readonly string[] }): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')})`
}

function matchers({ where = {} }: { readonly where?: Partial<Record<string, string>> }): string {
  const each = Object.entries(where).map(([label, pattern]) => `${label}=~"${pattern}"`)
  return each.length === 0 ? '' : `{${each.join(', ')}}`
}

function legendOf({ by = [], legend }: { readonly by?: readonly string[]; readonly legend?: string }): string {
  return legend ?? by.map(placeholder).join(' ')
}

function placeholder(label: string): string {
  return `{{${label}}}`
}
