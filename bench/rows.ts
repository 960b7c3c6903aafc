/** What every bench answers: us beside one peer at one work. */

export interface Row {
  /** What was done: `drain`, `bulk`, `pickup_p99`. */
  readonly work: string
  readonly subject: 'taskflows'
  readonly value: number
  readonly unit: string
  readonly peer: string
  readonly peer_value: number
  /** Ours to theirs. Where the unit is a cost, below 1 is better. */
  readonly ratio: number
}

/** One row per peer. `values` holds ours under `taskflows`. */
export function rowsOf(work: string, unit: string, values: Readonly<Record<string, number>>): Row[] {
  const { taskflows: value = NaN, ...peers } = values
  return Object.entries(peers).map(([peer, theirs]) => ({
    work, subject: 'taskflows', value: round(value), unit, peer, peer_value: round(theirs), ratio: round(value / theirs),
  }))
}

/** Three digits say as much as a measurement can. */
function round(value: number): number {
  return Number(value.toPrecision(3))
}

export function renderTable(rows: readonly Row[]): string {
  const lines = [['work', 'unit', 'taskflows', 'peer', '', 'ratio'], ...rows.map((row) => [row.work, row.unit, show(row.value), row.peer, show(row.peer_value), row.ratio.toFixed(2)])]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)))
  const isNumber = (column: number) => column === 2 || column >= 4
  return lines.map((cells) => cells.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ').trimEnd()).join('\n')
}

function show(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

/** The middle of the values; between two middles, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that is not exceeded by the share `q` of all. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN
}
