/** A table in a fixed-width font, for destinations without tables of their own. */
import { displayWidth, padEnd, padStart, truncate } from '../display-width.ts'
import type { TableBlock } from './blocks.ts'

const gap = '  '
const narrowest = 4

export interface TextGrid {
  /** Headings and the line below them; empty when there are none. */
  readonly head: readonly string[]
  readonly lines: readonly string[]
}

/** Lines of at most `width` columns, as far as the number of columns lets them; what is cut ends in `…`. */
export function textGrid({ columns, rows, numeric }: TableBlock, width: number): TextGrid {
  const natural = numeric.map((_, at) => Math.max(1, displayWidth(columns?.[at] ?? ''), ...widest(rows, at)))
  const widths = fit(natural, width)
  const format = (cells: readonly string[]) => cells.map((cell, at) => pad(truncate(cell, widths[at]!), widths[at]!, numeric[at]!)).join(gap).trimEnd()
  const head = columns === null ? [] : [format(columns), widths.map((each) => '─'.repeat(each)).join(gap)]
  return { head, lines: rows.map(format) }
}

function widest(rows: readonly (readonly string[])[], at: number): [number] {
  return [rows.reduce((most, row) => Math.max(most, displayWidth(row[at]!)), 0)]
}

function pad(text: string, width: number, right: boolean): string {
  return right ? padStart(text, width) : padEnd(text, width)
}

/** Takes what is too much from the widest columns first. */
function fit(natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width
  for (; excess > 0; excess -= 1) {
    const most = Math.max(...widths)
    if (most <= narrowest) break
    widths[widths.indexOf(most)] = most - 1
  }
  return widths
}
