/** What a query of Prometheus names, for comparing it with what the product sets. */
import { metricDefinitions } from '../../src/kernel/observe/metric-names.ts'

/** Set by Prometheus itself. */
const everywhere = ['instance', 'job']
const foreign = new Set(['up'])

/** Names of metrics and labels in a query that no metric of ours has, and values that a label never holds. */
export function unknownIn(query: string): string[] {
  const named = [...query.matchAll(/\b(taskflows_\w+|up)\b(?:\{([^}]*)\})?/g)].map(([, series = '', matchers = '']) => ({ series, matched: matchersIn(matchers) }))
  const selected = named.flatMap(({ series, matched }) => {
    const known = labelsOf(series)
    return known ? matched.filter(({ label, values }) => !known.includes(label) || !mayHold(series, label, values)).map(({ label }) => `${series}{${label}}`) : [series]
  })
  const all = new Set(['le', ...everywhere, ...named.flatMap(({ series }) => labelsOf(series) ?? [])])
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim()))
  return [...selected, ...grouped.filter((label) => !all.has(label))]
}

/** The metrics of a query, a histogram by its own name. */
export function metricsIn(query: string): string[] {
  return [...query.matchAll(/\b(taskflows_\w+|up)\b/g)].map(([, series = '']) => definitionOf(series) ?? series)
}

interface Matcher {
  readonly label: string
  readonly values: readonly string[]
}

function matchersIn(matchers: string): Matcher[] {
  return [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', pattern = '']) => ({ label, values: pattern.split('|') }))
}

/** A description that begins with a value tells all of them: `active`, `inactive` or `failed`. */
function mayHold(series: string, label: string, values: readonly string[]): boolean {
  const name = definitionOf(series)
  const described: string = (name && (metricDefinitions[name].labels as Readonly<Record<string, string>>)[label]) ?? ''
  if (!/^`\w+`(, `\w+`)* or `\w+`$/.test(described)) return true
  return values.every((value) => value.startsWith('$') || described.includes(`\`${value}\``))
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
