/** A dashboard of Grafana: rows of panels and the variables that they use, as the JSON that Grafana provisions. */
import { createHash } from 'node:crypto'
import type { LabelOf, MetricName } from '../../src/kernel/observe/metric-names.ts'
import { type Panel, loki, prometheus } from './panel.ts'

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export type Variable = Readonly<Record<string, unknown>> & { readonly name: string }

export interface DashboardOptions {
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
  readonly variables?: readonly Variable[]
  /** What is shown at first: this long until now. Default `24h`. */
  readonly last?: string
}

/** Equal options give equal text. */
export function dashboardJson({ title, description, rows, variables = [], last = '24h' }: DashboardOptions): string {
  const dashboard = {
    uid: uuid5(title), title, description, tags: ['taskflows'], schemaVersion: 42, version: 1, editable: false, timezone: 'browser', graphTooltip: 1,
    refresh: '10s', time: { from: `now-${last}`, to: 'now' },
    links: [{ type: 'dashboards', title: 'taskflows', tags: ['taskflows'], asDropdown: true, includeVars: true, keepTime: true, icon: 'external link' }],
    annotations: { list: [] }, templating: { list: variables }, panels: placed(rows),
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}

/** The values of a label of a metric, all of them at first. */
export function metricVariable<N extends MetricName>(metric: N, label: LabelOf<N>): Variable {
  const query = `label_values(${metric}, ${label})`
  return variable(label, { type: 'query', datasource: prometheus, definition: query, query: { query, refId: label }, refresh: 2, sort: 1, allValue: '.*' })
}

/** The values of a label of log lines. */
export function logVariable(label: string): Variable {
  return variable(label, { type: 'query', datasource: loki, query: { label, refId: label, stream: '', type: 1 }, refresh: 2, sort: 1, allValue: '.+' })
}

/** A choice among words. */
export function wordVariable(name: string, words: readonly string[]): Variable {
  return variable(name, { type: 'custom', query: words.join(','), allValue: '.+', options: [] })
}

function variable(name: string, rest: Readonly<Record<string, unknown>>): Variable {
  return { name, ...rest, multi: true, includeAll: true, current: { text: ['All'], value: ['$__all'] } }
}

const columns = 24

/** From left to right, and below where a line is full. */
function placed(rows: readonly Row[]): object[] {
  const panels: object[] = []
  let y = 0
  for (const { title, panels: ofRow } of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: columns, h: 1 }, panels: [] })
    y += 1
    let x = 0
    let tallest = 0
    for (const { size: { width, height }, json } of ofRow) {
      if (x + width > columns) {
        y += tallest
        x = 0
        tallest = 0
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w: width, h: height }, ...json })
      x += width
      tallest = Math.max(tallest, height)
    }
    y += tallest
  }
  return panels
}

const namespaceUrl = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** RFC 9562, version 5, in the name space of URLs: the same title is the same dashboard, also after it was written anew. */
export function uuid5(name: string): string {
  const bytes = createHash('sha1').update(namespaceUrl).update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
