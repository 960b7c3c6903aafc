/** A log line for a person at a terminal: time, level, logger, event, and what else is to be known of it. */
import { styleText } from 'node:util'
import { visible, visibleJson, visibleLines } from '../visible.ts'
import type { LogLevel } from './log-level.ts'
import { lineIds } from './log-line.ts'

interface Shown {
  readonly timestamp: string
  readonly level_name: LogLevel
  readonly logger: string
  readonly event: string
  readonly context: Readonly<Record<string, unknown>>
}

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red', critical: 'magenta' } as const

/**
 * Obeys nothing that the data says to a terminal. Stacks of errors follow on lines of their own.
 *
 * @param json a line as `log-record.ts` makes it
 */
export function prettyLine(json: string, { colour }: { readonly colour: boolean }): string {
  const record = JSON.parse(json) as Shown & Readonly<Record<string, unknown>>
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const level = record.level_name
  const fields = [...Object.entries(record.context), ...lineIds.flatMap((name) => (name in record ? [[name, record[name]] as const] : []))]
  const details = fields.map(([name, value]) => ` ${visible(name)}=${show(value)}`).join('')
  const head = `${record.timestamp.slice(11, 19)} ${paint(colours[level], level.toUpperCase().padEnd(5))} ${paint('cyan', visible(record.logger))} ${visible(record.event)}`
  return [head + paint('gray', details), ...fields.flatMap(([, value]) => stackOf(value)).map((line) => paint('gray', line))].join('\n')
}

/** As it is where that can be read back, else as JSON. */
function show(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"'=\p{Cc}]+$/u.test(value)) return visible(value)
  if (hasStack(value)) return visibleJson(JSON.stringify(`${value.type}: ${value.message}`))
  return visibleJson(JSON.stringify(value))
}

function stackOf(value: unknown): string[] {
  return hasStack(value) ? visibleLines(value.stack).split('\n').map((line) => `    ${line}`) : []
}

function hasStack(value: unknown): value is { readonly type: string; readonly message: string; readonly stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string'
}
