/** The blocks of components that are short by nature; `compose-long.ts` has the others. */
import type { Block, Span } from './blocks.ts'
import { cleanLine } from './clean-text.ts'
import type { MetricCard, PriceChange, ProgressBar, StatusIndicator, Tree } from './components.ts'

const lineLength = 300

/** A label, a title: one line that is read at a glance. */
export function line(text: string): string {
  return cleanLine(text, lineLength)
}

export function paragraph(spans: readonly Span[]): Block {
  return { kind: 'paragraph', spans }
}

export function statusLine({ label, severity, status }: StatusIndicator): Block {
  return paragraph([{ text: line(label), bold: true, marker: severity }, { text: ' ' }, { text: line(status), tone: severity }])
}

/** The middle of a long way is left out. */
export function crumbs(steps: readonly string[]): Span[] {
  const shown = steps.length <= 12 ? steps : [...steps.slice(0, 4), '…', ...steps.slice(-6)]
  return shown.flatMap((step, at) => [
    ...(at === 0 ? [] : [{ text: ' › ', muted: true }]),
    at === shown.length - 1 ? { text: line(step), bold: true } : { text: line(step) },
  ])
}

export function meter({ done, total, label }: ProgressBar): Block {
  const share = Math.min(1, done / total)
  // 99.9 % is not done.
  const percent = share < 1 ? Math.min(99, Math.round(share * 100)) : 100
  const counted = total === 100 ? '' : ` (${decimal(done)} of ${decimal(total)})`
  return { kind: 'meter', label: line(label ?? ''), share, text: `${percent} %${counted}` }
}

export function figure({ label, value, unit, change, severity }: MetricCard): Block {
  const shown = typeof value === 'number' ? decimal(value) : line(value)
  return {
    kind: 'figure',
    label: line(label),
    value: unit === undefined ? shown : `${shown} ${line(unit)}`,
    change: change === undefined ? '' : typeof change === 'number' ? `${arrow(change)} ${decimal(Math.abs(change))} %` : line(change),
    tone: severity,
  }
}

export function priceChange({ symbol, previous, current, currency }: PriceChange): Block {
  const difference = current - previous
  const share = previous === 0 ? '' : ` (${decimal(Math.abs(difference / previous) * 100)} %)`
  return paragraph([
    { text: line(symbol), bold: true },
    { text: ` ${price(previous, currency)} → ${price(current, currency)} ` },
    { text: `${arrow(difference)} ${price(Math.abs(difference), currency)}${share}`, tone: difference > 0 ? 'success' : difference < 0 ? 'error' : 'info' },
  ])
}

function arrow(difference: number): string {
  return difference > 0 ? '▲' : difference < 0 ? '▼' : '='
}

/** `1,234.5`: the same on every machine. */
export function decimal(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}

function price(value: number, currency: string | undefined): string {
  return value.toLocaleString('en-US', currency === undefined ? { maximumFractionDigits: 8 } : { style: 'currency', currency })
}

/** As tree(1) draws them. */
export function treeLines({ label, children }: Tree['root'], indent = ''): string[] {
  const drawn = children.flatMap((child, at) => {
    const last = at === children.length - 1
    const [first = '', ...rest] = treeLines(child as Tree['root'], `${indent}${last ? '    ' : '│   '}`)
    return [`${indent}${last ? '└── ' : '├── '}${first}`, ...rest]
  })
  return [line(label), ...drawn]
}
