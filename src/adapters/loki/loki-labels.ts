/** What Loki takes for a stream: few labels with few values. Ids go to structured metadata instead. */

/** Loki's own default limits (`max_label_names_per_series`, `max_label_name_length`, `max_label_value_length`). */
const mostLabels = 15
const longestName = 1024
const longestValue = 2048

/** The label that the push adds by itself, one stream for each of its values. */
export const severityLabel = 'severity'

/** @throws TypeError naming the label */
export function checkLabels(labels: Readonly<Record<string, string>>): void {
  const names = Object.keys(labels)
  if (names.length > mostLabels - 1) throw new TypeError(`Expected at most ${mostLabels - 1} labels besides \`${severityLabel}\`, got ${names.length}: ${names.join(', ')}`)
  for (const name of names) {
    // https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.length > longestName) throw new TypeError(`Expected the name of a label to be letters, digits and underscores, got \`${name}\``)
    if (name === severityLabel) throw new TypeError(`Expected labels without \`${severityLabel}\`, which each line has by itself`)
    const value: unknown = labels[name]
    if (typeof value !== 'string' || value === '') throw new TypeError(`Expected the label \`${name}\` to be a text that is not empty, got ${JSON.stringify(value)}`)
    if (Buffer.byteLength(value) > longestValue) throw new TypeError(`Expected the label \`${name}\` to have at most ${longestValue} bytes, got ${Buffer.byteLength(value)}`)
  }
}
