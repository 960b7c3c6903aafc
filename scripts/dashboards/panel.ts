/** The panels of our dashboards, and the JSON that Grafana takes for them. `dashboard.ts` puts them in their places. */
import { metricDefinitions } from '../../src/kernel/observe/metric-names.ts'
import type { MetricQuery } from './promql.ts'

/** Uids of deploy/observability/grafana/provisioning/datasources. */
export const prometheus = { type: 'prometheus', uid: 'prometheus' }
export const loki = { type: 'loki', uid: 'loki' }

/** Of 24 columns, and rows of 30 pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

export interface Panel {
  readonly size: Size
  readonly json: Readonly<Record<string, unknown>>
}

/** Grafana's names: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/ */
type Unit = 'short' | 's' | 'percentunit' | 'ops' | 'reqps'

interface PanelOptions {
  readonly title: string
  readonly unit: Unit
  readonly queries: readonly MetricQuery[]
  /** Default: what the metrics say about themselves. */
  readonly description?: string
}

/** Lines over time. */
export function timeSeries({ width = 12, stacked = false, ...options }: PanelOptions & { readonly width?: number; readonly stacked?: boolean }): Panel {
  const custom = { fillOpacity: stacked ? 25 : 10, showPoints: 'never', stacking: { mode: stacked ? 'normal' : 'none', group: 'A' } }
  return {
    size: { width, height: 8 },
    json: {
      ...shared('timeseries', options),
      fieldConfig: { defaults: { unit: options.unit, min: 0, custom }, overrides: coloursFor(options.queries) },
      options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } },
    },
  }
}

/** One number, red from `redFrom` on. */
export function number({ redFrom, ...options }: PanelOptions & { readonly redFrom?: number }): Panel {
  const steps = [{ color: redFrom === undefined ? 'text' : 'green', value: null }, ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }])]
  return {
    size: { width: 6, height: 4 },
    json: {
      ...shared('stat', options),
      fieldConfig: { defaults: { unit: options.unit, min: 0, noValue: '0', thresholds: { mode: 'absolute', steps } }, overrides: [] },
      options: { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
    },
  }
}

/** What is right now, a row per series, its labels as columns. */
export function table({ title, queries, columns }: Omit<PanelOptions, 'unit'> & { readonly columns: readonly string[] }): Panel {
  const json = shared('table', { title, queries })
  const indexByName = Object.fromEntries(columns.map((name, index) => [name, index]))
  return {
    size: { width: 24, height: 8 },
    json: {
      ...json,
      targets: json.targets.map((target) => ({ ...target, instant: true, range: false, format: 'table' })),
      transformations: [{ id: 'filterFieldsByName', options: { include: { names: columns } } }, { id: 'organize', options: { indexByName } }],
    },
  }
}

/** Lines of the log, newest first. */
export function logs({ title, expr, description }: { readonly title: string; readonly expr: string; readonly description: string }): Panel {
  return {
    size: { width: 24, height: 20 },
    json: {
      type: 'logs', title, description, datasource: loki,
      targets: [{ refId: 'A', datasource: loki, expr, queryType: 'range', editorMode: 'code' }],
      options: { showTime: true, showLabels: false, wrapLogMessage: true, prettifyLogMessage: false, enableLogDetails: true, sortOrder: 'Descending', dedupStrategy: 'none' },
    },
  }
}

function shared(type: string, { title, queries, description }: Pick<PanelOptions, 'title' | 'queries' | 'description'>) {
  const help = [...new Set(queries.map(({ metric }) => metricDefinitions[metric].help))].join(' ')
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCodePoint(65 + index), datasource: prometheus, expr, legendFormat: legend, range: true, instant: false, editorMode: 'code',
  }))
  return { type, title, description: description ?? help, datasource: prometheus, targets }
}

const colours: Readonly<Record<string, string>> = {
  success: 'green', succeeded: 'green', SUCCEEDED: 'green', sent: 'green', pushed: 'green',
  failure: 'red', failed: 'red', FAILED: 'red', refused: 'red', DEAD: 'dark-red', dropped: 'dark-red',
  timeout: 'orange', timed_out: 'orange', lost: 'purple',
  cancelled: 'gray', CANCELLED: 'gray', SCHEDULED: 'gray', PENDING: 'yellow', RUNNING: 'blue',
}

/** An outcome has its colour on every panel where lines are named by one. */
function coloursFor(queries: readonly MetricQuery[]): object[] {
  if (!queries.some(({ legend }) => /\{\{(status|outcome|state)\}\}$/.test(legend))) return []
  return Object.entries(colours).map(([name, fixedColor]) => ({
    matcher: { id: 'byName', options: name }, properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
  }))
}
