/** Rows as aligned columns. */
import { displayWidth, padEnd, padStart, truncate } from '../../../kernel/display-width.ts'
import type { Style } from './style.ts'
import { visible } from './visible.ts'

export interface Column<T> {
  readonly header: string
  readonly value: (item: T) => string | number | null
  readonly style?: (item: T) => Style | undefined
  readonly align?: 'right'
  /** May be cut when the terminal is too narrow; what people copy, such as ids, may not. */
  readonly flexible?: true
  /** Left out when the terminal is too narrow even so, the lowest first. */
  readonly spare?: number
}

export interface TableOptions {
  /** Columns of the terminal; without it nothing is cut. */
  readonly width?: number | undefined
  /** Every column is shown, however narrow the terminal. */
  readonly whole?: boolean
  readonly paint: (style: Style, text: string) => string
}

const gap = '  '
const narrowest = 6

/** Lines without line breaks at their ends: a header, then one line per item. */
export function formatTable<T>(items: readonly T[], columns: readonly Column<T>[], options: TableOptions): string[] {
  return growingTable(columns, options)(items)
}

/** A table that gets its items bit by bit: the header comes with the first, and columns only become wider. */
export function growingTable<T>(all: readonly Column<T>[], { width, whole = false, paint }: TableOptions): (items: readonly T[]) => string[] {
  let columns = all
  let natural: number[] = []
  let headed = false
  return (items) => {
    if (!headed) {
      columns = whole || width === undefined ? all : withoutSpare(all, items, width)
      natural = columns.map(({ header }) => displayWidth(header))
    }
    const cells = items.map((item) => columns.map(({ value }) => cellText(value(item))))
    natural = natural.map((before, at) => Math.max(before, ...cells.map((row) => displayWidth(row[at]!))))
    const lines = formatLines(items, cells, columns, width === undefined ? natural : fit(natural, columns, width), paint)
    if (headed) return lines.slice(1)
    headed = true
    return lines
  }
}

function formatLines<T>(items: readonly T[], cells: readonly (readonly string[])[], columns: readonly Column<T>[], widths: readonly number[], paint: TableOptions['paint']): string[] {
  const line = (texts: readonly string[], styleOf: (at: number) => Style | undefined) =>
    texts
      .map((text, at) => {
        const cut = truncate(text, widths[at]!)
        const last = at === texts.length - 1
        const padded = columns[at]!.align === 'right' ? padStart(cut, widths[at]!) : last ? cut : padEnd(cut, widths[at]!)
        const style = styleOf(at)
        return style === undefined ? padded : paint(style, padded)
      })
      .join(gap)
      .trimEnd()
  return [
    line(columns.map(({ header }) => header), () => 'bold'),
    ...items.map((item, row) => line(cells[row]!, (at) => columns[at]!.style?.(item))),
  ]
}

function cellText(value: string | number | null): string {
  return value === null || value === '' ? '-' : visible(String(value))
}

/** Leaves out spare columns until the others fit, flexible ones at their narrowest. */
function withoutSpare<T>(columns: readonly Column<T>[], items: readonly T[], width: number): readonly Column<T>[] {
  const spare = columns.filter((column) => column.spare !== undefined).sort((one, other) => one.spare! - other.spare!)
  const least = (column: Column<T>) => {
    const natural = Math.max(displayWidth(column.header), ...items.map((item) => displayWidth(cellText(column.value(item)))))
    return column.flexible ? Math.min(natural, narrowest) : natural
  }
  const needs = new Map(columns.map((column) => [column, least(column) + gap.length]))
  let excess = [...needs.values()].reduce((sum, each) => sum + each, -gap.length) - width
  const left = new Set<Column<T>>()
  for (const column of spare) {
    if (excess <= 0) break
    left.add(column)
    excess -= needs.get(column)!
  }
  return columns.filter((column) => !left.has(column))
}

/** Takes what is too much from the widest flexible columns first. */
function fit<T>(natural: readonly number[], columns: readonly Column<T>[], width: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width
  for (; excess > 0; excess -= 1) {
    const widest = columns.reduce((best, { flexible }, at) => (flexible && widths[at]! > (widths[best] ?? narrowest) ? at : best), -1)
    if (widest === -1) break
    widths[widest]! -= 1
  }
  return widths
}
