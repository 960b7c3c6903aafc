/** What a query of Prometheus names, for comparing it with what the product sets. */
import { metricDefinitions } from '../../src/kernel/observe/metric-names.ts'

/** Set by Prometheus itself. */
const everywhere = ['instance', 'job']
const foreign = new Set(['up'])

/** Names of metrics and labels in a query that no metric of ours has. */
export function unknownIn(query: string): string[] {
  const named = [...query.matchAll(/\b(taskflows_\w+|up)\b(?:\{([^}]*)\})?/g)].map(([, series = '', matchers = '']) => ({ series, labels: labelsIn(matchers) }))
  const selected = named.flatMap(({ series, labels }) => {
    const known = labelsOf(series)
    return known ? labels.filter((label) => !known.includes(label)).map((label) => `${series}{${label}}`) : [series]
  })
  const all = new Set(['le', ...everywhere, ...named.flatMap(({ series }) => labelsOf(series) ?? [])])
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim()))
  return [...selected, ...grouped.filter((label) => !all.has(label))]
}

/** Also what a query has that names nothing at all is worth nothing. */
export function metricsIn(query: string): string[] {
  return [...query.matchAll(/\b(taskflows_\w+|up)\b/g)].map(([, series = '']) => definitionOf(series) ?? series)
}

function labelsIn(matchers: string): string[] {
  return [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g)].map(([, label = '']) => label)
}

function labelsOf(series: string): string[] | undefined {
  if (foreign.has(series)) return everywhere
  const name = definitionOf(series)
  if (name === undefined) return undefined
  return [...Object.keys(metricDefinitions[name].labels), ...everywhere, ...(series === name ? [] : ['le'])]
}

/** A histogram is three series, and none of its own name. */
function definitionOf(series: string): keyof typeof metricDefinitions | undefined {
  const bare = series.replace(/_(bucket|sum|count)$/, '')
  const isHistogram = (name: string) => name in metricDefinitions && metricDefinitions[name as keyof typeof metricDefinitions].type === 'histogram'
  if (isHistogram(bare)) return bare === series ? undefined : bare as keyof typeof metricDefinitions
  return series in metricDefinitions ? series as keyof typeof metricDefinitions : undefined
}
